#include "core/calendar/cron.hpp"

#include <bit>

namespace steward::core {

namespace {

/// Bits 0 to `last`.
constexpr std::uint64_t up_to(int last) {
    return (std::uint64_t{2} << last) - 1;
}

/// The first bit of `set` from `from` on, or -1.
int first_from(std::uint64_t set, int from) {
    std::uint64_t const rest = from > 63 ? 0 : set >> from << from;
    return rest == 0 ? -1 : std::countr_zero(rest);
}

/// The weekdays turned so that bit 0 is that of the first of a month.
std::uint64_t first_week(std::uint32_t weekdays, int weekday_of_first) {
    return ((weekdays >> weekday_of_first) | (weekdays << (7 - weekday_of_first))) & 0x7FU;
}

/// The days of a month on which a weekday of the expression falls; day 1 is bit 0.
std::uint64_t days_by_weekday(const Cron &cron, int weekday_of_first, int length) {
    constexpr std::uint64_t each_week = 1 | 1U << 7 | 1U << 14 | 1U << 21 | std::uint64_t{1} << 28;
    std::uint64_t days = first_week(cron.weekdays, weekday_of_first) * each_week;
    for (std::size_t week = 0; week < cron.nth_weekdays.size(); ++week)
        days |= first_week(cron.nth_weekdays[week], weekday_of_first) << (7 * week);
    std::uint64_t const last_week = up_to(length - 1) & ~up_to(length - 8);
    return days | ((first_week(cron.last_weekdays, weekday_of_first) * each_week) & last_week);
}

/// The days of a month that count; bit n stands for day n.
std::uint64_t days_of_month(const Cron &cron, std::int64_t year, int month) {
    int const length = days_in_month(year, month);
    std::uint64_t const last = cron.last_day ? std::uint64_t{1} << length : 0;
    std::uint64_t const by_day = cron.days | last;
    std::uint64_t const by_weekday =
        days_by_weekday(cron, weekday_of(days_from_date({year, month, 1})), length) << 1;
    bool const either = !cron.any_day && !cron.any_weekday;
    return (either ? by_day | by_weekday : by_day & by_weekday) & up_to(length) & ~std::uint64_t{1};
}

/// The first day that counts from `day` on.
std::optional<std::int64_t> day_at_or_after(const Cron &cron, std::int64_t day) {
    Date date = date_from_days(day);
    // One month more than the cycle: that of `day` is looked at from its middle first.
    for (int months = 0; months <= cycle_years * 12; ++months) {
        if ((cron.months >> date.month & 1U) != 0) {
            int const found = first_from(days_of_month(cron, date.year, date.month), date.day);
            if (found > 0)
                return days_from_date({date.year, date.month, found});
        }
        date = date.month == 12 ? Date{date.year + 1, 1, 1} : Date{date.year, date.month + 1, 1};
    }
    return std::nullopt;
}

/// The first time of the day from `time` on, in seconds since midnight.
std::optional<Seconds> time_at_or_after(const Cron &cron, Seconds time) {
    auto hour = static_cast<int>(time / hour_seconds);
    auto minute = static_cast<int>(time % hour_seconds / minute_seconds);
    int second = first_from(cron.seconds, static_cast<int>(time % minute_seconds));
    if (second < 0)
        ++minute;
    int const found_minute = (cron.hours >> hour & 1U) != 0 ? first_from(cron.minutes, minute) : -1;
    if (found_minute < 0)
        ++hour;
    int const found_hour = first_from(cron.hours, hour);
    if (found_hour < 0)
        return std::nullopt;
    // Whatever is later than asked for begins with the first of what is below it.
    bool const same_hour = found_minute >= 0;
    bool const same_minute = same_hour && second >= 0 && found_minute == minute;
    minute = same_hour ? found_minute : std::countr_zero(cron.minutes);
    second = same_minute ? second : std::countr_zero(cron.seconds);
    return found_hour * hour_seconds + minute * minute_seconds + second;
}

/// What a wall clock that is never changed would show next. A clock that is put back asks again for what it
/// has been told; then there is nothing to search for.
class Search {
  public:
    explicit Search(const Cron &cron) : cron_(cron) {}

    std::optional<Seconds> at_or_after(Seconds local) {
        if (!found_ || local < asked_ || local > *found_) {
            found_ = cron_.at_or_after(local);
            asked_ = local;
        }
        return found_;
    }

  private:
    const Cron &cron_;
    Seconds asked_ = 0;
    std::optional<Seconds> found_;
};

std::optional<Seconds> next_shown(const Cron &cron, const Zone &zone, Seconds after) {
    Search search(cron);
    for (Seconds at = after + 1;;) {
        Zone::Span const span = zone.span(at);
        std::optional<Seconds> const local = search.at_or_after(at + span.offset);
        if (!local)
            return std::nullopt;
        if (*local - span.offset < span.end)
            return *local - span.offset;
        at = span.end;
    }
}

} // namespace

std::optional<Seconds> Cron::at_or_after(Seconds local) const {
    std::int64_t day = floor_divide(local, day_seconds);
    std::optional<Seconds> time = time_at_or_after(*this, local - day * day_seconds);
    if (!time)
        ++day;
    std::optional<std::int64_t> const found = day_at_or_after(*this, day);
    if (!found)
        return std::nullopt;
    if (!time || *found != day)
        time = time_at_or_after(*this, 0);
    return *found * day_seconds + time.value_or(0);
}

std::optional<Seconds> Cron::next(const Zone &zone, Seconds after) const {
    if (wild)
        return next_shown(*this, zone, after);
    std::optional<Seconds> const local = at_or_after(latest_shown(zone, after) + 1);
    if (!local)
        return std::nullopt;
    return first_reached(zone, *local);
}

} // namespace steward::core
