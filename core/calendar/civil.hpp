// Days and dates of the Gregorian calendar, and the seconds that schedules count in.
#pragma once

#include <cstdint>

namespace steward::core {

/// Seconds since 1970-01-01 00:00:00: of UTC for an instant, of a wall clock for a local time. Leap seconds
/// do not exist, as everywhere in PostgreSQL.
using Seconds = std::int64_t;

inline constexpr Seconds minute_seconds = 60;
inline constexpr Seconds hour_seconds = 3600;
inline constexpr Seconds day_seconds = 86400;

/// The instants that a schedule may name: the years 1970 to 9999 of UTC.
inline constexpr Seconds first_instant = 0;
inline constexpr Seconds last_instant = 253402300799;

/// The calendar repeats itself, weekdays included, after 400 years: 146,097 days are 20,871 weeks.
inline constexpr int cycle_years = 400;
inline constexpr std::int64_t cycle_days = 146097;

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
    return a / b - (a % b < 0 ? 1 : 0);
}

struct Date {
    std::int64_t year;
    int month; ///< 1..12
    int day;   ///< 1..31
    bool operator==(const Date &) const = default;
};

/// Days since 1970-01-01. Source: Hinnant, "chrono-compatible low-level date algorithms", 2013: years begin
/// in March, so that the leap day is the last of a year.
constexpr std::int64_t days_from_date(const Date &date) noexcept {
    std::int64_t const year = date.year - (date.month <= 2 ? 1 : 0);
    std::int64_t const cycle = floor_divide(year, cycle_years);
    std::int64_t const year_of_cycle = year - cycle * cycle_years;
    int const month_from_march = (date.month + 9) % 12;
    std::int64_t const day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    std::int64_t const day_of_cycle =
        year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    return cycle * cycle_days + day_of_cycle - 719468;
}

/// The inverse of days_from_date.
constexpr Date date_from_days(std::int64_t days) noexcept {
    std::int64_t const shifted = days + 719468;
    std::int64_t const cycle = floor_divide(shifted, cycle_days);
    std::int64_t const day_of_cycle = shifted - cycle * cycle_days;
    std::int64_t const year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
    std::int64_t const day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    auto const month_from_march = static_cast<int>((5 * day_of_year + 2) / 153);
    int const day = static_cast<int>(day_of_year) - (153 * month_from_march + 2) / 5 + 1;
    int const month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return {cycle * cycle_years + year_of_cycle + (month <= 2 ? 1 : 0), month, day};
}

/// 0 is Sunday.
constexpr int weekday_of(std::int64_t days) noexcept {
    return static_cast<int>(days + 4 - 7 * floor_divide(days + 4, 7));
}

constexpr bool is_leap_year(std::int64_t year) noexcept {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr int days_in_month(std::int64_t year, int month) noexcept {
    if (month == 2)
        return is_leap_year(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

} // namespace steward::core
