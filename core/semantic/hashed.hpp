// Vectors of texts without a model: words and their trigrams, each at a place that its hash says.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

inline constexpr std::size_t hashed_dimensions = 384;

/// A text as a vector of unit length; nothing if it has no word. Stems of words count by their rarity, and
/// the trigrams of a word together half of it, so that what is nearly spelt alike is near. The same on every
/// machine: sums are of integers.
///
/// Source: Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009, with a sign
/// for each feature.
std::optional<std::array<float, hashed_dimensions>> hashed_vector(std::string_view text, Encoding encoding,
                                                                  Stop stop = Stop{});

} // namespace steward::core
