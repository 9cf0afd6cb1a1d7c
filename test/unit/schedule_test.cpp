#include "core/calendar/schedule.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "test/oracle/zones.hpp"

namespace steward::core {
namespace {

using oracle::at;
using oracle::show;

constexpr std::int64_t second = 1'000'000;

/// Knows "<number> months", "days" and "seconds", alone or "months and days".
std::optional<Interval> read_interval(std::string_view text) {
    long long number = 0;
    char unit[16] = "";
    if (std::sscanf(std::string(text).c_str(), "%lld %15s", &number, unit) != 2)
        return std::nullopt;
    std::string const name(unit);
    if (name == "months")
        return Interval{number, 0, 0};
    if (name == "days")
        return Interval{0, number, 0};
    if (name == "seconds")
        return Interval{0, 0, number * second};
    if (name == "microseconds")
        return Interval{0, 0, number};
    return std::nullopt;
}

std::string next(const Zone &zone, const std::string &schedule, const char *after,
                 const char *anchor = nullptr) {
    std::optional<Seconds> const next =
        Schedule(schedule, zone, read_interval).next(at(after), at(anchor != nullptr ? anchor : after));
    return next ? show(*next) : "never";
}

Error refusal_of(const std::string &schedule) {
    try {
        Schedule(schedule, oracle::utc(), read_interval);
    } catch (const Error &error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
        EXPECT_FALSE(error.hint().empty());
        return error;
    }
    ADD_FAILURE() << schedule << " was taken";
    return Error(ErrorKind::unsupported, "");
}

TEST(Schedule, NicknamesStandForExpressions) {
    auto const after = [](const char *name) { return next(oracle::utc(), name, "2026-11-21 10:30"); };
    EXPECT_EQ(after("@hourly"), "2026-11-21 11:00:00");
    EXPECT_EQ(after("@daily"), "2026-11-22 00:00:00");
    EXPECT_EQ(after("@Midnight"), "2026-11-22 00:00:00");
    EXPECT_EQ(after(" @weekly "), "2026-11-22 00:00:00");
    EXPECT_EQ(after("@monthly"), "2026-12-01 00:00:00");
    EXPECT_EQ(after("@yearly"), "2027-01-01 00:00:00");
    EXPECT_EQ(after("@annually"), "2027-01-01 00:00:00");
    EXPECT_EQ(refusal_of("@reboot").detail(), "There is no such name for a schedule.");
    EXPECT_EQ(refusal_of("@every").detail(), "Behind @every stands an interval.");
    EXPECT_EQ(refusal_of("@every * * * * *").detail(), "Behind @every stands an interval.");
}

TEST(Schedule, EachKindIsKnownByItsLook) {
    EXPECT_EQ(next(oracle::utc(), "30 seconds", "2026-11-21 10:00"), "2026-11-21 10:00:30");
    EXPECT_EQ(next(oracle::utc(), "@every 90 seconds", "2026-11-21 10:00"), "2026-11-21 10:01:30");
    EXPECT_EQ(next(oracle::utc(), "0 12 * * *", "2026-11-21 10:00"), "2026-11-21 12:00:00");
    EXPECT_EQ(next(oracle::utc(), "2027-01-01", "2026-11-21 10:00"), "2027-01-01 00:00:00");
    EXPECT_EQ(refusal_of("").detail(), "It is empty.");
    EXPECT_EQ(refusal_of(" \t").detail(), "It is empty.");
    EXPECT_EQ(refusal_of("tomorrow").detail(),
              "It is neither a cron expression nor an interval nor a timestamp.");
    EXPECT_EQ(refusal_of("5").detail(),
              "A cron expression has five fields, or six with the seconds first; this has 1.");
    EXPECT_EQ(refusal_of("0 mon * * *").detail(), "Field \"hour\" is \"mon\": \"mon\" is not a number.");
}

TEST(Schedule, WhatIsQuotedIsCutBetweenCharacters) {
    std::string text = "x";
    while (text.size() < longest_schedule)
        text += "\u65E5";
    std::string const message = refusal_of(text).what();
    EXPECT_EQ(message.substr(message.size() - 7), "\u65E5...\"");
    EXPECT_LT(message.size(), 150U);
    EXPECT_EQ(refusal_of(std::string(longest_schedule + 1, '1')).detail(), "It has 100001 bytes.");
}

TEST(Schedule, IntervalsCountFromTheAnchor) {
    oracle::TableZone const utc = oracle::utc();
    EXPECT_EQ(next(utc, "90 seconds", "2026-11-21 10:00", "2026-11-21 09:59"), "2026-11-21 10:00:30");
    EXPECT_EQ(next(utc, "90 seconds", "2026-11-21 10:00:30", "2026-11-21 09:59"), "2026-11-21 10:02:00");
    EXPECT_EQ(next(utc, "90 seconds", "2026-11-21 10:00", "2026-11-22 00:00"), "2026-11-22 00:00:00");
    EXPECT_EQ(next(utc, "7 days", "2026-11-21 10:00", "1970-01-01 00:00"), "2026-11-26 00:00:00");
    EXPECT_EQ(next(utc, "1 seconds", "9999-12-31 23:59:58"), "9999-12-31 23:59:59");
    EXPECT_EQ(next(utc, "1 seconds", "9999-12-31 23:59:59"), "never");
    EXPECT_EQ(next(utc, "1 months", "9999-12-31 00:00"), "never");
    EXPECT_EQ(next(utc, "2147483647 months", "2026-01-01 00:00"), "never");
    EXPECT_EQ(next(utc, "2147483647 days", "2026-01-01 00:00"), "never");
    EXPECT_EQ(next(utc, "9000000000000 seconds", "2026-01-01 00:00"), "never");
}

TEST(Schedule, MonthsComeBackToTheirDay) {
    oracle::TableZone const utc = oracle::utc();
    EXPECT_EQ(next(utc, "1 months", "2027-01-31 12:00", "2027-01-31 12:00"), "2027-02-28 12:00:00");
    EXPECT_EQ(next(utc, "1 months", "2027-02-28 12:00", "2027-01-31 12:00"), "2027-03-31 12:00:00");
    EXPECT_EQ(next(utc, "12 months", "2027-03-01 00:00", "1972-02-29 00:00"), "2028-02-29 00:00:00");
    EXPECT_EQ(next(utc, "1 months", "9000-01-30 00:00", "1970-01-31 00:00"), "9000-01-31 00:00:00");
}

TEST(Schedule, DaysFollowTheClocksAndSecondsDoNot) {
    oracle::TableZone const zone = oracle::new_york();
    EXPECT_EQ(next(zone, "1 days", "2026-03-08 00:00", "2026-03-06 15:00"), "2026-03-08 14:00:00");
    EXPECT_EQ(next(zone, "86400 seconds", "2026-03-08 00:00", "2026-03-06 15:00"), "2026-03-08 15:00:00");
    // 02:30 is skipped: the end of the gap.
    EXPECT_EQ(next(zone, "1 days", "2026-03-08 00:00", "2026-03-06 07:30"), "2026-03-08 07:00:00");
    EXPECT_EQ(next(zone, "1 days", "2026-03-08 07:00", "2026-03-06 07:30"), "2026-03-09 06:30:00");
}

/// Each of the times found by search is the one that a count from the anchor finds.
TEST(Schedule, IntervalsFindEachOfTheirTimes) {
    oracle::TableZone const zone = oracle::lord_howe();
    for (const char *const step : {"1 months", "5 months", "1 days", "10 days", "100000 seconds"}) {
        Schedule const schedule(step, zone, read_interval);
        Seconds const anchor = at("2024-08-31 15:45");
        Seconds last = anchor;
        for (int i = 0; i < 2000; ++i) {
            std::optional<Seconds> const found = schedule.next(last, anchor);
            ASSERT_TRUE(found.has_value());
            ASSERT_GT(*found, last);
            ASSERT_EQ(schedule.next(*found - 1, anchor), found) << step;
            last = *found;
        }
    }
}

TEST(Schedule, IntervalsAreWholeSecondsAndPositive) {
    EXPECT_EQ(refusal_of("0 seconds").detail(), "An interval is at least one second.");
    EXPECT_EQ(refusal_of("1500000 microseconds").detail(), "An interval is a whole number of seconds.");
    EXPECT_EQ(refusal_of("-1 days").detail(), "A part of the interval is negative.");
    EXPECT_EQ(refusal_of("@every -1 days").detail(), "A part of the interval is negative.");
}

TEST(Schedule, TimestampsInAnyOrder) {
    oracle::TableZone const zone = oracle::new_york();
    char const *const list =
        "2027-01-02 03:04:05, 2027-01-01T00:00Z,2026-12-31 23:00:00.000 -05:30 ,2026-12-30";
    EXPECT_EQ(next(zone, list, "2026-01-01 00:00"), "2026-12-30 05:00:00");
    EXPECT_EQ(next(zone, list, "2026-12-30 05:00"), "2027-01-01 00:00:00");
    EXPECT_EQ(next(zone, list, "2027-01-01 00:00"), "2027-01-01 04:30:00");
    EXPECT_EQ(next(zone, list, "2027-01-01 04:30"), "2027-01-02 08:04:05");
    EXPECT_EQ(next(zone, list, "2027-01-02 08:04:05"), "never");
    EXPECT_EQ(next(zone, "2026-03-08 02:30", "2026-01-01 00:00"), "2026-03-08 07:00:00");
    EXPECT_EQ(next(zone, "2026-11-01 01:30", "2026-01-01 00:00"), "2026-11-01 05:30:00");
    EXPECT_EQ(next(zone, "2026-11-01 01:30-05", "2026-01-01 00:00"), "2026-11-01 06:30:00");
    EXPECT_EQ(next(zone, "2026-01-01 00:00:00+001530", "1970-01-01 00:00"), "2025-12-31 23:44:30");
}

TEST(Schedule, TimestampErrorsNameTheTimestamp) {
    auto const expect = [](const char *schedule, const char *why) {
        std::string const detail = refusal_of(schedule).detail();
        EXPECT_NE(detail.find(why), std::string::npos) << schedule << " gave: " << detail;
    };
    expect("2027-01-01,2027-13-01", "\"2027-13-01\": the month is not within 1 to 12");
    expect("2027-02-29", "the day is not within 1 to 28");
    expect("2027-01-01,", "missing in the list");
    expect("2027-1-1", "the month has 2 digits");
    expect("12027-01-01", "the year is not within 1970 to 9999");
    expect("2027-01/01", "\"-\" is missing behind the month");
    expect("1969-12-31", "the year is not within 1970 to 9999");
    expect("1970-01-01 00:00+01", "its year is not within 1970 to 9999");
    expect("2027-01-01T", "the hour has 2 digits");
    expect("2027-01-01 24:00", "the hour is not within 0 to 23");
    expect("2027-01-01 10", "\":\" is missing behind the hour");
    expect("2027-01-01 10:00:60", "the second is not within 0 to 59");
    expect("2027-01-01 10:00:00.5", "no fractions");
    expect("2027-01-01 10:00 CET", "\"CET\" is neither an offset from UTC nor Z");
    expect("2027-01-01 10:00+01:00:00:00", "is not expected there");
    expect("2027-01-01Z", "\"Z\" is not expected there");
}

} // namespace
} // namespace steward::core
