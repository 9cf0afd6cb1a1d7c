// Edit distance straight from its definition.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "test/oracle/utf8.hpp"

namespace steward::oracle {

/// Wagner and Fischer 1974, keeping one row: distance[j] is that of the characters of `a` read so far
/// and the first j of `b`.
inline std::int64_t edit_distance(std::string_view a, std::string_view b, core::Encoding encoding) {
    std::u32string const left = decode(a, encoding);
    std::u32string const right = decode(b, encoding);
    std::vector<std::int64_t> distance(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j)
        distance[j] = static_cast<std::int64_t>(j);
    for (char32_t const c : left) {
        std::int64_t diagonal = distance[0]++;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            std::int64_t const replaced = diagonal + (c == right[j - 1] ? 0 : 1);
            diagonal = distance[j];
            distance[j] = std::min({replaced, distance[j] + 1, distance[j - 1] + 1});
        }
    }
    return distance.back();
}

} // namespace steward::oracle
