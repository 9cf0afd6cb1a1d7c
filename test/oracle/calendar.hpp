// When a cron expression is due, straight from the definition: second by second.
#pragma once

#include <optional>

#include "core/calendar/cron.hpp"

namespace steward::oracle {

inline bool has(std::uint64_t set, int bit) {
    return (set >> bit & 1U) != 0;
}

inline bool names_day(const core::Cron &cron, std::int64_t days) {
    core::Date const date = core::date_from_days(days);
    int const weekday = core::weekday_of(days);
    int const length = core::days_in_month(date.year, date.month);
    bool const by_day = has(cron.days, date.day) || (cron.last_day && date.day == length);
    auto const week = static_cast<std::size_t>((date.day - 1) / 7);
    bool const by_weekday = has(cron.weekdays, weekday) || has(cron.nth_weekdays[week], weekday) ||
                            (has(cron.last_weekdays, weekday) && date.day + 7 > length);
    if (!has(cron.months, date.month))
        return false;
    return cron.any_day || cron.any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/// Whether a clock that shows `local` shows one of the times of the expression.
inline bool names(const core::Cron &cron, core::Seconds local) {
    std::int64_t const days = core::floor_divide(local, core::day_seconds);
    auto const time = static_cast<int>(local - days * core::day_seconds);
    return has(cron.hours, time / 3600) && has(cron.minutes, time / 60 % 60) &&
           has(cron.seconds, time % 60) && names_day(cron, days);
}

/// The first instant after `after` and up to `until` at which the expression is due.
inline std::optional<core::Seconds> next_due(const core::Cron &cron, const core::Zone &zone,
                                             core::Seconds after, core::Seconds until) {
    core::Seconds shown = core::latest_shown(zone, after);
    core::Zone::Span span = zone.span(after + 1);
    for (core::Seconds instant = after + 1; instant <= until; ++instant) {
        if (instant >= span.end)
            span = zone.span(instant);
        core::Seconds const local = instant + span.offset;
        if (cron.wild && names(cron, local))
            return instant;
        // Another expression is due when the clocks pass one of its times, or jump over it.
        for (; !cron.wild && shown < local; ++shown) {
            if (names(cron, shown + 1))
                return instant;
        }
    }
    return std::nullopt;
}

} // namespace steward::oracle
