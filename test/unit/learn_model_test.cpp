#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "core/error.hpp"
#include "core/learn/judge.hpp"
#include "core/learn/online.hpp"
#include "core/learn/train.hpp"
#include "learn_examples.hpp"

namespace steward::core {
namespace {

std::vector<Feature> features_of(std::string_view text, std::vector<NamedValue> values = {}) {
    std::vector<Feature> features;
    append_features(features, {text, values}, Encoding::utf8);
    return features;
}

/// Texts of made-up words, some of which speak for a topic.
class Corpus {
  public:
    explicit Corpus(unsigned seed) : random_(seed) {}

    std::string text(int topic) {
        std::string text;
        for (int i = 0; i < 12; ++i)
            text += (random_() % 4 == 0 ? "t" + std::to_string(topic) + "w" + std::to_string(random_() % 20)
                                        : "c" + std::to_string(random_() % 200)) +
                    ' ';
        return text;
    }

  private:
    std::mt19937 random_;
};

struct Rows {
    KeptExamples train, calibrate, holdout;
};

/// Rows of `topics` topics, one head each, or one for two.
void add_rows(Rows &rows, int topics, int count, unsigned seed, bool shuffled = false) {
    Corpus corpus(seed);
    std::mt19937 random(seed + 1);
    for (int i = 0; i < count; ++i) {
        int const topic = i % topics;
        int const said = shuffled ? static_cast<int>(random() % static_cast<unsigned>(topics)) : topic;
        std::vector<Truth> truths;
        for (int head = 0; head < (topics == 2 ? 1 : topics); ++head)
            truths.push_back(truth_of(topics == 2 ? said == 1 : said == head));
        int const tenth = i / topics % 10;
        KeptExamples &part = tenth < 7 ? rows.train : tenth < 8 ? rows.calibrate : rows.holdout;
        part.add(features_of(corpus.text(topic)), std::move(truths));
    }
}

ModelParts known(LabelKind kind, std::vector<std::string> labels) {
    ModelParts parts;
    parts.text_name = "text";
    parts.value_names = {"size", "kind"};
    parts.kind = kind;
    parts.labels = std::move(labels);
    return parts;
}

Trained train(Rows &rows, std::vector<std::string> labels, TrainOptions options = {}) {
    return train_model({rows.train, rows.calibrate}, known(LabelKind::one_of, std::move(labels)), options);
}

TEST(LearnPlaces, NumbersThoseThatAreThere) {
    std::vector<std::uint32_t> const places = {0, 63, 64, 1000, 4095};
    PlaceIndex const index(places, 4096);
    EXPECT_EQ(index.size(), 5U);
    for (std::uint32_t i = 0; i < places.size(); ++i)
        EXPECT_EQ(index.find(places[i]), i);
    EXPECT_EQ(index.find(1), PlaceIndex::none);
    EXPECT_EQ(index.find(4096), PlaceIndex::none);
    EXPECT_EQ(index.find(UINT32_MAX), PlaceIndex::none);
    EXPECT_EQ(index.all(), places);
    EXPECT_THROW(PlaceIndex(std::vector<std::uint32_t>{2, 1}, 4096), Error);
    EXPECT_THROW(PlaceIndex(std::vector<std::uint32_t>{4096}, 4096), Error);
}

TEST(LearnInput, HasFeaturesInTheOrderOfTheirPlaces) {
    std::vector<NamedValue> const values = {
        {"age", {}, 7, true}, {"kind", "b", 0, false}, {"kind", "a", 0, false}, {"size", {}, 3, true}};
    std::vector<Feature> const features = features_of("may be as appropriate, as appropriate", values);
    EXPECT_TRUE(std::ranges::is_sorted(features, {}, &Feature::place));
    auto const value_at = [&](std::uint32_t place) {
        auto const at = std::ranges::find(features, place, &Feature::place);
        return at == features.end() ? NAN : at->value;
    };
    EXPECT_FLOAT_EQ(value_at(place_of_number("age")), 7);
    EXPECT_FLOAT_EQ(std::abs(value_at(hash_value("kind", "a").place)), 1);
    EXPECT_FLOAT_EQ(value_at(length_place), std::log1p(6.0F));
    EXPECT_TRUE(std::ranges::any_of(features, [](const Feature &f) {
        return f.place >= first_class_place && f.place < first_number_place && f.value >= 1;
    }));
}

TEST(LearnInput, LeavesOutWhatIsNoNumber) {
    EXPECT_TRUE(
        features_of("", {{{"a", {}, NAN, true}, {"b", {}, HUGE_VAL, true}, {"c", {}, 1e300, true}}}).empty());
    EXPECT_TRUE(features_of("").empty());
}

TEST(LearnInput, NamesTheTermsOfEachFeature) {
    std::vector<NamedValue> const values = {{"kind", "b", 0, false}, {"age", {}, 7, true}};
    Input const input{"The policy, the Policy.", values};
    std::vector<Feature> const features = features_of(input.text, values);
    std::vector<float> sums(input_places);
    std::set<std::string> names;
    for (const Term &term : terms_of(input, Encoding::utf8)) {
        sums[term.feature.place] += term.feature.value;
        names.insert(term.name);
    }
    for (const Feature &feature : features)
        EXPECT_NEAR(sums[feature.place], feature.value, 1e-5);
    EXPECT_EQ(names, (std::set<std::string>{"the", "policy", "the policy", "policy the", "kind=b", "age",
                                            "length"}));
}

TEST(LearnModel, TellsTwoLabelsApart) {
    Rows rows;
    add_rows(rows, 2, 4000, 1);
    Trained const trained = train(rows, {"no", "yes"});
    Quality const quality = judge(trained.model, rows.holdout);
    EXPECT_GT(quality.labels[1].auc, 0.99);
    EXPECT_DOUBLE_EQ(quality.labels[0].auc, quality.labels[1].auc);
    EXPECT_LT(quality.labels[1].calibration_error, 0.03);
    EXPECT_LE(trained.model.parts().places.size(), 1000U);
    EXPECT_EQ(trained.rows, 2800U);
}

TEST(LearnModel, GivesProbabilitiesThatAddUpToOne) {
    Rows rows;
    add_rows(rows, 5, 4000, 2);
    Trained const trained = train(rows, {"a", "b", "c", "d", "e"});
    EXPECT_GT(judge(trained.model, rows.holdout).accuracy, 0.85);
    std::vector<double> probabilities(5);
    Corpus corpus(9);
    for (int i = 0; i < 100; ++i) {
        trained.model.predict(features_of(corpus.text(i % 5)), probabilities);
        EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1, 1e-9);
    }
}

TEST(LearnModel, LearnsFromNumbersAlone) {
    Rows rows;
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    std::vector<Judged> formula; // what nothing can do better
    for (int i = 0; i < 6000; ++i) {
        double const a = normal(random);
        double const b = normal(random);
        std::vector<NamedValue> const values = {
            {"a", {}, 1e6 + 1000 * a, true}, {"b", {}, b, true}, {"same", {}, 5, true}};
        bool const is = normal(random) < 2 * a - b;
        if (i % 10 >= 8)
            formula.push_back({2 * a - b, is});
        (i % 10 < 7   ? rows.train
         : i % 10 < 8 ? rows.calibrate
                      : rows.holdout)
            .add(features_of("", values), {truth_of(is)});
    }
    for (bool const exact : {false, true}) {
        TrainOptions options;
        options.exact = exact;
        Quality const quality = judge(train(rows, {"no", "yes"}, options).model, rows.holdout);
        EXPECT_GT(quality.labels[1].auc, area_under_curve(formula) - 0.003) << exact;
        EXPECT_LT(quality.labels[1].calibration_error, 0.05) << exact;
    }
}

TEST(LearnModel, OfAnyNumberOfLabelsSaysWhetherThereIsOne) {
    Rows rows;
    Corpus corpus(4);
    for (int i = 0; i < 4000; ++i) {
        bool const a = i % 3 == 0;
        bool const b = i % 5 == 0;
        std::string const text = corpus.text(7) + (a ? corpus.text(1) : "") + (b ? corpus.text(2) : "");
        KeptExamples &part = i % 7 < 5 ? rows.train : i % 7 < 6 ? rows.calibrate : rows.holdout;
        part.add(features_of(text), {truth_of(a), truth_of(b), truth_of(a || b)});
    }
    Trained const trained = train_model({rows.train, rows.calibrate},
                                        known(LabelKind::any_of, {"a", "b", std::string(any_label)}), {});
    Quality const quality = judge(trained.model, rows.holdout);
    for (const LabelQuality &label : quality.labels)
        EXPECT_GT(label.auc, 0.95) << label.label;
}

TEST(LearnModel, IsTheSameForTheSameRows) {
    Rows one;
    add_rows(one, 3, 1500, 5);
    Rows two;
    add_rows(two, 3, 1500, 5);
    std::string const bytes = train(one, {"a", "b", "c"}).model.serialize();
    EXPECT_EQ(bytes, train(two, {"a", "b", "c"}).model.serialize());
    Rows others;
    add_rows(others, 3, 1500, 6);
    EXPECT_NE(bytes, train(others, {"a", "b", "c"}).model.serialize());
}

TEST(LearnModel, LearnsNothingFromShuffledLabels) {
    Rows rows;
    add_rows(rows, 2, 4000, 7, true);
    Trained const trained = train(rows, {"no", "yes"});
    Quality const quality = judge(trained.model, rows.holdout);
    EXPECT_GT(quality.labels[1].auc, 0.45);
    EXPECT_LT(quality.labels[1].auc, 0.55);
    Quality const constant =
        judge(constant_model(LabelKind::one_of, {"no", "yes"}, trained.shares), rows.holdout);
    std::vector<double> gained(quality.rows);
    for (std::size_t i = 0; i < gained.size(); ++i)
        gained[i] = constant.losses[i] - quality.losses[i];
    EXPECT_LT(mean_of(gained).low, 0);
}

TEST(LearnModel, RefusesRowsThatSayNothing) {
    Rows none;
    EXPECT_THROW(train(none, {"no", "yes"}), Error);
    Rows alike;
    alike.train.add(features_of("a b c"), {Truth::yes});
    EXPECT_THROW(train(alike, {"no", "yes"}), Error);
}

TEST(LearnModel, SurvivesWithoutRowsForCalibration) {
    Rows rows;
    add_rows(rows, 2, 20, 8);
    KeptExamples nothing;
    Trained const trained = train_model({rows.train, nothing}, known(LabelKind::one_of, {"no", "yes"}), {});
    std::vector<double> probabilities(2);
    trained.model.predict(features_of("t1w1 t1w2"), probabilities);
    EXPECT_GT(probabilities[1], 0);
    EXPECT_LT(probabilities[1], 1);
}

TEST(LearnModel, ExplainsByTermsThatAddUpToTheScore) {
    Rows rows;
    add_rows(rows, 3, 1500, 9);
    Model const model = train(rows, {"a", "b", "c"}).model;
    std::vector<NamedValue> const values = {{"size", {}, 3, true}};
    Input const input{"t1w3 t1w4 c5 t0w1 t1w3", values};
    std::vector<float> scores(3);
    model.score(features_of(input.text, values), scores);
    for (std::size_t label = 0; label < 3; ++label) {
        double sum = model.parts().weights[model.parts().weights.size() - 3 + label];
        for (const Term &term : terms_of(input, Encoding::utf8))
            if (!is_number_place(term.feature.place))
                sum += model.contribution(term.feature, label);
        for (const Feature &feature : features_of(input.text, values))
            if (is_number_place(feature.place))
                sum += model.contribution(feature, label);
        EXPECT_NEAR(sum, scores[label], 1e-4);
    }
}

TEST(LearnModel, SetsOfLabelsHoldTheTrueOneAsOftenAsAsked) {
    Rows rows;
    add_rows(rows, 4, 12'000, 10);
    Model const model = train(rows, {"a", "b", "c", "d"}).model;
    for (double const alpha : {0.2, 0.05}) {
        std::size_t held = 0;
        std::vector<double> probabilities(4);
        rows.holdout.rewind();
        Example row{};
        while (rows.holdout.next(row)) {
            model.predict(row.features, probabilities);
            for (std::size_t const label : model.labels_within(probabilities, alpha))
                held += row.truths[label] == Truth::yes ? 1 : 0;
        }
        EXPECT_GT(static_cast<double>(held) / static_cast<double>(rows.holdout.size()), 1 - alpha - 0.03);
    }
    EXPECT_EQ(model.labels_within(std::vector<double>{1, 0, 0, 0}, 0).size(), 4U); // all, to be certain
}

TEST(LearnModel, GoesOnLearning) {
    Rows rows;
    add_rows(rows, 2, 2000, 5);
    Model const model = train(rows, {"a", "b"}).model;
    std::vector<Feature> const features = features_of("t0w1 t0w2 c7");
    std::string_view const b = "b";
    std::string_view const a = "a";
    std::string_view const strange = "c";
    double const before = *loss_of(model, features, {&b, 1});
    Online online(model);
    online.learn(features, {&b, 1});
    EXPECT_LT(*loss_of(online.best(), features, {&b, 1}), before);
    Online same(model);
    same.learn(features, {&strange, 1}); // unknown: nothing to learn
    EXPECT_EQ(*loss_of(same.best(), features, {&b, 1}), before);
    online.learn(features, {&a, 1}); // it was wrong, and has cost something
    EXPECT_EQ(*loss_of(online.best(), features, {&b, 1}), before);
}

TEST(LearnModel, LearnsAsItDidInItsTraining) {
    Rows rows;
    add_rows(rows, 3, 3000, 6);
    Model model = train(rows, {"a", "b", "c"}).model;
    ModelParts const parts = model.parts();
    std::vector<Truth> const truths{Truth::yes, Truth::no, Truth::unknown};
    std::vector<Feature> const features = features_of("t0w1");
    std::vector<float> scores(3);
    model.score(features, scores);
    model.learn(features, truths);
    std::size_t const bias = parts.places.size() * 3;
    for (std::size_t head = 0; head < 2; ++head) {
        float const gradient =
            static_cast<float>(probability(static_cast<double>(scores[head])) - (head == 0 ? 1 : 0));
        float const squares = parts.squares[bias + head] + gradient * gradient;
        EXPECT_FLOAT_EQ(model.parts().squares[bias + head], squares);
        EXPECT_FLOAT_EQ(model.parts().weights[bias + head],
                        parts.weights[bias + head] - parts.rate * gradient / std::sqrt(squares));
    }
    EXPECT_EQ(model.parts().weights[bias + 2], parts.weights[bias + 2]); // nobody knows
}

/// Rows of one number, whose label is true with a probability that depends on it.
template <class Chance> void add_numbers(Rows &rows, int count, Chance chance) {
    std::mt19937 random(31);
    std::uniform_real_distribution<double> draw(0, 1);
    for (int i = 0; i < count; ++i) {
        double const number = 4 * draw(random) - 2;
        KeptExamples &part = i % 10 < 7 ? rows.train : i % 10 < 8 ? rows.calibrate : rows.holdout;
        part.add(features_of("", {{"n", {}, number, true}}), {truth_of(draw(random) < chance(number))});
    }
}

TEST(LearnModel, ProbabilitiesHaveStepsWhereTheyHelp) {
    Rows smooth;
    add_numbers(smooth, 30'000, [](double number) { return probability(2 * number); });
    EXPECT_TRUE(train(smooth, {"a", "b"}).model.parts().calibration[0].points.empty());
    Rows steep;
    add_numbers(steep, 30'000, [](double number) { return number < 1 ? 0.3 : 0.95; });
    Model const model = train(steep, {"a", "b"}).model;
    EXPECT_FALSE(model.parts().calibration[0].points.empty());
    std::string const bytes = model.serialize();
    EXPECT_EQ(Model::deserialize(bytes).serialize(), bytes);
}

TEST(LearnModel, IsReadAsItWasWritten) {
    Rows rows;
    add_rows(rows, 3, 9000, 11);
    Model const model = train(rows, {"a", "b", "c"}).model;
    std::string const bytes = model.serialize();
    EXPECT_EQ(Model::deserialize(bytes).serialize(), bytes);
    for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 20)
        EXPECT_THROW(Model::deserialize(bytes.substr(0, size)), Error) << size;
    EXPECT_THROW(Model::deserialize(bytes + "x"), Error);
    std::string newer = bytes;
    newer[14] = 9;
    try {
        Model::deserialize(newer);
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    }
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) { // whatever else is in it, it does not crash
        std::string broken = bytes;
        broken[random() % std::min<std::size_t>(bytes.size(), i % 2 == 0 ? 100 : bytes.size())] =
            static_cast<char>(random());
        try {
            Model const read = Model::deserialize(broken);
            std::vector<double> probabilities(read.labels().size());
            read.predict(features_of("t1w3 c5"), probabilities);
        } catch (const Error &) {
        }
    }
}

} // namespace
} // namespace steward::core
