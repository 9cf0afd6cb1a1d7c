#include "core/summary/key_sums.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace steward::core {

namespace {

constexpr std::size_t least_places = 16;

std::uint64_t hash_of(std::uint32_t group, std::span<const std::byte> key) noexcept {
    std::string_view const text(reinterpret_cast<const char *>(key.data()), key.size());
    return std::hash<std::string_view>{}(text) +
           group * 0x9e3779b97f4a7c15; // the golden ratio spreads groups
}

} // namespace

KeySums::Head KeySums::head_at(std::size_t at) const noexcept {
    Head head;
    std::memcpy(&head, arena_.data() + at, sizeof head);
    return head;
}

void KeySums::read_sums(std::size_t at, std::span<Sum> sums) const noexcept {
    if (!sums.empty())
        std::memcpy(sums.data(), arena_.data() + at + sizeof(Head) + padded(head_at(at).size),
                    sums.size_bytes());
}

void KeySums::add_sums(std::size_t at, std::span<const Sum> sums) noexcept {
    std::byte *place = arena_.data() + at + sizeof(Head) + padded(head_at(at).size);
    for (Sum const more : sums) {
        Sum sum = 0;
        std::memcpy(&sum, place, sizeof sum);
        sum += more;
        std::memcpy(place, &sum, sizeof sum);
        place += sizeof sum;
    }
}

void KeySums::grow() {
    std::pmr::vector<Place> wider(std::max(least_places, places_.size() * 2), Place{0},
                                  places_.get_allocator());
    for (Place const place : places_) {
        if (place == 0)
            continue;
        std::size_t at = head_at(place - 1).hash % wider.size();
        while (wider[at] != 0)
            at = (at + 1) % wider.size();
        wider[at] = place;
    }
    places_.swap(wider);
}

bool KeySums::add(std::uint32_t group, std::span<const std::byte> key, std::span<const Sum> sums) {
    if (size_ + size_ / 2 >= places_.size()) // at most two thirds are taken
        grow();
    Head const wanted{group, static_cast<std::uint32_t>(key.size()), hash_of(group, key),
                      static_cast<std::uint32_t>(sums.size()), 0};
    std::size_t at = wanted.hash % places_.size();
    for (; places_[at] != 0; at = (at + 1) % places_.size()) {
        std::size_t const place = places_[at] - 1;
        Head const head = head_at(place);
        if (head.hash == wanted.hash && head.group == group && head.size == key.size() &&
            std::memcmp(arena_.data() + place + sizeof head, key.data(), key.size()) == 0) {
            add_sums(place, sums);
            return false;
        }
    }
    std::size_t const place = arena_.size();
    arena_.resize(place + stride(wanted)); // the sums are 0
    std::memcpy(arena_.data() + place, &wanted, sizeof wanted);
    std::memcpy(arena_.data() + place + sizeof wanted, key.data(), key.size());
    add_sums(place, sums);
    places_[at] = place + 1;
    ++size_;
    return true;
}

void KeySums::merge(const KeySums &other) {
    other.each([this](std::uint32_t group, std::span<const std::byte> key, std::span<const Sum> sums) {
        add(group, key, sums);
    });
}

} // namespace steward::core
