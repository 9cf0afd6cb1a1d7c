#include "core/score/constitutional.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace steward::core {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

struct Counts {
    std::int64_t part;
    std::int64_t all;
};

/// Calls `call`, which must be refused as an invalid argument; returns the error.
template <class Call> Error refusal(Call call) {
    try {
        call();
    } catch (const Error &error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
        return error;
    }
    ADD_FAILURE() << "not refused";
    return Error(ErrorKind::unsupported, "");
}

std::string weights_refused_with(const std::vector<double> &values) {
    return refusal([&] { make_weights(values); }).what();
}

TEST(Weights, DefaultsAddUpToOne) {
    Weights const weights;
    EXPECT_EQ(weights.clarity, 0.3);
    EXPECT_EQ(weights.formality, 0.4);
    EXPECT_EQ(weights.reliability, 0.3);
}

TEST(Weights, AreReadInOrder) {
    Weights const weights = make_weights(std::vector{0.2, 0.3, 0.5});
    EXPECT_EQ(weights.clarity, 0.2);
    EXPECT_EQ(weights.formality, 0.3);
    EXPECT_EQ(weights.reliability, 0.5);
}

TEST(Weights, MayBeZero) {
    EXPECT_EQ(make_weights(std::vector{0.0, 1.0, 0.0}).formality, 1.0);
}

TEST(Weights, MayMissOneByAMillionth) {
    EXPECT_NO_THROW(make_weights(std::vector{0.3, 0.4, 0.3 + 9e-7}));
    EXPECT_NO_THROW(make_weights(std::vector{0.3, 0.4, 0.3 - 9e-7}));
    EXPECT_EQ(weights_refused_with({0.3, 0.4, 0.3 + 2e-6}), "weights must add up to 1");
    EXPECT_EQ(weights_refused_with({0.3, 0.4, 0.3 - 2e-6}), "weights must add up to 1");
}

TEST(Weights, AreThree) {
    for (const std::vector<double> &values : {std::vector<double>{}, std::vector{1.0}, std::vector{0.5, 0.5},
                                              std::vector{0.25, 0.25, 0.25, 0.25}})
        EXPECT_EQ(weights_refused_with(values), "weights must have exactly three elements");
    Error const error = refusal([] { make_weights(std::vector{0.5, 0.5}); });
    EXPECT_EQ(error.detail(), "There are 2.");
    EXPECT_FALSE(error.hint().empty());
}

TEST(Weights, AreFiniteAndNotNegative) {
    for (double const bad : {-0.1, nan, infinity, -infinity})
        for (std::size_t place = 0; place < 3; ++place) {
            std::vector<double> values = {0.5, 0.5, 0.5};
            values[place] = bad;
            EXPECT_EQ(weights_refused_with(values), "weights must be finite and not negative") << bad;
        }
    EXPECT_EQ(weights_refused_with({-0.5, 1.0, 0.5}), "weights must be finite and not negative");
}

TEST(Weights, OverflowingSumIsRefused) {
    EXPECT_EQ(weights_refused_with({1e308, 1e308, 1e308}), "weights must add up to 1");
}

TEST(CriteriaFormality, IsZeroWithoutCriteria) {
    EXPECT_EQ(criteria_formality(0, 0), 0.0);
}

TEST(CriteriaFormality, IsTheShareBelowThreeCriteria) {
    EXPECT_EQ(criteria_formality(0, 1), 0.0);
    EXPECT_EQ(criteria_formality(1, 1), 1.0);
    EXPECT_EQ(criteria_formality(1, 2), 0.5);
    EXPECT_EQ(criteria_formality(2, 2), 1.0);
}

TEST(CriteriaFormality, GainsATenthFromThreeCriteriaOn) {
    EXPECT_EQ(criteria_formality(0, 3), 0.0);
    EXPECT_DOUBLE_EQ(criteria_formality(1, 3), 1.1 / 3.0);
    EXPECT_DOUBLE_EQ(criteria_formality(2, 4), 0.55);
    EXPECT_DOUBLE_EQ(criteria_formality(9, 10), 0.99);
}

TEST(CriteriaFormality, IsAtMostOne) {
    EXPECT_EQ(criteria_formality(3, 3), 1.0);
    EXPECT_EQ(criteria_formality(10, 11), 1.0);
    EXPECT_EQ(criteria_formality(most, most), 1.0);
    EXPECT_EQ(criteria_formality(most - 1, most), 1.0);
}

TEST(CriteriaFormality, RefusesCountsThatCannotBe) {
    for (const Counts &counts : {Counts{-1, 3}, {4, 3}, {0, -1}, {-1, -1}, {least, most}, {most, 0}})
        EXPECT_STREQ(refusal([&] { criteria_formality(counts.part, counts.all); }).what(),
                     "complete criteria must lie between 0 and all criteria");
}

TEST(SynthesisReliability, IsThreeQuartersBeforeAnyAttempt) {
    EXPECT_EQ(synthesis_reliability(0, 0), 0.75);
}

TEST(SynthesisReliability, MovesFromThePriorToTheRate) {
    EXPECT_EQ(synthesis_reliability(0, 1), 0.6);
    EXPECT_EQ(synthesis_reliability(1, 1), 0.8);
    EXPECT_EQ(synthesis_reliability(5, 12), 0.5);
    EXPECT_NEAR(synthesis_reliability(500000, 1000000), 0.5, 1e-5);
}

TEST(SynthesisReliability, StaysInRangeForTheLargestCounts) {
    EXPECT_EQ(synthesis_reliability(most, most), 1.0);
    EXPECT_GE(synthesis_reliability(0, most), 0.0);
    EXPECT_LT(synthesis_reliability(0, most), 1e-17);
}

TEST(SynthesisReliability, RefusesNegativeCounts) {
    for (const Counts &counts : {Counts{-1, 0}, {0, -1}, {-2, -1}, {least, least}})
        EXPECT_STREQ(refusal([&] { synthesis_reliability(counts.part, counts.all); }).what(),
                     "successes and attempts must not be negative");
}

TEST(SynthesisReliability, RefusesMoreSuccessesThanAttempts) {
    Error const error = refusal([] { synthesis_reliability(3, 2); });
    EXPECT_STREQ(error.what(), "successes must not exceed attempts");
    EXPECT_EQ(error.detail(), "3 successes were given for 2 attempts.");
}

TEST(ConstitutionalScore, WeighsClarityFormalityAndReliability) {
    Weights const weights;
    EXPECT_DOUBLE_EQ(constitutional_score({1.0, 0.0, 0.0}, weights), 0.0);
    EXPECT_DOUBLE_EQ(constitutional_score({0.0, 0.0, 0.0}, weights), 0.3);
    EXPECT_DOUBLE_EQ(constitutional_score({1.0, 1.0, 0.0}, weights), 0.4);
    EXPECT_DOUBLE_EQ(constitutional_score({1.0, 0.0, 1.0}, weights), 0.3);
    EXPECT_DOUBLE_EQ(constitutional_score({0.25, 0.5, 0.75}, weights), 0.225 + 0.2 + 0.225);
    EXPECT_DOUBLE_EQ(constitutional_score({0.25, 0.5, 0.75}, {0.0, 0.0, 1.0}), 0.75);
}

TEST(ConstitutionalScore, StaysWithinZeroAndOne) {
    EXPECT_EQ(constitutional_score({0.0, 1.0, 1.0}, {0.3, 0.4, 0.3 + 9e-7}), 1.0);
    EXPECT_EQ(constitutional_score({2.0, 0.0, 0.0}, {1.0, 0.0, 0.0}), 0.0);
}

TEST(RiskLevel, ChangesAtItsThresholds) {
    EXPECT_EQ(risk_level(0.0), "high");
    EXPECT_EQ(risk_level(std::nextafter(0.3, 0.0)), "high");
    EXPECT_EQ(risk_level(0.3), "medium");
    EXPECT_EQ(risk_level(std::nextafter(0.6, 0.0)), "medium");
    EXPECT_EQ(risk_level(0.6), "low");
    EXPECT_EQ(risk_level(std::nextafter(0.8, 0.0)), "low");
    EXPECT_EQ(risk_level(0.8), "minimal");
    EXPECT_EQ(risk_level(1.0), "minimal");
}

TEST(ConstitutionalFormula, HasAVersion) {
    EXPECT_EQ(constitutional_formula_version, "constitutional-1");
}

} // namespace
} // namespace steward::core
