// How much a reader has to take in at once: the complexity of a statement.
#pragma once

#include <string_view>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// words / 100 + mean length of a word in characters / 10, at most 1; 0 for a text without words. A word is
/// what stands between white space of ASCII. Source: ACGS, error prediction (description_complexity).
double statement_complexity(std::string_view statement, Encoding encoding, Stop stop = Stop{});

} // namespace steward::core
