// When a schedule is due, for other glue; the functions of SQL are in calendar.cpp.
#pragma once

#include <optional>

#include "core/calendar/schedule.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "pgtime.h"
}

namespace steward {

/// A time zone of PostgreSQL. What was looked up last is kept, because schedules ask for neighbouring times.
class PgZone final : public core::Zone {
  public:
    /// `name` is what SET TimeZone takes: a name, a rule in POSIX's notation, or a number of hours. Throws a
    /// PgError with 22023 where there is no such zone.
    explicit PgZone(std::string_view name);

    Span span(core::Seconds instant) const override;

  private:
    const pg_tz *zone_;
    mutable core::Seconds known_from_ = 0; ///< last_ is right from here to its end
    mutable Span last_{0, 0};
};

/// Reads schedule and zone, and throws a core::Error or PgError (22023 with detail and hint) where one of
/// them is none.
void schedule_check(std::string_view schedule, std::string_view time_zone);

/// The first time after `after`, to the second; none if there is none up to the year 9999. Intervals count
/// from `anchor`, or from `after` if there is none. Throws as schedule_check() does, and for a time that is
/// not within the years 1970 to 9999.
std::optional<TimestampTz> schedule_next_time(std::string_view schedule, TimestampTz after,
                                              std::string_view time_zone,
                                              std::optional<TimestampTz> anchor = std::nullopt);

} // namespace steward
