#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/semantic/hashed.hpp"
#include "core/semantic/overlap.hpp"
#include "core/semantic/pair_score.hpp"
#include "core/semantic/vectors_reader.hpp"
#include "core/semantic/word_vectors.hpp"
#include "test/oracle/stops.hpp"

namespace steward::core {
namespace {

constexpr Encoding utf8 = Encoding::utf8;

/// Word vectors in memory of their own.
class Loaded {
  public:
    explicit Loaded(std::string_view bytes) : stored_((bytes.size() + 3) / 4) {
        if (!bytes.empty())
            std::memcpy(stored_.data(), bytes.data(), bytes.size());
        vectors_.emplace(std::as_bytes(std::span(stored_)).first(bytes.size()));
        index_.resize(vectors_->index_size() / 4);
        vectors_->make_index(std::as_writable_bytes(std::span(index_)));
        vectors_->use_index(std::as_bytes(std::span(index_)));
    }
    const WordVectors *operator->() const { return &*vectors_; }
    const WordVectors &operator*() const { return *vectors_; }

  private:
    std::vector<std::uint32_t> stored_;
    std::vector<std::uint32_t> index_;
    std::optional<WordVectors> vectors_;
};

using Taken = std::vector<std::pair<std::string, std::vector<float>>>;

Taken read(std::string_view file, std::size_t piece = 1000000, std::size_t most = 100) {
    Taken taken;
    VectorsReader reader([&](std::string_view word, std::span<const float> vector) {
        taken.emplace_back(word, std::vector<float>(vector.begin(), vector.end()));
        return taken.size() < most;
    });
    for (; !file.empty(); file.remove_prefix(std::min(piece, file.size())))
        if (!reader.feed(file.substr(0, piece)))
            break;
    reader.finish();
    return taken;
}

std::string refusal(std::string_view file) {
    try {
        read(file);
    } catch (const Error &error) {
        return error.detail();
    }
    return "none";
}

constexpr std::string_view json = R"({"precision": 8, "dimensions": 2, "words": ["the", "a\u00e9\"b"],
 "vectors": {"the": [1, -2.5e-1, 7, 0], "a\u00e9\"b": [0.5, 3, 1, 1]}, "unkVector": [0, 0]})";

TEST(VectorsReader, ReadsLines) {
    Taken const expected{{"the", {0.5F, -1}}, {"of it", {1e-3F, 2}}};
    for (std::size_t const piece : {1, 3, 1000})
        EXPECT_EQ(read("the 0.5 -1\nof it 1e-3 2\r\n", piece), expected);
    EXPECT_EQ(read("2 2\nthe 0.5 -1\nof it 1e-3 2", 5), expected);
    EXPECT_EQ(read("the 0.5 -1\nof it 1e-3 2\n", 100, 1).size(), 1U);
    EXPECT_EQ(read("").size(), 0U);
}

TEST(VectorsReader, ReadsObjects) {
    Taken const expected{{"the", {1, -0.25F}}, {"a\u00e9\"b", {0.5F, 3}}};
    for (std::size_t const piece : {1, 7, 1000})
        EXPECT_EQ(read(json, piece), expected);
    EXPECT_EQ(read(R"({"vectors":{"\ud83d\ude00x":[1,2,3]}})"), (Taken{{"\U0001F600x", {1, 2, 3}}}));
    EXPECT_EQ(read(R"({"other":{"x":[1,2,3]}})").size(), 0U);
}

TEST(VectorsReader, SaysWhereItFails) {
    EXPECT_EQ(refusal("the 1 2\nof 1\n"), "Line 2 is not a word and as many numbers as before.");
    EXPECT_EQ(refusal("the\n"), "Line 1 is not a word and as many numbers as before.");
    EXPECT_EQ(refusal("{\"vectors\": {\"x\": [1,\ntrue]}}"),
              "JSON, line 2 has a vector with something else than numbers.");
    EXPECT_EQ(refusal("{\"vectors\": {\"x\": [1"), "JSON, line 1 is the last, in the middle of an object.");
    EXPECT_EQ(refusal("{]"), "JSON, line 1 closes what was not opened.");
    EXPECT_EQ(refusal("{} 1 "), "JSON, line 1 has something behind the object.");
    EXPECT_EQ(refusal("{\"\\x\":1}"), "JSON, line 1 has an unknown escape.");
}

std::pmr::string bytes_of(std::initializer_list<std::pair<std::string_view, std::vector<float>>> words) {
    WordVectorsBuilder builder(1000);
    for (const auto &[word, vector] : words)
        builder.add(word, vector);
    return builder.finish();
}

TEST(WordVectors, AreReadAsTheyWereWritten) {
    Loaded const vectors(bytes_of({{"The", {1, 0.5F, -0.25F}},
                                   {",", {1, 1, 1}},
                                   {"the", {9, 9, 9}},
                                   {"of it", {1, 1, 1}},
                                   {"zero", {0, 0, 0}},
                                   {"caf\u00e9", {0, 0, 2}}}));
    EXPECT_EQ(vectors->words(), 2U);
    EXPECT_EQ(vectors->dimensions(), 3U);
    EXPECT_EQ(vectors->find("the"), 0U);
    EXPECT_EQ(vectors->find("caf\u00e9"), 1U);
    EXPECT_EQ(vectors->find("zero"), std::nullopt);
    std::array<float, 3> vector{};
    vectors->read(0, vector.data());
    EXPECT_NEAR(vector[0], 1, 0.001);
    EXPECT_NEAR(vector[1], 0.5, 0.005);
    EXPECT_NEAR(vector[2], -0.25, 0.005);
}

TEST(WordVectors, FindEachOfMany) {
    WordVectorsBuilder builder(5000);
    for (int i = 0; !builder.is_full(); ++i)
        builder.add("w" + std::to_string(i), std::array{1.0F, static_cast<float>(i)});
    Loaded const vectors(builder.finish());
    for (std::uint32_t i = 0; i < 5000; ++i)
        ASSERT_EQ(vectors->find("w" + std::to_string(i)), i);
    EXPECT_EQ(vectors->find("w5000"), std::nullopt);
}

TEST(WordVectors, WithoutWhatIsCommonSpreadInAllDirections) {
    WordVectorsBuilder builder(1000);
    std::uint64_t state = 1;
    for (int i = 0; i < 1000; ++i) {
        std::vector<float> vector(20);
        for (float &x : vector) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            x = static_cast<float>(state >> 40U) / 8388608.0F - 1;
        }
        vector[3] = vector[3] * 30 + 5; // far more than the others, and not around zero
        builder.add("w" + std::to_string(i), vector);
    }
    Loaded const vectors(builder.finish());
    double before = 0;
    double after = 0;
    std::vector<float> vector(20);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        vectors->read(i, vector.data());
        before += std::fabs(vector[3]);
        vectors->centre(vector.data());
        after += std::fabs(vector[3]);
    }
    EXPECT_LT(after, before / 20);
}

TEST(WordVectors, RefuseWhatIsNone) {
    EXPECT_THROW(Loaded(std::string()), Error);
    EXPECT_THROW(Loaded(std::string(100, 'x')), Error);
    std::pmr::string const whole = bytes_of({{"x", {1, 2}}, {"yy", {2, 1}}});
    EXPECT_THROW(Loaded(whole.substr(0, whole.size() - 1)), Error);
    EXPECT_THROW(Loaded(whole + "x"), Error);
    for (std::size_t i = 0; i < 24; ++i) {
        std::pmr::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
        EXPECT_THROW(Loaded{damaged}, Error) << i;
    }
    EXPECT_THROW(bytes_of({}), Error);
    EXPECT_THROW(bytes_of({{"x", {1, 2}}, {"y", {1}}}), Error);
    EXPECT_THROW(bytes_of({{"x", {1, NAN}}}), Error);
}

TEST(WordVectors, EmbedTextsAtUnitLength) {
    Loaded const vectors(bytes_of({{"cat", {1, 0, 0}}, {"dog", {0, 1, 0}}}));
    auto const both = vectors->embed("Cat, dog; unicorn!", utf8);
    ASSERT_TRUE(both);
    EXPECT_NEAR((*both)[0] * (*both)[0] + (*both)[1] * (*both)[1], 1, 1e-6);
    EXPECT_GT((*both)[1], (*both)[0]); // the rarer counts more
    EXPECT_EQ(vectors->embed("unicorn", utf8), std::nullopt);
    EXPECT_EQ(vectors->embed("", utf8), std::nullopt);
}

double likeness(std::string_view a, std::string_view b) {
    auto const x = hashed_vector(a, utf8);
    auto const y = hashed_vector(b, utf8);
    double sum = 0;
    for (std::size_t i = 0; i < hashed_dimensions; ++i)
        sum += static_cast<double>((*x)[i]) * static_cast<double>((*y)[i]);
    return sum;
}

TEST(Hashed, IsNearForWhatIsNearlySpeltAlike) {
    EXPECT_NEAR(likeness("Hi world", "hi, WORLD!"), 1, 1e-6);
    EXPECT_GT(likeness("How do I reset my password?", "How can I reset my passwords?"), 0.8);
    EXPECT_GT(likeness("recieve the parcel", "receive the parcel"), 0.5);
    EXPECT_LT(std::fabs(likeness("How do I reset my password?", "The stock market fell")), 0.2);
    EXPECT_EQ(hashed_vector(" ... ", utf8), std::nullopt);
}

TEST(Hashed, IsTheSameOnEveryMachine) {
    auto const vector = hashed_vector("Hi world", utf8);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < hashed_dimensions; ++i)
        if ((*vector)[i] != 0)
            places.push_back(i);
    EXPECT_EQ(places, (std::vector<std::size_t>{35, 51, 153, 156, 177, 203, 242, 262, 264}));
    EXPECT_EQ((*vector)[places[0]], 0x1.6525bap-2F);
}

TEST(PairScore, IsOneForTheSameWords) {
    PairScore const same = score_pair("The cat sat.", "the CAT sat", utf8, nullptr);
    EXPECT_NEAR(same.score, 1, 1e-9);
    EXPECT_FALSE(same.negation);
    EXPECT_FALSE(same.numbers);
    EXPECT_EQ(score_pair("", "", utf8, nullptr).score, 1);
    EXPECT_EQ(score_pair("?", "!", utf8, nullptr).score, 0);
    EXPECT_EQ(score_pair("a", "", utf8, nullptr).score, 0);
}

TEST(PairScore, RanksByMeaningWithVectors) {
    Loaded const vectors(bytes_of(
        {{"cat", {1, 0.1F, 0}}, {"kitten", {1, 0.2F, 0}}, {"bridge", {-0.2F, 0, 1}}, {"sat", {0, 1, 0}}}));
    double const near = score_pair("A cat sat", "A kitten sat", utf8, &*vectors).score;
    double const far = score_pair("A cat sat", "A bridge sat", utf8, &*vectors).score;
    EXPECT_GT(near, far + 0.1);
    EXPECT_LT(std::fabs(score_pair("A cat sat", "A kitten sat", utf8, nullptr).score -
                        score_pair("A cat sat", "A bridge sat", utf8, nullptr).score),
              0.1);
    EXPECT_NEAR(score_pair("A cat sat", "A kitten sat", utf8, &*vectors).score,
                score_pair("A kitten sat", "A cat sat", utf8, &*vectors).score, 1e-9);
}

TEST(PairScore, ReportsNegationApart) {
    EXPECT_TRUE(score_pair("It is safe", "It is not safe", utf8, nullptr).negation);
    EXPECT_TRUE(score_pair("It isn't safe", "It is safe", utf8, nullptr).negation);
    EXPECT_FALSE(score_pair("It isn't safe", "It is never safe", utf8, nullptr).negation);
}

TEST(PairScore, ReportsNumbersApart) {
    auto const differ = [](std::string_view a, std::string_view b) {
        return score_pair(a, b, utf8, nullptr).numbers;
    };
    EXPECT_TRUE(differ("It takes 3 days", "It takes 4 days"));
    EXPECT_TRUE(differ("It takes 3 days", "It takes days"));
    EXPECT_FALSE(differ("It takes 1,000.50 days", "It takes 1000.5 days"));
    EXPECT_FALSE(differ("It takes three days", "It takes 03 days"));
    EXPECT_FALSE(differ("Only one does", "Only he does"));
    EXPECT_FALSE(differ("Only one does", "Only 1 does"));
    EXPECT_TRUE(differ("Only 2 do", "Only 1 does"));
}

TEST(PairScore, AlignsTheRarestOfManyWords) {
    std::string many;
    for (int i = 0; i < 2000; ++i)
        many += " w" + std::to_string(i);
    EXPECT_NEAR(score_pair(many, many, utf8, nullptr).score, 1, 1e-9);
    Loaded const vectors(bytes_of({{"cat", {1, 0}}}));
    EXPECT_THROW(score_pair(many, many, utf8, &*vectors, oracle::throwing_stop(100)), oracle::Cancelled);
}

TEST(Overlap, CountsWordsInCommonWithoutArticles) {
    Overlap const part = token_overlap("The cat sat on the mat", "a cat on cat", utf8);
    EXPECT_DOUBLE_EQ(part.precision, 2.0 / 3);
    EXPECT_DOUBLE_EQ(part.recall, 2.0 / 4);
    EXPECT_DOUBLE_EQ(part.f1, 4.0 / 7);
    EXPECT_EQ(token_overlap("the", "", utf8).f1, 1);
    EXPECT_EQ(token_overlap("cat", "", utf8).f1, 0);
}

TEST(Overlap, RougeIsTheLongestCommonSequence) {
    Overlap const part = rouge_l("police killed the gunman", "police kill the gunman", utf8);
    EXPECT_DOUBLE_EQ(part.f1, 0.75);
    Overlap const order = rouge_l("police killed the gunman", "the gunman kill police", utf8);
    EXPECT_DOUBLE_EQ(order.recall, 0.5);
    EXPECT_EQ(rouge_l("", "", utf8).f1, 1);
    std::string wanted;
    std::string given;
    for (int i = 0; i < 300; ++i) {
        wanted += " w" + std::to_string(i);
        given += " w" + std::to_string(i) + (i % 3 == 0 ? " x" : "");
    }
    EXPECT_DOUBLE_EQ(rouge_l(wanted, given, utf8).recall, 1);
    EXPECT_DOUBLE_EQ(rouge_l(wanted, given, utf8).precision, 0.75);
}

} // namespace
} // namespace steward::core
