// A schedule that names its times one by one.
#pragma once

#include <string_view>
#include <vector>

#include "core/calendar/zone.hpp"

namespace steward::core {

/// True for what begins with a year and a month: no other schedule does.
bool begins_with_date(std::string_view text);

/// Reads ISO timestamps that commas separate: a date, or date and time, with an offset from UTC or Z behind
/// the time, else by the clocks of the zone, as first_reached() does. The result is in order, each time once.
/// Throws Error(invalid_argument) that names the timestamp.
std::vector<Seconds> read_timestamps(std::string_view text, const Zone &zone);

} // namespace steward::core
