// When something is due: a cron expression, an interval or a list of timestamps.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/calendar/cron.hpp"
#include "core/calendar/interval.hpp"
#include "core/calendar/zone.hpp"

namespace steward::core {

/// Reads an interval in the notation of the database; nothing for what is none.
using IntervalReader = std::optional<Interval> (*)(std::string_view text);

/// Longer texts are refused, so that none takes long to read.
inline constexpr std::size_t longest_schedule = 100'000;

/// A schedule in a time zone, which must outlive it.
class Schedule {
  public:
    /// Throws Error(invalid_argument) that says what is wrong and what would be right.
    Schedule(std::string_view text, const Zone &zone, IntervalReader read_interval);

    /// The first time after `after`; none if there is none up to the year 9999. Intervals count from
    /// `anchor`; the other kinds do not look at it. Both lie in first_instant..last_instant.
    std::optional<Seconds> next(Seconds after, Seconds anchor) const;

  private:
    using Times = std::vector<Seconds>;
    using Kind = std::variant<Cron, Interval, Times>;

    static Kind read(std::string_view text, const Zone &zone, IntervalReader read_interval);

    const Zone &zone_;
    Kind kind_;
};

} // namespace steward::core
