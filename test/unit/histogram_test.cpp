#include "core/stats/histogram.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "test/oracle/random.hpp"

namespace steward::core {
namespace {

using Counts = std::array<std::uint64_t, duration_buckets>;

constexpr std::uint64_t longest = std::numeric_limits<std::uint64_t>::max();

std::size_t naive_bucket(std::uint64_t duration) {
    std::size_t bucket = 0;
    while (duration > duration_bounds.at(bucket))
        ++bucket;
    return bucket;
}

Counts count(const std::vector<std::uint64_t> &durations) {
    Counts counts{};
    for (std::uint64_t const duration : durations)
        ++counts.at(duration_bucket(duration));
    return counts;
}

/// The smallest duration that the share q does not exceed.
std::uint64_t naive_quantile(std::vector<std::uint64_t> durations, double q) {
    std::sort(durations.begin(), durations.end());
    auto const rank = std::ceil(q * static_cast<double>(durations.size()));
    return durations.at(rank < 1.0 ? 0 : static_cast<std::size_t>(rank) - 1);
}

TEST(DurationBounds, AreHalfPowersOfTwoFrom128) {
    EXPECT_EQ(duration_bounds[0], 128U);
    EXPECT_EQ(duration_bounds[1], 181U);
    EXPECT_EQ(duration_bounds[2], 256U);
    EXPECT_EQ(duration_bounds[62], std::uint64_t{1} << 38);
    EXPECT_EQ(duration_bounds[63], longest);
    for (std::size_t i = 0; i + 1 < duration_buckets; ++i)
        EXPECT_EQ(duration_bounds.at(i),
                  static_cast<std::uint64_t>(128.0L * std::pow(2.0L, static_cast<long double>(i) / 2.0L)));
}

TEST(DurationBucket, HoldsItsUpperBound) {
    EXPECT_EQ(duration_bucket(0), 0U);
    EXPECT_EQ(duration_bucket(1), 0U);
    for (std::size_t i = 0; i < duration_buckets; ++i) {
        std::uint64_t const bound = duration_bounds.at(i);
        EXPECT_EQ(duration_bucket(bound - 1), i) << bound;
        EXPECT_EQ(duration_bucket(bound), i) << bound;
        if (bound < longest) {
            EXPECT_EQ(duration_bucket(bound + 1), i + 1) << bound;
        }
    }
}

TEST(DurationBucket, AgreesWithTheNaiveSearch) {
    oracle::Random random(1);
    for (int round = 0; round < 100000; ++round) {
        std::uint64_t const duration =
            random.below(std::size_t{1} << 32) << random.below(33) >> random.below(33);
        ASSERT_EQ(duration_bucket(duration), naive_bucket(duration)) << duration;
    }
}

TEST(DurationQuantile, OfNothingIsNotANumber) {
    EXPECT_TRUE(std::isnan(duration_quantile(Counts{}, 0.5)));
}

TEST(DurationQuantile, StaysInTheBucketOfASingleObservation) {
    Counts const counts = count({1000});
    for (double const q : {0.0, 0.5, 0.99, 1.0})
        EXPECT_NEAR(duration_quantile(counts, q), 1024.0, 1e-9);
}

TEST(DurationQuantile, CutsShares) {
    Counts const counts = count({200, 300, 400});
    EXPECT_EQ(duration_quantile(counts, -1.0), duration_quantile(counts, 0.0));
    EXPECT_EQ(duration_quantile(counts, 7.0), duration_quantile(counts, 1.0));
    EXPECT_EQ(duration_quantile(counts, std::numeric_limits<double>::quiet_NaN()),
              duration_quantile(counts, 0.0));
}

TEST(DurationQuantile, ReadsTheOpenBucketAsItsBeginning) {
    EXPECT_EQ(duration_quantile(count({longest, longest}), 0.5), static_cast<double>(duration_bounds[62]));
}

TEST(DurationQuantile, ReadsTheFirstBucketAsNoMoreThan128) {
    Counts const counts = count({1, 2, 3, 4});
    EXPECT_GT(duration_quantile(counts, 0.0), 90.0);
    EXPECT_NEAR(duration_quantile(counts, 1.0), 128.0, 1e-9);
}

TEST(DurationQuantile, SpreadsObservationsOnALogarithmicScale) {
    Counts counts{};
    counts[3] = 2; // 256 .. 362
    EXPECT_NEAR(duration_quantile(counts, 0.5), 256.0 * std::sqrt(362.0 / 256.0), 1e-9);
    EXPECT_NEAR(duration_quantile(counts, 1.0), 362.0, 1e-9);
}

TEST(DurationQuantile, SkipsEmptyBuckets) {
    Counts counts{};
    counts[2] = 1;
    counts[40] = 1;
    EXPECT_LE(duration_quantile(counts, 0.5), static_cast<double>(duration_bounds[2]));
    EXPECT_GT(duration_quantile(counts, 0.51), static_cast<double>(duration_bounds[39]));
}

TEST(DurationQuantile, IsWithinAFactorOfSqrtTwoOfTheTrueOne) {
    oracle::Random random(2);
    double const factor = std::sqrt(2.0) * 1.01; // bounds are rounded down to whole nanoseconds
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::uint64_t> durations(1 + random.below(500));
        std::size_t const spread = 1 + random.below(30);
        for (std::uint64_t &duration : durations)
            duration = (std::uint64_t{128} << random.below(spread)) + random.below(4096);
        Counts const counts = count(durations);
        double previous = 0.0;
        for (double const q : {0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0}) {
            double const estimate = duration_quantile(counts, q);
            double const truth = static_cast<double>(naive_quantile(durations, q));
            ASSERT_LE(estimate, truth * factor) << q;
            ASSERT_GE(estimate, truth / factor) << q;
            ASSERT_GE(estimate, previous);
            previous = estimate;
        }
    }
}

} // namespace
} // namespace steward::core
