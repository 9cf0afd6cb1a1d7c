// What a launcher says of its ticks, by a clock that the test moves.
#include "core/stats/ticks.hpp"

#include <gtest/gtest.h>
#include <numeric>

namespace steward::core {
namespace {

constexpr std::uint64_t ms = 1000000;
constexpr std::uint64_t second = 1000 * ms;
constexpr std::uint64_t start = 5000 * second + 123;

std::uint64_t times(const TickCounts &counts) {
    return std::accumulate(counts.lateness.begin(), counts.lateness.end(), std::uint64_t{0});
}

TEST(Ticks, ReturnsTheGridsNextTime) {
    TickCounts counts{};
    begin_ticks(counts, start);
    EXPECT_EQ(count_tick(counts, start, 100 * ms, start), start + 100 * ms);
    EXPECT_EQ(count_tick(counts, start + 100 * ms, 100 * ms, start + 199 * ms), start + 200 * ms);
    EXPECT_EQ(count_tick(counts, start + 200 * ms, 100 * ms, start + 300 * ms), start + 400 * ms)
        << "missed one";
    EXPECT_EQ(counts.ticks, 3U);
    EXPECT_EQ(counts.missed, 1U);
    EXPECT_EQ(counts.longest, 100 * ms);
    EXPECT_EQ(times(counts), 4U);
    EXPECT_NEAR(counts.total_s, 0.099 + 0.1, 1e-9);
}

TEST(Ticks, DoNotDrift) {
    TickCounts counts{};
    begin_ticks(counts, start);
    std::uint64_t due = start;
    for (std::uint64_t i = 0; i < 100000; ++i)
        due = count_tick(counts, due, 100 * ms, due + i * 7919 % 100 * ms);
    EXPECT_EQ(due, start + 100000 * 100 * ms);
    EXPECT_EQ(counts.missed, 0U);
}

TEST(Ticks, MissedOnesAreLate) {
    TickCounts counts{};
    begin_ticks(counts, start);
    std::uint64_t const due = count_tick(counts, start, 100 * ms, start + 10 * second);
    EXPECT_EQ(due, start + 10 * second + 100 * ms);
    EXPECT_EQ(counts.missed, 100U);
    EXPECT_EQ(times(counts), 101U);
    EXPECT_NEAR(counts.total_s, 10 * 101 / 2.0, 1e-6) << "from 10 s down to 0";
    EXPECT_NEAR(duration_quantile(counts.lateness, 0.5), 5e9, 2.1e9);
    EXPECT_GT(duration_quantile(counts.lateness, 0.95), 6.6e9);
}

TEST(Ticks, DaysAreCountedAtOnce) {
    TickCounts counts{};
    begin_ticks(counts, start);
    std::uint64_t const late = 30ULL * 86400 * second;
    EXPECT_EQ(count_tick(counts, start, 10 * ms, start + late), start + late + 10 * ms);
    EXPECT_EQ(times(counts), late / (10 * ms) + 1);
    EXPECT_EQ(counts.missed, late / (10 * ms));
    EXPECT_GT(counts.lateness.back(), counts.missed * 99 / 100);
}

TEST(Ticks, FrequencySinceTheBeginning) {
    TickCounts counts{};
    begin_ticks(counts, start);
    EXPECT_EQ(tick_frequency(counts, start), 0.0);
    std::uint64_t due = start + 100 * ms;
    for (int i = 0; i < 300; ++i)
        due = count_tick(counts, due, 100 * ms, due + ms);
    EXPECT_NEAR(tick_frequency(counts, due - 100 * ms), 10.0, 1e-9);
}

TEST(Ticks, FrequencyOfTheLastMinute) {
    TickCounts counts{};
    begin_ticks(counts, start);
    std::uint64_t due = start + 100 * ms;
    while (due < start + 200 * second)
        due = count_tick(counts, due, 100 * ms, due + ms);
    EXPECT_NEAR(tick_frequency(counts, due), 10.0, 0.02);
    while (due < start + 260 * second) // every other one
        due = count_tick(counts, due, 100 * ms, due + 101 * ms);
    EXPECT_NEAR(tick_frequency(counts, due), 5.0, 0.2);
    EXPECT_NEAR(tick_frequency(counts, due + 30 * second), 2.5, 0.2) << "silence counts";
    EXPECT_EQ(tick_frequency(counts, due + 3600 * second), 0.0);
}

} // namespace
} // namespace steward::core
