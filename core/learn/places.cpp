#include "core/learn/places.hpp"

#include <bit>

#include "core/error.hpp"

namespace steward::core {

PlaceIndex::PlaceIndex(std::span<const std::uint32_t> places, std::uint32_t end)
    : bits_((std::size_t{end} + 63) / 64), before_(bits_.size()),
      size_(static_cast<std::uint32_t>(places.size())) {
    std::uint64_t next = 0; // the least that may follow
    for (std::uint32_t const place : places) {
        if (place < next || place >= end)
            throw Error(ErrorKind::invalid_argument, "the places of a model are not in order");
        bits_[place / 64] |= std::uint64_t{1} << (place % 64);
        next = std::uint64_t{place} + 1;
    }
    std::uint32_t count = 0;
    for (std::size_t word = 0; word < bits_.size(); ++word) {
        before_[word] = count;
        count += count_bits(bits_[word]);
    }
}

std::vector<std::uint32_t> PlaceIndex::all() const {
    std::vector<std::uint32_t> places;
    places.reserve(size_);
    for (std::size_t word = 0; word < bits_.size(); ++word)
        for (std::uint64_t rest = bits_[word]; rest != 0; rest &= rest - 1)
            places.push_back(static_cast<std::uint32_t>(word * 64) +
                             static_cast<std::uint32_t>(std::countr_zero(rest)));
    return places;
}

} // namespace steward::core
