#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/error.hpp"
#include "core/learn/calibration.hpp"
#include "core/learn/logistic.hpp"
#include "core/learn/metrics.hpp"

namespace steward::core {
namespace {

TEST(LearnMetrics, AreaUnderTheCurve) {
    std::vector<Judged> rows = {{0.1, false}, {0.4, false}, {0.35, true}, {0.8, true}};
    EXPECT_DOUBLE_EQ(area_under_curve(rows), 0.75);
    rows = {{0.5, true}, {0.5, false}, {0.5, true}};
    EXPECT_DOUBLE_EQ(area_under_curve(rows), 0.5);
    rows = {{0.2, false}, {0.9, true}};
    EXPECT_DOUBLE_EQ(area_under_curve(rows), 1);
    rows = {{0.2, true}};
    EXPECT_DOUBLE_EQ(area_under_curve(rows), 0.5);
    rows = {};
    EXPECT_DOUBLE_EQ(area_under_curve(rows), 0.5);
}

TEST(LearnMetrics, AreaIsTheShareOfPairsInOrder) {
    std::mt19937 random(3); // NOLINT: the same rows each time
    std::vector<Judged> rows;
    for (int i = 0; i < 300; ++i)
        rows.push_back({static_cast<double>(random() % 20), random() % 3 == 0});
    double pairs = 0;
    double ordered = 0;
    for (const Judged &yes : rows)
        for (const Judged &no : rows)
            if (yes.truth && !no.truth) {
                pairs += 1;
                ordered += yes.probability > no.probability ? 1 : yes.probability == no.probability ? 0.5 : 0;
            }
    EXPECT_NEAR(area_under_curve(rows), ordered / pairs, 1e-12);
}

TEST(LearnMetrics, Losses) {
    std::vector<Judged> const rows = {{0.9, true}, {0.2, false}, {0.0, true}};
    EXPECT_NEAR(log_loss(rows), (-std::log(0.9) - std::log(0.8) - std::log(1e-15)) / 3, 1e-12);
    EXPECT_NEAR(brier_score(rows), (0.01 + 0.04 + 1) / 3, 1e-12);
    EXPECT_EQ(log_loss({}), 0);
}

TEST(LearnMetrics, CalibrationError) {
    std::vector<Judged> rows;
    for (int i = 0; i < 1000; ++i)
        rows.push_back({i % 2 == 0 ? 0.2 : 0.7, i % 2 == 0 ? i % 10 == 0 : i % 20 < 14});
    EXPECT_LT(calibration_error(rows), 0.03); // of like ones any may be in a group
    for (Judged &row : rows)
        row.probability = row.probability < 0.5 ? 0.1 : 0.9;
    EXPECT_NEAR(calibration_error(rows), 0.15, 0.03);
}

TEST(LearnMetrics, WhatIsGainedInPairs) {
    std::vector<Judged> const champion = {{0.5, true}, {0.5, false}, {0.5, true}};
    std::vector<Judged> const better = {{0.8, true}, {0.3, false}, {0.7, true}};
    Estimate const gained = log_loss_gained(champion, better);
    EXPECT_NEAR(gained.mean, log_loss(champion) - log_loss(better), 1e-12);
    EXPECT_LT(gained.low, gained.mean);
    EXPECT_GT(gained.low, 0);
    EXPECT_LT(log_loss_gained(better, champion).high, 0);
    Estimate const same = log_loss_gained(champion, champion);
    EXPECT_EQ(same.low, 0);
    EXPECT_EQ(same.high, 0);
    EXPECT_EQ(log_loss_gained({champion.data(), 1}, {better.data(), 1}).low, -HUGE_VAL);
    EXPECT_THROW(log_loss_gained(champion, {}), Error);
}

TEST(LearnMetrics, AWorseModelIsSeldomTakenForBetter) {
    std::mt19937_64 random(11); // NOLINT: the same rows each time
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    int taken = 0;
    for (int repetition = 0; repetition < 200; ++repetition) {
        std::vector<Judged> champion;
        std::vector<Judged> challenger;
        for (int i = 0; i < 800; ++i) {
            double const score = 2 * normal(random);
            bool const truth = uniform(random) < probability(score);
            champion.push_back({probability(score + 0.3 * normal(random)), truth});
            challenger.push_back({probability(score + 0.4 * normal(random)), truth});
        }
        taken += log_loss_gained(champion, challenger).low > 0 ? 1 : 0;
    }
    EXPECT_LE(taken, 10); // 5 %
}

std::vector<Observed> observed(std::size_t n, double slope, double offset) {
    std::mt19937_64 random(5); // NOLINT: the same rows each time
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    std::vector<Observed> rows;
    for (std::size_t i = 0; i < n; ++i) {
        double const score = 3 * normal(random);
        rows.push_back({score, uniform(random) < probability(slope * score + offset)});
    }
    return rows;
}

TEST(LearnCalibration, FindsTheCurveThatRowsComeFrom) {
    auto const rows = observed(20000, 0.4, -1);
    Calibration const curve = Calibration::logistic(rows);
    EXPECT_NEAR(curve.slope, 0.4, 0.02);
    EXPECT_NEAR(curve.offset, -1, 0.04);
}

TEST(LearnCalibration, StepsComeTrueAsOftenAsTheySay) {
    auto rows = observed(20000, 0.4, -1);
    Calibration const curve = Calibration::isotonic(rows);
    std::vector<Judged> judged;
    for (const Observed &row : observed(20000, 0.4, -1))
        judged.push_back({curve(row.score), row.truth});
    EXPECT_LT(calibration_error(judged), 0.02);
    for (double score = -20; score < 20; score += 0.1)
        EXPECT_LE(curve(score), curve(score + 0.1));
}

TEST(LearnCalibration, StepsOfAFewRows) {
    std::vector<Observed> rows = {{1, false}, {2, true}, {3, false}, {4, true}, {4, true}};
    Calibration const curve = Calibration::isotonic(rows);
    ASSERT_EQ(curve.points.size(), 3U);    // 2 and 3 are one
    EXPECT_NEAR(curve(0), 1.0 / 12, 1e-9); // as certain as five rows can be
    EXPECT_NEAR(curve(2.5), 0.5, 1e-9);
    EXPECT_NEAR(curve(9), 11.0 / 12, 1e-9);
}

TEST(LearnCalibration, OfRowsThatSayNothing) {
    EXPECT_EQ(Calibration::logistic({})(1), probability(1));
    std::vector<Observed> const one_class(50, {1.0, true});
    EXPECT_GT(Calibration::logistic(one_class)(1), 0.9);
    EXPECT_LT(Calibration::logistic(one_class)(1), 1);
    auto const opposite = observed(2000, -1, 0);
    Calibration const flat = Calibration::logistic(opposite);
    EXPECT_EQ(flat.slope, 0);
    EXPECT_NEAR(flat(5), 0.5, 0.05);
}

} // namespace
} // namespace steward::core
