// SQL functions that say when a schedule is due, and the time zones of PostgreSQL as the core sees them.
#include "extension/calendar.hpp"

#include "core/calendar/schedule.hpp"

#include "extension/rows.hpp"
#include "extension/text.hpp"

#include <cmath>

extern "C" {
#include "utils/datetime.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "calendar";

constexpr core::Seconds epoch_difference = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * core::day_seconds;

/// The second in which a time lies. `name` is that of the argument.
core::Seconds seconds_of(TimestampTz time, const char *name) {
    core::Seconds const seconds = core::floor_divide(time, USECS_PER_SEC) + epoch_difference;
    if (TIMESTAMP_NOT_FINITE(time) || seconds < core::first_instant || seconds > core::last_instant)
        throw core::Error(core::ErrorKind::invalid_argument,
                          std::string("argument \"") + name + "\" is out of range", "",
                          "It must lie in the years 1970 to 9999.");
    return seconds;
}

TimestampTz timestamp_of(core::Seconds seconds) {
    return (seconds - epoch_difference) * USECS_PER_SEC;
}

/// An interval as PostgreSQL reads it. Raises no error.
std::optional<core::Interval> read_interval(std::string_view text) {
    char input[MAXDATELEN + 1];
    char work[256];
    char *fields[MAXDATEFIELDS];
    int kinds[MAXDATEFIELDS];
    int count = 0;
    int kind = 0;
    pg_itm_in parts{};
    if (text.size() >= sizeof(input))
        return std::nullopt;
    *std::copy(text.begin(), text.end(), input) = '\0';
    int failure = ParseDateTime(input, work, sizeof(work), fields, kinds, MAXDATEFIELDS, &count);
    if (failure == 0)
        failure = DecodeInterval(fields, kinds, count, INTERVAL_FULL_RANGE, &kind, &parts);
    if (failure == DTERR_BAD_FORMAT)
        failure = DecodeISO8601Interval(input, &kind, &parts);
    if (failure != 0 || kind != DTK_DELTA)
        return std::nullopt;
    return core::Interval{std::int64_t{parts.tm_year} * MONTHS_PER_YEAR + parts.tm_mon, parts.tm_mday,
                          parts.tm_usec};
}

/// `hours` is a number of hours east of UTC, as SET TimeZone takes it.
pg_tz *zone_at_offset(double hours) {
    constexpr double most_hours = 167; // as in POSIX's notation
    if (!(std::fabs(hours) <= most_hours))
        return nullptr;
    return pg_tzset_offset(-static_cast<long>(hours * SECS_PER_HOUR));
}

/// Follows check_timezone() of PostgreSQL.
const pg_tz *find_zone(std::string_view text) {
    char *const name = pnstrdup(text.data(), text.size());
    char *end = nullptr;
    double const hours = strtod(name, &end);
    pg_tz *const zone = end != name && *end == '\0' ? zone_at_offset(hours) : pg_tzset(name);
    if (zone == nullptr)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("time zone \"%s\" not recognized", name),
                errhint("View pg_timezone_names lists the names."));
    if (!pg_tz_acceptable(zone))
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("time zone \"%s\" appears to use leap seconds", name),
                errdetail("PostgreSQL does not support leap seconds."));
    pfree(name);
    return zone;
}

/// The arguments that both functions have, in this order: schedule, after, ..., time zone, anchor.
struct Arguments {
    std::string_view schedule;
    TimestampTz after;
    std::string_view time_zone;
    std::optional<TimestampTz> anchor;
};

bool any_null(FunctionCallInfo fcinfo, int arguments) {
    for (int i = 0; i < arguments; ++i) {
        if (PG_ARGISNULL(i))
            return true;
    }
    return false;
}

/// Reads them, with the time zone at place `zone`.
Arguments read_arguments(FunctionCallInfo fcinfo, int zone) {
    Arguments arguments{text_argument(fcinfo, 0), PG_GETARG_TIMESTAMPTZ(1), text_argument(fcinfo, zone), {}};
    if (!PG_ARGISNULL(zone + 1))
        arguments.anchor = PG_GETARG_TIMESTAMPTZ(zone + 1);
    return arguments;
}

} // namespace

PgZone::PgZone(std::string_view name) : zone_(guarded([&] { return find_zone(name); })) {
}

core::Zone::Span PgZone::span(core::Seconds instant) const {
    if (instant >= known_from_ && instant < last_.end)
        return last_;
    long int before = 0;
    long int after = 0;
    int dst = 0;
    pg_time_t boundary = 0;
    pg_time_t at = instant;
    int found = pg_next_dst_boundary(&at, &before, &dst, &boundary, &after, &dst, zone_);
    long int const offset = before;
    if (found == 0) {
        // At the last change of its table PostgreSQL finds no next one even if a rule goes on behind it.
        at = instant + 1;
        found = pg_next_dst_boundary(&at, &before, &dst, &boundary, &after, &dst, zone_);
    }
    known_from_ = instant;
    last_ = {offset, found > 0 ? boundary : forever};
    return last_;
}

void schedule_check(std::string_view schedule, std::string_view time_zone) {
    PgZone const zone(time_zone);
    core::Schedule const checked(schedule, zone, read_interval);
}

std::optional<TimestampTz> schedule_next_time(std::string_view schedule, TimestampTz after,
                                              std::string_view time_zone, std::optional<TimestampTz> anchor) {
    core::Seconds const from = seconds_of(after, "after");
    core::Seconds const counted_from = anchor ? seconds_of(*anchor, "anchor") : from;
    PgZone const zone(time_zone);
    std::optional<core::Seconds> const next =
        core::Schedule(schedule, zone, read_interval).next(from, counted_from);
    if (!next)
        return std::nullopt;
    return timestamp_of(*next);
}

STEWARD_FUNCTION(steward_schedule_next) {
    constexpr int zone = 2;
    if (any_null(fcinfo, zone + 1))
        PG_RETURN_NULL();
    Arguments const arguments = read_arguments(fcinfo, zone);
    std::optional<TimestampTz> const next =
        schedule_next_time(arguments.schedule, arguments.after, arguments.time_zone, arguments.anchor);
    if (!next)
        PG_RETURN_NULL();
    PG_RETURN_TIMESTAMPTZ(*next);
}

/// The times after `after` and up to `until`.
STEWARD_FUNCTION(steward_schedule_times) {
    constexpr int zone_place = 3;
    ResultRows const rows = start_rows(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    if (any_null(fcinfo, zone_place + 1))
        return 0; // no rows
    Arguments const arguments = read_arguments(fcinfo, zone_place);
    core::Seconds const after = seconds_of(arguments.after, "after");
    core::Seconds const until = seconds_of(PG_GETARG_TIMESTAMPTZ(2), "until");
    core::Seconds const anchor = arguments.anchor ? seconds_of(*arguments.anchor, "anchor") : after;

    PgZone const zone(arguments.time_zone);
    core::Schedule const schedule(arguments.schedule, zone, read_interval);
    for (auto next = schedule.next(after, anchor); next && *next <= until;
         next = schedule.next(*next, anchor)) {
        check_interrupts();
        guarded([&] { rows.add([&] { return std::array{TimestampTzGetDatum(timestamp_of(*next))}; }); });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward
