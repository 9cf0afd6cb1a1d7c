#include "core/cache/entry.hpp"

#include <algorithm>
#include <cstring>

namespace steward::core::cache {

namespace {

constexpr std::size_t header_size = sizeof(Entry);
constexpr std::size_t link_size = sizeof(Place);

void copy_bytes(std::byte *to, const std::byte *from, std::size_t size) noexcept {
    if (size > 0) // an empty span has no address
        std::memcpy(to, from, size);
}

/// Each block of several holds so much of what was left, unless nothing else helps: or else large values
/// would lie in the smallest blocks, which waste most.
constexpr std::size_t worst_piece = 4;
/// What an entry may leave unused when a smaller value comes.
constexpr std::size_t most_waste = 64;

std::size_t size_of_contents(const Item &item) noexcept {
    return item.key.bytes.size() + item.stamps.size() + item.value.size();
}

} // namespace

template <class Visit> void Entries::each_piece(Place place, std::size_t most, Visit visit) const noexcept {
    Place next = at(place).next;
    std::size_t skipped = header_size;
    for (;;) {
        std::size_t const size = std::min(most, arena_->room(place) - skipped);
        if (!visit(std::span(arena_->at(place) + skipped, size)))
            return;
        most -= size;
        if (most == 0 || next == nowhere)
            return;
        place = next;
        skipped = link_size;
        std::memcpy(&next, arena_->at(place), sizeof next);
    }
}

Place Entries::take(const Item &item, bool small_pieces) noexcept {
    std::size_t const contents = size_of_contents(item);
    Place const first = arena_->take_most(header_size + contents);
    if (first == nowhere)
        return nowhere;
    at(first).next = nowhere;
    std::size_t got = arena_->room(first) - header_size;
    bool is_good = small_pieces || got >= contents / worst_piece;
    std::byte *link = reinterpret_cast<std::byte *>(&at(first).next);
    while (is_good && got < contents) {
        Place const more = arena_->take_most(contents - got + link_size);
        if (more == nowhere)
            break;
        std::memcpy(link, &more, sizeof more);
        link = arena_->at(more);
        std::memcpy(link, &nowhere, sizeof nowhere);
        std::size_t const room = arena_->room(more) - link_size;
        is_good = small_pieces || room >= (contents - got) / worst_piece;
        got += room;
    }
    if (is_good && got >= contents)
        return first;
    give_back(first);
    return nowhere;
}

void Entries::write(Place place, const Item &item) const noexcept {
    Entry &entry = at(place);
    Place const next = entry.next;
    entry = Entry{};
    entry.node.fingerprint = static_cast<std::uint32_t>(item.key.hash);
    entry.node.pool = item.pool;
    entry.chain = nowhere;
    entry.next = next;
    entry.hash_high = static_cast<std::uint32_t>(item.key.hash >> 32);
    write_contents(place, item);
}

bool Entries::has_room_for(Place place, const Item &item) const noexcept {
    std::size_t const needed = header_size + size_of_contents(item);
    std::size_t const room = size(place);
    // An entry in several blocks spends some of them on headers: let it be made anew, in fewer perhaps.
    return at(place).next == nowhere && needed <= arena_->room(place) &&
           room - needed <= most_waste + needed / 8;
}

void Entries::rewrite(Place place, const Item &item) const noexcept {
    write_contents(place, item);
}

void Entries::write_contents(Place place, const Item &item) const noexcept {
    Entry &entry = at(place);
    entry.label = item.label;
    entry.value_size = static_cast<std::uint32_t>(item.value.size());
    entry.key_size = static_cast<std::uint16_t>(item.key.bytes.size() & 0x1fff);
    entry.writeback = item.writeback;
    entry.stamps_size = static_cast<std::uint8_t>(item.stamps.size());
    entry.type = item.type;

    std::span<const std::byte> const parts[] = {item.key.bytes, item.stamps, item.value};
    std::size_t part = 0;
    std::size_t done = 0; // of the part
    each_piece(place, SIZE_MAX, [&](std::span<std::byte> piece) {
        while (part < std::size(parts)) {
            std::size_t const size = std::min(piece.size(), parts[part].size() - done);
            copy_bytes(piece.data(), parts[part].data() + done, size);
            piece = piece.subspan(size);
            done += size;
            if (done < parts[part].size())
                return true;
            ++part;
            done = 0;
        }
        return false;
    });
}

void Entries::give_back(Place place) noexcept {
    Place next = at(place).next;
    arena_->give_back(place);
    while (next != nowhere) {
        place = next;
        std::memcpy(&next, arena_->at(place), sizeof next);
        arena_->give_back(place);
    }
}

bool Entries::has_key(Place place, const Key &key) const noexcept {
    if (at(place).hash() != key.hash || at(place).key_size != key.bytes.size())
        return false;
    bool equal = true;
    std::size_t done = 0;
    each_piece(place, key.bytes.size(), [&](std::span<const std::byte> piece) {
        equal = piece.empty() || std::memcmp(piece.data(), key.bytes.data() + done, piece.size()) == 0;
        done += piece.size();
        return equal;
    });
    return equal;
}

void Entries::copy(Place place, std::size_t from, std::size_t size, std::byte *to) const noexcept {
    each_piece(place, from + size, [&](std::span<const std::byte> piece) {
        std::size_t const skipped = std::min(from, piece.size());
        copy_bytes(to, piece.data() + skipped, piece.size() - skipped);
        to += piece.size() - skipped;
        from -= skipped;
        return true;
    });
}

std::size_t Entries::size(Place place) const noexcept {
    std::size_t size = arena_->size(place);
    for (Place next = at(place).next; next != nowhere;) {
        size += arena_->size(next);
        std::memcpy(&next, arena_->at(next), sizeof next);
    }
    return size;
}

} // namespace steward::core::cache
