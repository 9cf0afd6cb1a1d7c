#include "core/calendar/interval.hpp"

#include "core/calendar/refusal.hpp"

namespace steward::core {

namespace {

constexpr std::int64_t second_microseconds = 1'000'000;

/// The mean length of a month: 400 years by 4,800.
constexpr Seconds mean_month = cycle_days * day_seconds / (cycle_years * 12);

/// How far a time lies at most from where months of that mean length put it: the clocks of two instants, and
/// less than ten days for months that are shorter, for leap years, and for a 31st that becomes a 28th.
constexpr Seconds most_deviation = 2 * most_offset + 10 * day_seconds;

/// anchor + k * interval; none behind the last year.
std::optional<Seconds> time_at(const Interval &interval, const Zone &zone, Seconds anchor, std::int64_t k) {
    Seconds const seconds = k * (interval.microseconds / second_microseconds);
    if (k == 0 || (interval.months == 0 && interval.days == 0))
        return anchor + seconds;
    Seconds const local = anchor + zone.span(anchor).offset;
    std::int64_t const day = floor_divide(local, day_seconds);
    Date date = date_from_days(day);
    std::int64_t const months = date.month - 1 + k * interval.months;
    date.year += months / 12;
    date.month = static_cast<int>(months % 12) + 1;
    if (date.year > 9999)
        return std::nullopt;
    if (int const length = days_in_month(date.year, date.month); date.day > length)
        date.day = length;
    Seconds const shifted =
        (days_from_date(date) + k * interval.days) * day_seconds + (local - day * day_seconds);
    if (shifted > last_instant + most_offset)
        return std::nullopt;
    return first_reached(zone, shifted) + seconds;
}

} // namespace

void check_interval(const Interval &interval, std::string_view schedule) {
    char const *const hint = "Write an interval such as \"30 seconds\", \"90 minutes\" or \"1 month\".";
    if (interval.months < 0 || interval.days < 0 || interval.microseconds < 0)
        refuse_schedule(schedule, "A part of the interval is negative.", hint);
    if (interval.microseconds % second_microseconds != 0)
        refuse_schedule(schedule, "An interval is a whole number of seconds.", hint);
    if (interval.months == 0 && interval.days == 0 && interval.microseconds == 0)
        refuse_schedule(schedule, "An interval is at least one second.", hint);
}

std::optional<Seconds> Interval::next(const Zone &zone, Seconds after, Seconds anchor) const {
    if (after < anchor)
        return anchor;
    // The times grow with k: between what is surely not later than `after` and what surely is, halve.
    Seconds const step = months * mean_month + days * day_seconds + microseconds / second_microseconds;
    bool const exact = months == 0 && days == 0;
    Seconds const slack = exact ? 0 : most_deviation;
    std::int64_t low = (after - anchor - slack) / step;
    if (low < 0)
        low = 0;
    std::int64_t high = (after - anchor + slack) / step + 1;
    while (high - low > 1) {
        std::int64_t const middle = low + (high - low) / 2;
        std::optional<Seconds> const at = time_at(*this, zone, anchor, middle);
        if (at && *at <= after)
            low = middle;
        else
            high = middle;
    }
    return time_at(*this, zone, anchor, high);
}

} // namespace steward::core
