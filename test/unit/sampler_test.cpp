#include "core/stats/sampler.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace steward::core {
namespace {

constexpr int rounds = 200000;

/// How often the sampler says yes at every `stride`-th call.
int picked(Sampler sampler, int stride) {
    int yes = 0;
    for (int round = 0; round < rounds; ++round) {
        yes += sampler.next() ? 1 : 0;
        for (int skipped = 1; skipped < stride; ++skipped)
            sampler.next();
    }
    return yes;
}

TEST(Sampler, NeverAndAlwaysAreExact) {
    EXPECT_EQ(picked(Sampler(0.0), 1), 0);
    EXPECT_EQ(picked(Sampler(-1.0), 1), 0);
    EXPECT_EQ(picked(Sampler(std::numeric_limits<double>::quiet_NaN()), 1), 0);
    EXPECT_EQ(picked(Sampler(1.0), 1), rounds);
    EXPECT_EQ(picked(Sampler(2.0), 1), rounds);
}

TEST(Sampler, PicksItsShareWhateverTheStride) {
    for (double const rate : {0.01, 0.1, 0.5}) {
        double const wanted = rate * rounds;
        for (int const stride : {1, 2, 3, 4, 5, 7, 8, 10, 16, 20, 32, 64, 100})
            EXPECT_NEAR(picked(Sampler(rate), stride), wanted, 0.05 * wanted + 200) << rate << " " << stride;
    }
}

TEST(Sampler, PicksOtherCallsWithAnotherSeed) {
    Sampler one(0.5);
    Sampler other(0.5);
    other.seed(1);
    int different = 0;
    for (int round = 0; round < 1000; ++round)
        different += one.next() != other.next() ? 1 : 0;
    EXPECT_GT(different, 300);
}

TEST(Sampler, TakesANewRateAtOnce) {
    Sampler sampler(0.0);
    sampler.set_rate(1.0);
    EXPECT_TRUE(sampler.next());
    sampler.set_rate(0.0);
    EXPECT_FALSE(sampler.next());
}

} // namespace
} // namespace steward::core
