// Sorting of what may be very many.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/stop.hpp"

namespace steward::core {

/// So many words, or comparisons of two, are well below a millisecond.
inline constexpr std::size_t words_per_stop = 4096;

/// Sorts, and calls `stop` about every millisecond if it takes that long.
template <class Range, class Less> void sort_stopping(Range &all, Less less, Stop stop) {
    if (all.size() < words_per_stop) {
        std::ranges::sort(all, less);
        return;
    }
    std::size_t comparisons = 0;
    std::ranges::sort(all, [&](const auto &a, const auto &b) {
        if (++comparisons % words_per_stop == 0)
            stop();
        return less(a, b);
    });
}

} // namespace steward::core
