#include "core/calendar/cron.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "test/oracle/calendar.hpp"
#include "test/oracle/random.hpp"
#include "test/oracle/zones.hpp"

namespace steward::core {
namespace {

using oracle::at;
using oracle::show;

std::string next_local(const char *expression, const char *from) {
    std::optional<Seconds> const next = read_cron(expression).at_or_after(at(from));
    return next ? show(*next) : "never";
}

std::string detail_of(const char *expression) {
    try {
        read_cron(expression);
    } catch (const Error &error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
        EXPECT_FALSE(error.hint().empty());
        return error.detail();
    }
    return "";
}

TEST(Cron, FieldsAreMinuteHourDayMonthWeekday) {
    EXPECT_EQ(next_local("5 4 3 2 *", "2026-11-21 00:00"), "2027-02-03 04:05:00");
    EXPECT_EQ(next_local("* * * * *", "2026-11-21 10:00:01"), "2026-11-21 10:01:00");
    EXPECT_EQ(next_local("* * * * *", "2026-11-21 10:01"), "2026-11-21 10:01:00");
    EXPECT_EQ(next_local("0 0 1 1 *", "2026-01-01 00:00:01"), "2027-01-01 00:00:00");
}

TEST(Cron, SixFieldsBeginWithTheSecond) {
    EXPECT_EQ(next_local("30 5 4 * * *", "2026-11-21 04:05:30"), "2026-11-21 04:05:30");
    EXPECT_EQ(next_local("30 5 4 * * *", "2026-11-21 04:05:31"), "2026-11-22 04:05:30");
    EXPECT_EQ(next_local("*/20 * * * * *", "2026-12-31 23:59:41"), "2027-01-01 00:00:00");
    EXPECT_EQ(next_local("10,50 59 23 * * *", "2026-12-31 23:59:11"), "2026-12-31 23:59:50");
}

TEST(Cron, ListsRangesStepsAndNames) {
    Cron const cron = read_cron("0,10-12,30-59/10 */6 1,15-17 jan,Mar-MAY mon-fri");
    EXPECT_EQ(cron.minutes,
              1ULL | 1ULL << 10 | 1ULL << 11 | 1ULL << 12 | 1ULL << 30 | 1ULL << 40 | 1ULL << 50);
    EXPECT_EQ(cron.hours, 1U | 1U << 6 | 1U << 12 | 1U << 18);
    EXPECT_EQ(cron.days, 1U << 1 | 1U << 15 | 1U << 16 | 1U << 17);
    EXPECT_EQ(cron.months, 1U << 1 | 1U << 3 | 1U << 4 | 1U << 5);
    EXPECT_EQ(cron.weekdays, 0b0111110U);
    EXPECT_EQ(read_cron("\t05  007\n* * *").minutes, 1U << 5);
}

TEST(Cron, SundayIsZeroAndSeven) {
    for (const char *const sunday :
         {"* * * * 0", "* * * * 7", "* * * * sun", "* * * * 7-7", "* * * * sun-sun"})
        EXPECT_EQ(read_cron(sunday).weekdays, 1U) << sunday;
    EXPECT_EQ(read_cron("* * * * 5-7").weekdays, 0b1100001U);
    EXPECT_EQ(read_cron("* * * * fri-sun").weekdays, 0b1100001U);
    EXPECT_EQ(read_cron("* * * * sun-tue").weekdays, 0b0000111U);
    EXPECT_EQ(read_cron("* * * * */2").weekdays, 0b1010101U);
    EXPECT_EQ(read_cron("* * * * *").weekdays, 0b1111111U);
}

TEST(Cron, EitherDayCountsIfBothAreRestricted) {
    EXPECT_EQ(next_local("0 0 13 * fri", "2026-11-21 00:00"), "2026-11-27 00:00:00"); // a Friday
    EXPECT_EQ(next_local("0 0 13 * fri", "2026-12-12 00:00"), "2026-12-13 00:00:00"); // a Sunday
    // What begins with an asterisk is not restricted, so it must be both.
    EXPECT_EQ(next_local("0 0 13 * */5", "2026-11-21 00:00"), "2026-12-13 00:00:00"); // a Sunday, 0
    EXPECT_EQ(next_local("0 0 */13 * fri", "2026-11-21 00:00"), "2026-11-27 00:00:00");
    EXPECT_EQ(next_local("0 0 */2 * fri", "2026-11-28 00:00"), "2026-12-11 00:00:00");
}

TEST(Cron, LastDayAndCountedWeekdays) {
    for (const char *const last : {"0 0 L * *", "0 0 $ * *", "0 0 l * *"}) {
        EXPECT_EQ(next_local(last, "2027-02-01 00:00"), "2027-02-28 00:00:00");
        EXPECT_EQ(next_local(last, "2028-02-01 00:00"), "2028-02-29 00:00:00");
        EXPECT_EQ(next_local(last, "2028-02-29 00:01"), "2028-03-31 00:00:00");
    }
    EXPECT_EQ(next_local("0 0 15,L * *", "2028-02-01 00:00"), "2028-02-15 00:00:00");
    EXPECT_EQ(next_local("0 9 * * mon#2", "2026-11-21 00:00"), "2026-12-14 09:00:00");
    EXPECT_EQ(next_local("0 9 * * 7#1", "2026-11-21 00:00"), "2026-12-06 09:00:00");
    EXPECT_EQ(next_local("0 9 * * 5#5", "2026-11-21 00:00"), "2027-01-29 09:00:00");
    EXPECT_EQ(next_local("0 9 * * 5L", "2026-11-21 00:00"), "2026-11-27 09:00:00");
    EXPECT_EQ(next_local("0 9 * * friL,1#1", "2026-11-28 00:00"), "2026-12-07 09:00:00");
}

TEST(Cron, RareDatesAreFoundAndImpossibleOnesAreNot) {
    EXPECT_EQ(next_local("0 0 29 2 *", "2096-03-01 00:00"), "2104-02-29 00:00:00");
    EXPECT_EQ(next_local("0 0 29 2 */6", "2080-03-01 00:00"), "2088-02-29 00:00:00");
    EXPECT_EQ(next_local("0 0 */28 2 1#5", "2088-03-01 00:00"), "2112-02-29 00:00:00");
    for (const char *const never : {"0 0 31 2 *", "0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 */30 2 1#5"})
        EXPECT_EQ(next_local(never, "2026-01-01 00:00"), "never") << never;
}

/// The bound is 400 years because the calendar repeats: what is there once is there in each cycle.
TEST(Cron, EveryDateOfACycleIsFoundFromTheDayBehindIt) {
    for (std::int64_t day = days_from_date({2000, 2, 28}); day <= days_from_date({2000, 3, 1}); ++day) {
        Date const date = date_from_days(day);
        Cron cron = read_cron("0 0 * * *");
        cron.days = 1U << date.day;
        cron.months = 1U << date.month;
        cron.weekdays = 1U << weekday_of(day);
        std::optional<Seconds> const next = cron.at_or_after((day + 1) * day_seconds);
        ASSERT_TRUE(next.has_value());
        EXPECT_LE(*next, (day + cycle_days) * day_seconds);
    }
}

TEST(Cron, ErrorsNameTheField) {
    EXPECT_EQ(detail_of("60 * * * *"), "Field \"minute\" is \"60\": 60 is not within 0 to 59.");
    EXPECT_EQ(detail_of("* 24 * * *"), "Field \"hour\" is \"24\": 24 is not within 0 to 23.");
    EXPECT_EQ(detail_of("* * 0 * *"), "Field \"day of month\" is \"0\": 0 is not within 1 to 31.");
    EXPECT_EQ(detail_of("* * * 13 *"), "Field \"month\" is \"13\": 13 is not within 1 to 12.");
    EXPECT_EQ(detail_of("* * * * 8"), "Field \"weekday\" is \"8\": 8 is not within 0 to 7.");
    EXPECT_EQ(detail_of("61 * * * * *"), "Field \"second\" is \"61\": 61 is not within 0 to 59.");
    EXPECT_EQ(detail_of("12345678901234567890 * * * *"),
              "Field \"minute\" is \"12345678901234567890\": 12345678901234567890 is not within 0 to 59.");
}

TEST(Cron, ErrorsSayWhatIsWrong) {
    auto const expect = [](const char *expression, const char *why) {
        std::string const detail = detail_of(expression);
        EXPECT_NE(detail.find(why), std::string::npos) << expression << " gave: " << detail;
    };
    expect("? * * * *", "\"?\" is not a number; write *");
    expect("5/15 * * * *", "such as 5-59/15");
    expect("*/0 * * * *", "a step is a number from 1 on");
    expect("*/x * * * *", "a step is a number from 1 on");
    expect("*/61 * * * *", "longer than the whole field");
    expect("30-10 * * * *", "ends before it begins");
    expect("1-2-3 * * * *", "\"-3\" is not expected there");
    expect("1, * * * *", "an item of the list is missing");
    expect(",1 * * * *", "an item of the list is missing");
    expect("1- * * * *", "a number is missing");
    expect("-1 * * * *", "\"-1\" is not a number");
    expect("* jan * * *", "\"jan\" is not a number.");
    expect("* * * january *", "\"january\" is not a number or a name");
    expect("* * 15W * *", "\"W\" is not expected there");
    expect("* * L-3 * *", "\"-3\" is not expected there");
    expect("* * * * 1#6", "behind # stands 1 to 5");
    expect("* * * * 1#", "behind # stands 1 to 5");
    expect("* * * * 1#2#3", "\"#3\" is not expected there");
    expect("* * * * mon-L", "\"L\" is not a number or a name");
    expect("** * * * *", "\"*\" is not expected there");
    expect("*-5 * * * *", "\"-5\" is not expected there");
    expect("* * * *", "this has 4");
    expect("* * * * * * *", "this has more");
}

/// What is due in each minute around a clock change, second by second, from instants all around it.
void compare_around(const Zone &zone, const char *change, const char *expression) {
    Cron const cron = read_cron(expression);
    Seconds const begin = at(change) - 26 * hour_seconds;
    Seconds const until = at(change) + 26 * hour_seconds;
    Seconds after = begin;
    while (after < until) {
        std::optional<Seconds> const expected = oracle::next_due(cron, zone, after, until);
        std::optional<Seconds> const next = cron.next(zone, after);
        if (!expected) {
            EXPECT_TRUE(!next || *next > until) << expression << " after " << show(after);
            return;
        }
        ASSERT_TRUE(next.has_value()) << expression;
        ASSERT_EQ(show(*next), show(*expected)) << expression << " after " << show(after);
        after = *next;
    }
}

TEST(Cron, ClockChangesFollowTheDefinition) {
    struct Case {
        oracle::TableZone zone;
        std::vector<const char *> changes;
    };
    Case const cases[] = {
        {oracle::new_york(), {"2026-03-08 07:00", "2026-11-01 06:00"}},
        {oracle::lord_howe(), {"2026-04-04 15:00", "2026-10-03 15:30"}},
        {oracle::apia(), {"2011-12-30 10:00", "2012-03-31 14:00"}},
        {oracle::sao_paulo(), {"2018-02-18 02:00", "2018-11-04 03:00"}},
    };
    for (const Case &each : cases) {
        for (const char *const change : each.changes) {
            for (const char *const expression :
                 {"30 2 * * *", "0 2,3 * * *", "30 0-5 * * *", "0 0 * * *", "59 23 * * *", "*/15 * * * *",
                  "0 * * * *", "0 */2 * * *", "*/10 2 * * *", "15,45 1-3 * * sun", "0 12 30 12 *",
                  "*/7 30 2 * * *", "* 59 1,23 * * *", "17 * * * * *", "0 0 1 * *", "0 0-23 * * *"})
                compare_around(each.zone, change, expression);
        }
    }
}

TEST(Cron, RandomExpressionsFollowTheDefinition) {
    oracle::Random random(1);
    oracle::TableZone const zone = oracle::new_york();
    auto const one_of = [&](std::initializer_list<const char *> choices) {
        return std::string(choices.begin()[random.below(choices.size())]);
    };
    for (int round = 0; round < 60; ++round) {
        std::string const expression = one_of({"0", "30", "*", "*/7", "10-40/15", "59"}) + " " +
                                       one_of({"2", "1-3", "*", "*/3", "0,2,23", "2-23/2"}) + " " +
                                       one_of({"*", "8", "*/2", "1,L", "7-9"}) + " " +
                                       one_of({"*", "3", "mar,nov", "*/2"}) + " " +
                                       one_of({"*", "sun", "0#2", "0L", "*/2", "6,7"});
        compare_around(zone, random.below(2) == 0 ? "2026-03-08 07:00" : "2026-11-01 06:00",
                       expression.c_str());
    }
}

TEST(Cron, FixedTimesRunOnceAtClockChanges) {
    auto const next = [](const oracle::TableZone &zone, const char *expression, const char *after) {
        return show(read_cron(expression).next(zone, at(after)).value_or(0));
    };
    // 02:30 does not exist: at 03:00, which is 07:00 UTC.
    EXPECT_EQ(next(oracle::new_york(), "30 2 * * *", "2026-03-07 12:00"), "2026-03-08 07:00:00");
    EXPECT_EQ(next(oracle::new_york(), "30 2 * * *", "2026-03-08 07:00"), "2026-03-09 06:30:00");
    // 01:30 comes twice: the first, and then the day after.
    EXPECT_EQ(next(oracle::new_york(), "30 1 * * *", "2026-11-01 00:00"), "2026-11-01 05:30:00");
    EXPECT_EQ(next(oracle::new_york(), "30 1 * * *", "2026-11-01 05:30"), "2026-11-02 06:30:00");
    // A wild one in both, and none that does not exist.
    EXPECT_EQ(next(oracle::new_york(), "30 * * * *", "2026-11-01 05:30"), "2026-11-01 06:30:00");
    EXPECT_EQ(next(oracle::new_york(), "*/30 2 * * *", "2026-03-07 12:00"), "2026-03-09 06:00:00");
    EXPECT_EQ(next(oracle::apia(), "0 12 30 12 *", "2011-12-01 00:00"), "2011-12-30 10:00:00");
    EXPECT_EQ(next(oracle::sao_paulo(), "0 0 * * *", "2018-11-03 12:00"), "2018-11-04 03:00:00");
    EXPECT_EQ(next(oracle::lord_howe(), "15 2 * * *", "2026-10-03 00:00"), "2026-10-03 15:30:00");
}

} // namespace
} // namespace steward::core
