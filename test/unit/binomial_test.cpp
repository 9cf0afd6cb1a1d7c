#include "core/stats/binomial.hpp"

#include <cmath>

#include <gtest/gtest.h>

using steward::core::incomplete_beta;
using steward::core::probability_upper_bound;

namespace {

/// The probability of at most `events` in `trials`, term by term.
double at_most(std::uint64_t events, std::uint64_t trials, double p) {
    double sum = 0;
    auto const n = static_cast<double>(trials);
    for (std::uint64_t i = 0; i <= events; ++i) {
        auto const k = static_cast<double>(i);
        sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) +
                        (n - k) * std::log1p(-p));
    }
    return sum;
}

} // namespace

TEST(Binomial, BoundOfNoEventsHasAClosedForm) {
    for (std::uint64_t const trials : {1U, 10U, 148U, 149U, 10000U})
        EXPECT_NEAR(probability_upper_bound(0, trials, 0.95),
                    1 - std::pow(0.05, 1.0 / static_cast<double>(trials)), 1e-12);
    EXPECT_GT(probability_upper_bound(0, 148, 0.95), 0.02);
    EXPECT_LE(probability_upper_bound(0, 149, 0.95), 0.02);
}

TEST(Binomial, AtTheBoundSoFewEventsHaveTheProbabilityThatIsLeft) {
    for (std::uint64_t const trials : {5U, 100U, 3000U})
        for (std::uint64_t const events : {std::uint64_t{1}, trials / 5, trials / 2, trials - 1})
            for (double const confidence : {0.5, 0.95, 0.999})
                EXPECT_NEAR(at_most(events, trials, probability_upper_bound(events, trials, confidence)),
                            1 - confidence, 1e-9)
                    << events << " of " << trials;
}

TEST(Binomial, BoundIsOneWhereNothingIsKnownOrAllWere) {
    EXPECT_EQ(probability_upper_bound(0, 0, 0.95), 1);
    EXPECT_EQ(probability_upper_bound(7, 7, 0.95), 1);
}

TEST(Binomial, IncompleteBetaMeetsKnownValues) {
    EXPECT_NEAR(incomplete_beta(1, 1, 0.3), 0.3, 1e-14);
    EXPECT_NEAR(incomplete_beta(2, 3, 0.4), 0.5248, 1e-12);
    EXPECT_NEAR(incomplete_beta(3, 2, 0.6), 1 - 0.5248, 1e-12);
    EXPECT_EQ(incomplete_beta(2, 3, 0), 0);
    EXPECT_EQ(incomplete_beta(2, 3, 1), 1);
}
