// How much a word says by itself: the rarer, the more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace steward::core {

/// Rarities are fixed-point numbers: so many are one. The same on every machine, as nothing is rounded at
/// run time.
inline constexpr std::int32_t rarity_unit = 1024;

/// A word that nobody has counted.
inline constexpr std::int32_t unknown_rarity = 8 * rarity_unit;

/// That of the word in so many thousandth place of all words by how common they are, 0 being the most common:
/// the logarithm of the place, by Zipf's law that of how seldom it is. Source: Spaerck Jones, "A statistical
/// interpretation of term specificity and its application in retrieval", J. of Documentation 28, 1972, in the
/// form for words whose rank alone is known; the constant 2.7 is Mandelbrot's.
double rarity_of_rank(double rank) noexcept;

/// The rarity of a word of English, in rarity units: by its place among the most common ones, that of a
/// number or a single letter, or else `otherwise`.
std::int32_t word_rarity(std::string_view word, std::int32_t otherwise = unknown_rarity) noexcept;

/// How many words have a place.
std::size_t common_words() noexcept;

} // namespace steward::core
