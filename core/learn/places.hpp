// The places of all that a model has learnt something of, numbered without gaps.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace steward::core {

/// How many bits are set: without the instruction, which not every machine has, faster than the library's
/// call. Source: Warren, "Hacker's Delight", 2002, 5-1.
constexpr std::uint32_t count_bits(std::uint64_t word) noexcept {
    word -= (word >> 1) & 0x5555555555555555;
    word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return static_cast<std::uint32_t>((word * 0x0101010101010101) >> 56);
}

/// A set of places. Most words that are looked up are not in it, which one bit of 40 kB says; how many bits
/// are set before it is the number of one that is.
class PlaceIndex {
  public:
    PlaceIndex() = default;
    /// Of places in ascending order, each below `end`.
    PlaceIndex(std::span<const std::uint32_t> places, std::uint32_t end);

    static constexpr std::uint32_t none = UINT32_MAX;

    std::uint32_t size() const noexcept { return size_; }

    /// Its number, or `none`.
    std::uint32_t find(std::uint32_t place) const noexcept {
        std::uint32_t const word = place / 64;
        if (word >= bits_.size())
            return none;
        std::uint64_t const bit = std::uint64_t{1} << (place % 64);
        if ((bits_[word] & bit) == 0)
            return none;
        return before_[word] + count_bits(bits_[word] & (bit - 1));
    }

    /// All of them, in ascending order.
    std::vector<std::uint32_t> all() const;

  private:
    std::vector<std::uint64_t> bits_;
    std::vector<std::uint32_t> before_; ///< how many are set in the words before
    std::uint32_t size_ = 0;
};

} // namespace steward::core
