// Edit distance of two texts of any length.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// The least number of characters to insert, delete or replace that turns `a` into `b`.
///
/// Time O(n * m / 64) for n and m characters, after what both texts share at either end is left out;
/// memory 2 bits for each character of the longer text, and none up to 512 characters of the shorter.
/// That memory comes from `memory`. `stop` is called about every millisecond.
///
/// Source: Myers, "A fast bit-vector algorithm for approximate string matching based on dynamic
/// programming", JACM 46(3), 1999, in the form of Hyyro, "A bit-vector algorithm for computing
/// Levenshtein and Damerau edit distances", Nordic J. of Computing 10(1), 2003. Rows are taken in strips
/// of up to eight machine words; between strips only the horizontal differences are kept.
std::int64_t levenshtein(std::string_view a, std::string_view b, Encoding encoding, Stop stop = Stop{},
                         std::pmr::memory_resource *memory = std::pmr::get_default_resource());

} // namespace steward::core
