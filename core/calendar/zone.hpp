// A time zone as schedules see it: which offset from UTC holds from when to when.
#pragma once

#include <limits>

#include "core/calendar/civil.hpp"

namespace steward::core {

/// No zone is farther from UTC: the most that a rule in POSIX's notation may say.
inline constexpr Seconds most_offset = 168 * hour_seconds;

class Zone {
  public:
    static constexpr Seconds forever = std::numeric_limits<Seconds>::max();

    /// A stretch of time in which the offset does not change.
    struct Span {
        Seconds offset; ///< local time minus UTC
        Seconds end;    ///< the first instant behind it, or `forever`
    };

    Zone() = default;
    Zone(const Zone &) = delete;
    Zone &operator=(const Zone &) = delete;
    virtual ~Zone() = default;

    /// The stretch that holds `instant`. Neighbouring stretches may have the same offset.
    virtual Span span(Seconds instant) const = 0;
};

/// The latest time that the clocks of the zone have shown up to `instant`: where they were put back, more
/// than they show then.
Seconds latest_shown(const Zone &zone, Seconds instant);

/// The first instant at which the clocks show `local` or more: the first of two where a time comes twice, and
/// the end of the gap where it is skipped.
Seconds first_reached(const Zone &zone, Seconds local);

} // namespace steward::core
