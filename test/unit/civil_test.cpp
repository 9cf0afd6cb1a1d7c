#include "core/calendar/civil.hpp"

#include <gtest/gtest.h>

namespace steward::core {
namespace {

TEST(Civil, EachDayOfACycleHasItsDate) {
    Date expected{1600, 1, 1};
    std::int64_t const first = days_from_date(expected);
    for (std::int64_t day = first; day < first + 2 * cycle_days; ++day) {
        ASSERT_EQ(date_from_days(day), expected) << day;
        ASSERT_EQ(days_from_date(expected), day);
        if (expected.day < days_in_month(expected.year, expected.month))
            ++expected.day;
        else
            expected = expected.month < 12 ? Date{expected.year, expected.month + 1, 1}
                                           : Date{expected.year + 1, 1, 1};
    }
    EXPECT_EQ(expected, (Date{2400, 1, 1}));
}

TEST(Civil, DaysCountFrom1970) {
    EXPECT_EQ(days_from_date({1970, 1, 1}), 0);
    EXPECT_EQ(days_from_date({1969, 12, 31}), -1);
    EXPECT_EQ(days_from_date({2000, 3, 1}), 11017);
    EXPECT_EQ(days_from_date({9999, 12, 31}) * day_seconds + day_seconds - 1, last_instant);
}

TEST(Civil, WeekdaysBeginWithSunday) {
    EXPECT_EQ(weekday_of(days_from_date({1970, 1, 1})), 4);
    EXPECT_EQ(weekday_of(days_from_date({1969, 12, 28})), 0);
    EXPECT_EQ(weekday_of(days_from_date({2026, 11, 21})), 6);
    EXPECT_EQ(cycle_days % 7, 0);
}

TEST(Civil, CenturiesAreNoLeapYearsButEveryFourth) {
    EXPECT_TRUE(is_leap_year(2000));
    EXPECT_TRUE(is_leap_year(2028));
    EXPECT_FALSE(is_leap_year(2100));
    EXPECT_FALSE(is_leap_year(2027));
    EXPECT_EQ(days_in_month(2100, 2), 28);
    EXPECT_EQ(days_in_month(2000, 2), 29);
}

} // namespace
} // namespace steward::core
