#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "core/error.hpp"
#include "core/learn/thompson.hpp"

namespace steward::core {
namespace {

double beta_draw(std::mt19937_64 &random, const Belief &belief) {
    double const yes = std::gamma_distribution<double>(belief.successes)(random);
    double const no = std::gamma_distribution<double>(belief.failures)(random);
    return yes / (yes + no);
}

/// How often each has the greatest draw.
std::vector<double> drawn_odds(std::span<const Belief> beliefs, int draws) {
    std::mt19937_64 random(7); // NOLINT: the same draws each time
    std::vector<double> wins(beliefs.size());
    for (int i = 0; i < draws; ++i) {
        std::size_t best = 0;
        double greatest = -HUGE_VAL;
        for (std::size_t each = 0; each < beliefs.size(); ++each) {
            double const value = beta_draw(random, beliefs[each]) - beliefs[each].cost;
            if (value > greatest) {
                greatest = value;
                best = each;
            }
        }
        wins[best] += 1.0 / draws;
    }
    return wins;
}

/// P(first > second) where the evidence is whole numbers. Source: Evan Miller, "Formulas for Bayesian A/B
/// Testing", 2015.
double exact_odds_of_first(double a1, double b1, double a2, double b2) {
    double sum = 0;
    auto const log_beta = [](double x, double y) {
        return std::lgamma(x) + std::lgamma(y) - std::lgamma(x + y);
    };
    for (double i = 0; i < a1; ++i)
        sum +=
            std::exp(log_beta(a2 + i, b1 + b2) - std::log(b1 + i) - log_beta(1 + i, b1) - log_beta(a2, b2));
    return sum;
}

TEST(LearnThompson, TwoBeliefsAsByTheClosedFormula) {
    for (auto const &[a1, b1, a2, b2] : std::vector<std::array<double, 4>>{{1, 1, 1, 1},
                                                                           {1, 1, 2, 1},
                                                                           {3, 5, 4, 2},
                                                                           {50, 50, 1, 1},
                                                                           {200, 100, 190, 110},
                                                                           {1, 30, 1, 20},
                                                                           {400, 1, 90, 1}}) {
        std::vector<Belief> const beliefs = {{a1, b1, 0}, {a2, b2, 0}};
        EXPECT_NEAR(thompson_odds(beliefs)[0], exact_odds_of_first(a1, b1, a2, b2), 5e-5)
            << a1 << ' ' << b1 << ' ' << a2 << ' ' << b2;
    }
}

TEST(LearnThompson, ManyBeliefsAsByDrawing) {
    std::vector<std::vector<Belief>> const cases = {
        {{1.5, 1, 0}, {1.25, 1.25, 0}, {1, 1.5, 0}, {1, 1.5, 0}, {1, 1.5, 0}},
        {{1, 1, 0}, {30, 20, 0}, {300, 200, 0}, {2, 5, 0}, {1, 9, 0}, {0.5, 0.5, 0}, {12, 3, 0}},
        {{0.05, 0.05, 0}, {0.4, 1.6, 0}, {3, 2, 0}},
        {{30, 10, 0.3}, {20, 10, 0}, {1, 1, 0.1}, {5, 2, 0.2}},
        {{3, 1, 0.9}, {3, 2, -0.9}, {0.5, 0.5, 0}},
    };
    for (const auto &beliefs : cases) {
        std::vector<double> const odds = thompson_odds(beliefs);
        std::vector<double> const drawn = drawn_odds(beliefs, 200000);
        EXPECT_NEAR(std::accumulate(odds.begin(), odds.end(), 0.0), 1, 1e-12);
        for (std::size_t i = 0; i < odds.size(); ++i)
            EXPECT_NEAR(odds[i], drawn[i], 0.005) << i << " of " << beliefs.size();
    }
}

TEST(LearnThompson, LikeBeliefsHaveLikeOdds) {
    std::vector<Belief> const beliefs(7, {2, 3, 0});
    for (double const each : thompson_odds(beliefs))
        EXPECT_NEAR(each, 1.0 / 7, 1e-9);
}

TEST(LearnThompson, CostsThatAreTheSameDoNotMatter) {
    std::vector<Belief> beliefs = {{3, 5, 0}, {4, 2, 0}, {1, 1, 0}};
    std::vector<double> const odds = thompson_odds(beliefs);
    for (Belief &each : beliefs)
        each.cost = 0.25;
    EXPECT_EQ(thompson_odds(beliefs), odds);
    beliefs[0].cost = 0.25 + 1e-12; // by the other way of comparing
    for (std::size_t i = 0; i < odds.size(); ++i)
        EXPECT_NEAR(thompson_odds(beliefs)[i], odds[i], 2e-4);
}

TEST(LearnThompson, ACostDecides) {
    std::vector<Belief> const beliefs = {{80, 20, 0.5}, {60, 40, 0}};
    EXPECT_LT(thompson_odds(beliefs)[0], 1e-6);
}

TEST(LearnThompson, EvidenceOfAnySize) {
    for (double const a : {0.05, 0.3, 1.0, 40.0, 1e4, 1e9})
        for (double const b : {0.05, 0.3, 1.0, 40.0, 1e4, 1e9}) {
            std::vector<Belief> const beliefs = {{a, b, 0}, {1, 1, 0}, {b, a, 0}};
            std::vector<double> const odds = thompson_odds(beliefs);
            EXPECT_NEAR(std::accumulate(odds.begin(), odds.end(), 0.0), 1, 1e-9) << a << ' ' << b;
            std::vector<Belief> const turned = {{b, a, 0}, {1, 1, 0}, {a, b, 0}};
            std::vector<double> const odds_turned = thompson_odds(turned);
            EXPECT_NEAR(odds[0], odds_turned[2], 1e-9) << a << ' ' << b;
            // Above a share drawn evenly lies the mean of the other, if there is but one.
            EXPECT_NEAR(thompson_odds(std::span(beliefs).first(2))[0], a / (a + b), 5e-4) << a << ' ' << b;
        }
}

TEST(LearnThompson, NoneAndOne) {
    EXPECT_TRUE(thompson_odds({}).empty());
    std::vector<Belief> const one = {{2, 5, 0.5}};
    EXPECT_EQ(thompson_odds(one), std::vector<double>{1});
}

TEST(LearnThompson, RefusesWhatIsNoEvidence) {
    for (Belief const &bad :
         {Belief{0, 1, 0}, Belief{1, -1, 0}, Belief{NAN, 1, 0}, Belief{1, HUGE_VAL, 0}, Belief{1, 1, NAN}}) {
        std::vector<Belief> const beliefs = {{1, 1, 0}, bad};
        EXPECT_THROW(thompson_odds(beliefs), Error);
    }
    EXPECT_THROW(thompson_odds(std::vector<Belief>(101, {1, 1, 0})), Error);
}

TEST(LearnThompson, Floor) {
    std::vector<double> odds = {0.999, 0.001, 0, 0};
    raise_to_floor(odds, 0.02);
    EXPECT_DOUBLE_EQ(odds[2], 0.02);
    EXPECT_NEAR(odds[0], 0.02 + 0.92 * 0.999, 1e-12);
    EXPECT_NEAR(std::accumulate(odds.begin(), odds.end(), 0.0), 1, 1e-12);
    raise_to_floor(odds, 0.9);
    for (double const each : odds)
        EXPECT_DOUBLE_EQ(each, 0.25);
}

void stop_at_once() {
    throw Error(ErrorKind::unsupported, "stopped");
}

TEST(LearnThompson, CanBeStopped) {
    std::vector<Belief> const beliefs(100, {2, 3, 0});
    EXPECT_THROW(thompson_odds(beliefs, Stop{stop_at_once}), Error);
}

} // namespace
} // namespace steward::core
