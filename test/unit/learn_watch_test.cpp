#include "core/learn/watch.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/error.hpp"
#include "core/learn/judge.hpp"

namespace steward::core {
namespace {

TEST(RowSketch, CountsAllOfFewRows) {
    RowSketch sketch(4);
    EXPECT_EQ(sketch.add(7), 1U);
    EXPECT_EQ(sketch.add(7), 2U);
    EXPECT_EQ(sketch.add(9), 1U);
    EXPECT_EQ(sketch.count(7), 2U);
    EXPECT_EQ(sketch.count(8), 0U);
    EXPECT_EQ(sketch.reach(), std::numeric_limits<std::uint64_t>::max());
}

TEST(RowSketch, KeepsTheSmallestHashesInAnyOrder) {
    std::vector<std::uint64_t> hashes;
    std::mt19937_64 random(1);
    for (int i = 0; i < 1000; ++i)
        hashes.push_back(random());
    RowSketch forward(10);
    RowSketch backward(10);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        forward.add(hashes[i]);
        forward.add(hashes[i]);
        backward.add(hashes[hashes.size() - 1 - i]);
        backward.add(hashes[hashes.size() - 1 - i]);
    }
    EXPECT_EQ(forward.serialize(), backward.serialize());
    std::ranges::sort(hashes);
    EXPECT_EQ(forward.reach(), hashes[9]);
    for (std::size_t i = 0; i < 10; ++i)
        EXPECT_EQ(forward.count(hashes[i]), 2U);
    EXPECT_EQ(forward.count(hashes[10]), 0U);
    EXPECT_EQ(forward.add(hashes[10]), 0U);
}

TEST(RowSketch, ComesBackFromBytes) {
    RowSketch sketch(3);
    for (std::uint64_t hash : {50U, 40U, 30U, 20U, 10U, 20U})
        sketch.add(hash);
    std::string const bytes = sketch.serialize();
    RowSketch again = RowSketch::deserialize(bytes);
    EXPECT_EQ(again.count(20), 2U);
    EXPECT_EQ(again.count(40), 0U);
    EXPECT_EQ(again.reach(), 30U);
    EXPECT_EQ(again.serialize(), bytes);
    EXPECT_THROW(RowSketch::deserialize("nonsense"), Error);
    EXPECT_THROW(RowSketch::deserialize(bytes.substr(0, bytes.size() - 1)), Error);
}

TEST(ScoreBins, HaveATenthOfTheRowsEach) {
    std::vector<float> scores;
    for (int i = 0; i < 1000; ++i)
        scores.push_back(static_cast<float>(i) / 1000);
    ScoreBins const bins = bins_of(scores);
    ASSERT_EQ(bins.shares.size(), 10U);
    for (float const share : bins.shares)
        EXPECT_NEAR(share, 0.1F, 1e-6F);
    EXPECT_EQ(bins.bin_of(-1), 0U);
    EXPECT_EQ(bins.bin_of(0.05), 0U);
    EXPECT_EQ(bins.bin_of(0.1), 1U);
    EXPECT_EQ(bins.bin_of(2), 9U);
}

TEST(ScoreBins, AreFewerOfEqualScores) {
    std::vector<float> same(100, 0.5F);
    EXPECT_EQ(bins_of(same).shares, std::vector<float>{1.0F});
    std::vector<float> two(100, 0.25F);
    std::fill_n(two.begin(), 20, 0.75F);
    EXPECT_EQ(bins_of(two).shares, (std::vector<float>{0.8F, 0.2F}));
    EXPECT_TRUE(bins_of({}).shares.empty());
}

TEST(ScoreBins, StabilityIsTheTextbooks) {
    ScoreBins bins;
    bins.edges = {0.5F};
    bins.shares = {0.5F, 0.5F};
    EXPECT_DOUBLE_EQ(population_stability(bins, std::vector{30.0, 30.0}), 0);
    // (0.75 - 0.5) ln(0.75 / 0.5) + (0.25 - 0.5) ln(0.25 / 0.5)
    EXPECT_NEAR(population_stability(bins, std::vector{75.0, 25.0}), 0.274653, 1e-6);
    EXPECT_GT(population_stability(bins, std::vector{75.0, 0.0}), 1);
    EXPECT_DOUBLE_EQ(population_stability(bins, std::vector{0.0, 0.0}), 0);
}

/// By how much two models say `yes`, whatever they are asked; with one range of probabilities.
Model always(double share) {
    ModelParts parts =
        constant_model(LabelKind::one_of, {"no", "yes"}, std::vector{1 - share, share}).parts();
    parts.bins = {{{}, {1.0F}}, {{0.5F}, {0.5F, 0.5F}}};
    return Model(std::move(parts));
}

class WatchTest : public ::testing::Test {
  protected:
    static void add(Watch &watch, const std::string &text, std::optional<std::string_view> label) {
        RowLabels labels;
        if (label)
            labels = std::span(&*label, 1);
        watch.add({text, {}}, labels, Encoding::utf8, Stop{});
    }
    static RowSketch known(std::initializer_list<std::pair<std::string, std::string_view>> rows) {
        RowSketch sketch;
        for (const auto &[text, label] : rows)
            sketch.add(hash_known(hash_input({text, {}}), std::span(&label, 1)));
        return sketch;
    }
    Model good = always(0.9);
    Model poor = always(0.5);
};

TEST_F(WatchTest, JudgesByNewRowsAlone) {
    Watch watch(good, &poor, known({{"old", "no"}}), std::nullopt);
    add(watch, "old", "no");
    add(watch, "new", "yes");
    add(watch, "newer", "yes");
    add(watch, "unknown", std::nullopt);
    add(watch, "strange", "maybe");
    Watch::Report const report = watch.report();
    EXPECT_EQ(report.loss.n, 2U);
    EXPECT_NEAR(report.loss.mean, -std::log(0.9), 1e-6);
    EXPECT_NEAR(report.gained.mean, std::log(0.9 / 0.5), 1e-6);
    EXPECT_EQ(report.inputs, 0U);
}

TEST_F(WatchTest, OneMoreCopyIsNewAndAnotherLabelIsToo) {
    Watch watch(good, nullptr, known({{"a", "yes"}, {"b", "yes"}}), std::nullopt);
    add(watch, "a", "yes");
    add(watch, "a", "yes");
    add(watch, "b", "no");
    Watch::Report const report = watch.report();
    EXPECT_EQ(report.loss.n, 2U);
    EXPECT_NEAR(report.loss.mean, -(std::log(0.9) + std::log(0.1)) / 2, 1e-6);
    EXPECT_EQ(report.gained.mean, 0);
}

TEST_F(WatchTest, RowsThatAreGoneDoNotHideNewOnes) {
    Watch watch(good, nullptr, known({{"a", "yes"}, {"b", "yes"}, {"c", "yes"}}), std::nullopt);
    add(watch, "d", "yes");
    EXPECT_EQ(watch.report().loss.n, 1U);
}

TEST_F(WatchTest, SeesInputsThatNobodyKnowsYet) {
    Watch first(good, nullptr, RowSketch(), std::nullopt);
    add(first, "a", std::nullopt);
    Watch second(good, nullptr, RowSketch(), RowSketch::deserialize(first.inputs().serialize()));
    add(second, "a", std::nullopt);
    add(second, "b", std::nullopt);
    add(second, "b", std::nullopt);
    add(second, "c", "yes");
    Watch::Report const report = second.report();
    EXPECT_EQ(report.inputs, 3U);
    ASSERT_EQ(report.stability.size(), 2U);
    EXPECT_EQ(report.stability[0], 0);   // one range
    EXPECT_GT(report.stability[1], 0.5); // all of them above 0.5, where half was
}

TEST_F(WatchTest, ValuesAreInputsInAnyOrder) {
    std::vector<NamedValue> const ab{{"a", "x"}, {"b", {}, 2, true}};
    std::vector<NamedValue> const ba{{"b", {}, 2, true}, {"a", "x"}};
    std::vector<NamedValue> const other{{"a", "x"}, {"b", {}, 3, true}};
    EXPECT_EQ(hash_input({"t", ab}), hash_input({"t", ba}));
    EXPECT_NE(hash_input({"t", ab}), hash_input({"t", other}));
    EXPECT_NE(hash_input({"t", ab}), hash_input({"t", {}}));
}

TEST_F(WatchTest, SamplesManyRowsFairly) {
    RowSketch before;
    std::string_view const yes = "yes";
    for (int i = 0; i < 200'000; ++i)
        before.add(hash_known(hash_input({std::to_string(i), {}}), std::span(&yes, 1)));
    Watch watch(good, nullptr, RowSketch::deserialize(before.serialize()), std::nullopt);
    for (int i = 0; i < 300'000; ++i) // of the new ones a fifth is not as it says
        add(watch, std::to_string(i), i % 5 == 0 && i >= 200'000 ? "no" : "yes");
    Watch::Report const report = watch.report();
    EXPECT_GT(report.loss.n, 9'000U); // a third of 32,768
    EXPECT_LT(report.loss.n, 13'000U);
    EXPECT_NEAR(report.loss.mean, -(0.8 * std::log(0.9) + 0.2 * std::log(0.1)), 0.05);
}

} // namespace
} // namespace steward::core
