// Ticks against a grid of time: how many came, how late, how often of late.
#pragma once

#include "core/stats/histogram.hpp"

namespace steward::core {

/// How far back the frequency looks.
inline constexpr std::uint64_t tick_window_s = 60;

/// Plain data of one writer; all of it zero before begin_ticks(). Times are nanoseconds of a clock that never
/// jumps.
struct TickCounts {
    struct Second {
        std::uint64_t second; ///< which one, since the clock's own beginning
        std::uint64_t ticks;
    };

    std::uint64_t begun;
    std::uint64_t ticks;
    std::uint64_t missed; ///< times of the grid that passed before the tick of an earlier one had come
    std::uint64_t longest;
    double total_s; ///< by which all of them were late together, in seconds
    std::array<std::uint64_t, duration_buckets> lateness; ///< of every time of the grid, the missed ones too
    std::array<Second, tick_window_s + 2> seconds;        ///< the last ones, in a ring
};

void begin_ticks(TickCounts &counts, std::uint64_t now) noexcept;

/// A tick has come at `now` that was due at `due`, not after `now`; times of the grid that have passed as
/// well count as missed, each with its own lateness. Returns the first time of the grid after `now`.
std::uint64_t count_tick(TickCounts &counts, std::uint64_t due, std::uint64_t interval,
                         std::uint64_t now) noexcept;

/// Ticks a second, over the last minute of whole seconds or, before it is over, since the beginning.
double tick_frequency(const TickCounts &counts, std::uint64_t now) noexcept;

} // namespace steward::core
