// Where what stands in the bytes of WordVectors: for what reads them and what writes them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace steward::core::layout {

inline constexpr std::array<char, 8> magic{'S', 'T', 'W', 'O', 'R', 'D', 'S', '1'};
inline constexpr std::uint32_t most_axes = 16;

struct Header {
    std::array<char, 8> magic;
    std::uint32_t dimensions;
    std::uint32_t words;
    std::uint32_t letters;
    std::uint32_t axes;
    std::array<char, 8> reserved;
};
static_assert(sizeof(Header) == 32);

/// Of 32-bit numbers: cannot overflow.
constexpr std::size_t size_of(const Header &header) noexcept {
    std::size_t const floats = std::size_t{1 + header.axes} * header.dimensions + header.words;
    return sizeof(Header) + floats * sizeof(float) + header.words + header.letters +
           std::size_t{header.words} * header.dimensions;
}

/// Places in the index for so many words: a power of two, at most two thirds of them taken.
constexpr std::size_t table_size(std::size_t words) noexcept {
    return std::bit_ceil(words + words / 2 + 1);
}

} // namespace steward::core::layout
