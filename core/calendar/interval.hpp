// A schedule that counts from an anchor in equal steps.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/calendar/zone.hpp"

namespace steward::core {

/// The parts of an interval, as PostgreSQL keeps them.
struct Interval {
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t microseconds = 0;

    /// The first of the times anchor + k * interval, for k = 0, 1, ..., that is later than `after`. Months
    /// and days are counted on the calendar of the zone from the anchor, not from the time before: the 31st
    /// comes back after the 30th, and nothing drifts.
    std::optional<Seconds> next(const Zone &zone, Seconds after, Seconds anchor) const;
};

/// Throws Error(invalid_argument) unless the interval has whole seconds, at least one, and no negative part.
void check_interval(const Interval &interval, std::string_view schedule);

} // namespace steward::core
