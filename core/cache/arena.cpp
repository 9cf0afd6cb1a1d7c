#include "core/cache/arena.hpp"

#include <algorithm>
#include <bit>

namespace steward::core::cache {

namespace {

/// Blocks begin there: the header of the first one lies in the cell before.
constexpr Place first_block = 1;

std::uint32_t cells_for(std::size_t bytes, std::size_t header) noexcept {
    std::size_t const cells = (bytes + header + Arena::cell_size - 1) / Arena::cell_size;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(cells, Arena::least_cells, 0x7fffffff));
}

} // namespace

Arena::Arena(std::span<std::byte> memory) noexcept
    : base_(memory.data()), cells_(std::min<std::size_t>(memory.size() / cell_size, 0x7fffffff)) {
    heads_.fill(nowhere);
    // One block, and behind it the header of none, which is never free.
    auto const all = static_cast<std::uint32_t>(cells_ - first_block - 1);
    header(first_block) = {all, 0};
    header(first_block + all) = {0, all};
    list(first_block, all);
}

/// Blocks of a class have the class's first size at least.
std::size_t Arena::class_of(std::uint32_t cells) noexcept {
    auto const power = static_cast<std::size_t>(std::bit_width(cells)) - 1; // at least 2
    std::size_t const step = (std::size_t{cells} * steps >> power) & (steps - 1);
    return (power - 2) * steps + step;
}

std::size_t Arena::first_class_from(std::size_t from) const noexcept {
    for (std::size_t word = from / 64; word < filled_.size(); ++word) {
        std::uint64_t const bits =
            word == from / 64 ? filled_[word] & (~std::uint64_t{0} << from % 64) : filled_[word];
        if (bits != 0)
            return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    }
    return classes;
}

std::size_t Arena::last_class() const noexcept {
    for (std::size_t word = filled_.size(); word-- > 0;)
        if (filled_[word] != 0)
            return word * 64 + 63 - static_cast<std::size_t>(std::countl_zero(filled_[word]));
    return classes;
}

void Arena::list(Place place, std::uint32_t cells) noexcept {
    std::size_t const c = class_of(cells);
    header(place).cells = cells | free_bit;
    links(place) = {heads_[c], nowhere};
    if (heads_[c] != nowhere)
        links(heads_[c]).previous = place;
    heads_[c] = place;
    filled_[c / 64] |= std::uint64_t{1} << c % 64;
    free_cells_ += cells;
}

void Arena::unlist(Place place) noexcept {
    std::uint32_t const cells = cells_of(place);
    std::size_t const c = class_of(cells);
    Links const here = links(place);
    (here.previous == nowhere ? heads_[c] : links(here.previous).next) = here.next;
    if (here.next != nowhere)
        links(here.next).previous = here.previous;
    if (heads_[c] == nowhere)
        filled_[c / 64] &= ~(std::uint64_t{1} << c % 64);
    header(place).cells = cells;
    free_cells_ -= cells;
}

/// Takes a free block for so many cells, and gives back what is over.
Place Arena::cut(Place place, std::uint32_t cells) noexcept {
    unlist(place);
    std::uint32_t const all = cells_of(place);
    if (all - cells < least_cells)
        return place;
    header(place).cells = cells;
    Place const rest = place + cells;
    header(rest) = {all - cells, cells};
    header(place + all).previous = all - cells;
    list(rest, all - cells);
    return place;
}

Place Arena::take(std::size_t bytes) noexcept {
    std::uint32_t const cells = cells_for(bytes, header_size);
    std::size_t const own = class_of(cells);
    // Of the own class only some are large enough: the ones above come first, unless it begins just there.
    bool const is_exact = own == 0 || class_of(cells - 1) != own;
    if (std::size_t const found = first_class_from(is_exact ? own : own + 1); found < classes)
        return cut(heads_[found], cells);
    Place const place = heads_[own];
    return place != nowhere && cells_of(place) >= cells ? cut(place, cells) : nowhere;
}

Place Arena::take_most(std::size_t bytes) noexcept {
    if (Place const place = take(bytes); place != nowhere)
        return place;
    std::size_t const last = last_class();
    if (last == classes)
        return nowhere;
    Place const place = heads_[last];
    return cut(place, std::min(cells_of(place), cells_for(bytes, header_size)));
}

Place Arena::take_aside(std::size_t bytes) noexcept {
    constexpr std::size_t more = 2 * least_cells; // that a block may have than was asked for
    if (bytes / cell_size + more > (cells_ / 4 - cells_aside_) / 2)
        return nowhere;
    Place const place = take(bytes);
    if (place != nowhere)
        cells_aside_ += cells_of(place);
    return place;
}

void Arena::give_back_aside(Place place) noexcept {
    cells_aside_ -= cells_of(place);
    give_back(place);
}

void Arena::give_back(Place place) noexcept {
    std::uint32_t cells = cells_of(place);
    if (Place const next = place + cells; is_free(next)) {
        unlist(next);
        cells += cells_of(next);
    }
    if (std::uint32_t const before = header(place).previous; before != 0 && is_free(place - before)) {
        place -= before;
        unlist(place);
        cells += before;
    }
    header(place + cells).previous = cells;
    list(place, cells);
}

bool Arena::is_sound() const noexcept {
    std::size_t free = 0;
    std::uint32_t before = 0;
    bool was_free = false;
    Place place = first_block;
    for (; header(place).cells != 0; place += before) {
        bool const joined = !(was_free && is_free(place));
        if (header(place).previous != before || !joined || place >= cells_)
            return false;
        before = cells_of(place);
        was_free = is_free(place);
        free += was_free ? before : 0;
    }
    std::size_t listed = 0;
    for (Place const head : heads_)
        for (Place at = head; at != nowhere; at = links(at).next)
            listed += is_free(at) ? cells_of(at) : 0;
    return place == cells_ - 1 && header(place).previous == before && free == free_cells_ && listed == free;
}

} // namespace steward::core::cache
