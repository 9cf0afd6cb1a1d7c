#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/learn/exact.hpp"
#include "test/unit/learn_examples.hpp"

namespace steward::core {
namespace {

constexpr std::uint32_t places = 20;

/// Rows of which some places decide, with noise; a second head is the opposite of the first.
KeptExamples &rows() {
    static KeptExamples examples;
    if (examples.size() > 0)
        return examples;
    std::mt19937_64 random(7); // NOLINT: the same rows each time
    std::uniform_real_distribution<float> uniform;
    for (int i = 0; i < 2000; ++i) {
        std::vector<Feature> features;
        float score = -0.5F;
        for (std::uint32_t place = 0; place < places; ++place)
            if (uniform(random) < 0.3F) {
                features.push_back({place, 1.0F});
                score += place < 5 ? 2.0F : place < 10 ? -2.0F : 0.0F;
            }
        bool const is = uniform(random) < static_cast<float>(probability(static_cast<double>(score)));
        examples.add(std::move(features),
                     {truth_of(is), truth_of(!is), i % 3 == 0 ? Truth::unknown : truth_of(is)});
    }
    return examples;
}

double loss_of(Examples &examples, const LinearModel &model, std::uint32_t head) {
    std::vector<float> scores(model.heads());
    double loss = 0;
    examples.rewind();
    for (Example example{}; examples.next(example);) {
        model.score(example.features, scores);
        double const p = probability(static_cast<double>(scores[head]));
        if (example.truths[head] != Truth::unknown)
            loss -= std::log(example.truths[head] == Truth::yes ? p : 1 - p);
    }
    return loss;
}

TEST(LearnLogistic, ProbabilitiesDoNotOverflow) {
    EXPECT_EQ(probability(0), 0.5);
    EXPECT_EQ(probability(1000), 1);
    EXPECT_EQ(probability(-1000), 0);
    EXPECT_NEAR(probability(2) + probability(-2), 1, 1e-15);
}

TEST(LearnLogistic, ScoresAreSumsOfWeights) {
    LinearModel model(3, 2);
    model.at(1)[0] = 2;
    model.at(2)[1] = 3;
    model.bias()[1] = 1;
    std::vector<Feature> const row = {{1, 0.5F}, {2, 2.0F}};
    std::vector<float> scores(2);
    model.score(row, scores);
    EXPECT_EQ(scores, (std::vector<float>{1, 7}));
}

TEST(LearnLogistic, FindsWhatDecides) {
    LinearModel const model = train_adagrad(rows(), places, 3, {});
    for (std::uint32_t place = 0; place < 5; ++place) {
        EXPECT_GT(model.at(place)[0], 1) << place;
        EXPECT_LT(model.at(place + 5)[0], -1) << place;
        EXPECT_LT(std::abs(model.at(place + 10)[0]), 0.7) << place;
    }
}

TEST(LearnLogistic, HeadsDoNotDisturbOneAnother) {
    LinearModel const together = train_adagrad(rows(), places, 3, {});
    for (std::uint32_t head = 0; head < 3; ++head) {
        KeptExamples alone(rows(), head);
        LinearModel const model = train_adagrad(alone, places, 1, {});
        for (std::uint32_t place = 0; place <= places; ++place)
            EXPECT_FLOAT_EQ(together.at(place)[head], model.at(place)[0]);
    }
}

TEST(LearnLogistic, TheSameRowsGiveTheSameWeights) {
    LinearModel const once = train_adagrad(rows(), places, 3, {});
    LinearModel const again = train_adagrad(rows(), places, 3, {});
    EXPECT_TRUE(std::ranges::equal(once.all(), again.all()));
}

TEST(LearnLogistic, HeadsOfABatchDoNotDisturbOneAnother) {
    AdaGradOptions options;
    options.batch_size = 32;
    LinearModel const together = train_adagrad(rows(), places, 3, options);
    for (std::uint32_t head = 0; head < 3; ++head) {
        KeptExamples alone(rows(), head);
        LinearModel const model = train_adagrad(alone, places, 1, options);
        for (std::uint32_t place = 0; place <= places; ++place)
            EXPECT_FLOAT_EQ(together.at(place)[head], model.at(place)[0]);
    }
    for (std::uint32_t place = 0; place < 5; ++place)
        EXPECT_GT(together.at(place)[0], 1) << place;
}

TEST(LearnLogistic, ABatchMakesOneStepOfTheSumOfItsGradients) {
    AdaGradOptions options;
    options.batch_size = 2;
    options.decay = 0;
    options.passes = 1;
    KeptExamples three; // a full batch, and one of a single row
    three.add({{0, 1.0F}}, {Truth::yes});
    three.add({{0, 3.0F}}, {Truth::yes});
    three.add({{1, 1.0F}}, {Truth::no});
    LinearModel const model = train_adagrad(three, 2, 1, options);
    // All scores of the first batch are 0: the slopes are a half, the sum of the gradients is -2.
    EXPECT_NEAR(model.at(0)[0], options.rate * 2 / std::sqrt(4.0F + 1e-6F), 1e-5);
    EXPECT_LT(model.at(1)[0], -0.4F); // which the last row, by itself, has moved
}

TEST(LearnLogistic, ThatIsUnknownTeachesNothing) {
    KeptExamples examples;
    for (int i = 0; i < 100; ++i)
        examples.add({{0, 1.0F}}, {Truth::unknown});
    LinearModel const model = train_adagrad(examples, 1, 1, {});
    EXPECT_EQ(model.at(0)[0], 0);
    EXPECT_EQ(model.bias()[0], 0);
}

TEST(LearnLogistic, ChoosesARateThatLearns) {
    AdaGradOptions options;
    options.rate = choose_rate(rows(), places, 3, options, 1000);
    EXPECT_GE(options.rate, 0.05F);
    double const chosen = loss_of(rows(), train_adagrad(rows(), places, 3, options), 0);
    options.rate = 1e-4F;
    EXPECT_LT(chosen, loss_of(rows(), train_adagrad(rows(), places, 3, options), 0));
}

TEST(LearnLogistic, CanBeStopped) {
    struct Stopped {};
    EXPECT_THROW(train_adagrad(rows(), places, 3, {}, Stop{[] { throw Stopped{}; }}), Stopped);
    EXPECT_THROW(train_exact(rows(), places, 3, {}, Stop{[] { throw Stopped{}; }}), Stopped);
}

TEST(LearnExact, NoOtherWeightsAreBetter) {
    constexpr double strength = 2;
    LinearModel const model = train_exact(rows(), places, 3, {strength, 500, 1e-9});
    auto const objective = [&](const LinearModel &of, std::uint32_t head) {
        double squares = 0;
        for (std::uint32_t place = 0; place <= places; ++place)
            squares += std::pow(static_cast<double>(of.at(place)[head]), 2);
        return squares / 2 + strength * loss_of(rows(), of, head);
    };
    for (std::uint32_t head = 0; head < 3; ++head)
        for (std::uint32_t place = 0; place <= places; ++place)
            for (float const away : {-0.01F, 0.01F}) {
                LinearModel other = model;
                other.at(place)[head] += away;
                EXPECT_GT(objective(other, head), objective(model, head)) << head << " " << place;
            }
}

TEST(LearnExact, OppositesHaveOppositeWeights) {
    LinearModel const model = train_exact(rows(), places, 3, {1, 500, 1e-9});
    for (std::uint32_t place = 0; place <= places; ++place)
        EXPECT_NEAR(model.at(place)[0], -model.at(place)[1], 1e-4);
}

TEST(LearnExact, OneClassAndNoRows) {
    KeptExamples examples;
    LinearModel const empty = train_exact(examples, 2, 1, {});
    EXPECT_EQ(empty.bias()[0], 0);
    for (int i = 0; i < 10; ++i)
        examples.add({{0, 1.0F}, {1, 0.0F}}, {Truth::yes});
    LinearModel const model = train_exact(examples, 2, 1, {});
    EXPECT_GT(model.bias()[0], 0.5);
    EXPECT_EQ(model.at(1)[0], 0);
}

} // namespace
} // namespace steward::core
