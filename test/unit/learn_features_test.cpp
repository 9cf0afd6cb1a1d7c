#include "core/learn/features.hpp"

#include <gtest/gtest.h>

namespace steward::core {
namespace {

std::vector<Feature> words_of(std::string_view text, Encoding encoding = Encoding::utf8) {
    std::vector<Feature> features;
    append_words(features, text, encoding);
    return features;
}

std::vector<std::string> split(std::string_view text, Encoding encoding = Encoding::utf8) {
    std::vector<std::string> words;
    each_word(text, encoding, [&](std::string_view word) { words.emplace_back(word); });
    return words;
}

TEST(LearnFeatures, WordsAreRunsOfCharactersThatBelongToWords) {
    EXPECT_EQ(split("Buy now, it's 50% off!"),
              (std::vector<std::string>{"Buy", "now", "it", "s", "50", "off"}));
    EXPECT_EQ(split("stra\xc3\x9f"
                    "e \xe2\x80\x9c"
                    "caf\xc3\xa9\xe2\x80\x9d"),
              (std::vector<std::string>{"stra\xc3\x9f"
                                        "e",
                                        "caf\xc3\xa9"}));
    EXPECT_EQ(split("caf\xe9 au lait", Encoding::single_byte),
              (std::vector<std::string>{"caf\xe9", "au", "lait"}));
    EXPECT_TRUE(split("").empty());
    EXPECT_TRUE(split(" ... ").empty());
}

TEST(LearnFeatures, PlacesStayWhereTheyAre) { // stored models depend on it
    EXPECT_EQ(hash_word("ham"), hash_word("HAM"));
    EXPECT_NE(hash_word("ham").place, hash_word("hams").place);
    EXPECT_NE(hash_word("ham", "more"), hash_word("more", "ham"));
    EXPECT_NE(hash_word("b", "a").place, hash_word("ab").place);
    EXPECT_EQ(hash_word("ham").place, 115205U);
}

TEST(LearnFeatures, WordsAndPairsHaveTheirPlaces) {
    auto const features = words_of("cheap pills");
    ASSERT_EQ(features.size(), 3U);
    std::vector<Feature> wanted = {hash_word("cheap"), hash_word("pills"), hash_word("pills", "cheap")};
    std::ranges::sort(wanted, {}, &Feature::place);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(features[i].place, wanted[i].place);
        EXPECT_NEAR(features[i].value, wanted[i].value / std::sqrt(3.0F), 1e-6);
    }
}

TEST(LearnFeatures, ThatOccurMoreOftenCountForMore) {
    auto const features = words_of("a a a b");
    EXPECT_EQ(features.size(), 4U); // a, b, "a a", "a b"
    auto const value = [&](Feature of) {
        return std::ranges::find(features, of.place, &Feature::place)->value * of.value;
    };
    EXPECT_NEAR(value(hash_word("a")), 3 * value(hash_word("b")), 1e-6);
    EXPECT_NEAR(value(hash_word("a", "a")), 2 * value(hash_word("b", "a")), 1e-6);
}

TEST(LearnFeatures, LengthIsOneAndOrderThatOfPlaces) {
    std::string text;
    for (int i = 0; i < 5000; ++i)
        text += "word" + std::to_string(i * 7919 % 3000) + " ";
    auto const features = words_of(text);
    double squares = 0;
    for (std::size_t i = 0; i < features.size(); ++i) {
        squares += static_cast<double>(features[i].value) * static_cast<double>(features[i].value);
        EXPECT_LT(features[i].place, word_places);
        EXPECT_TRUE(i == 0 || features[i - 1].place < features[i].place);
    }
    EXPECT_NEAR(squares, 1, 1e-4);
}

TEST(LearnFeatures, ManyAreMergedAsFewAre) {
    std::mt19937 random(5);
    for (std::size_t const count : {100, 100'000}) {
        std::vector<Feature> features = {{word_places + 7, 1.0F}};
        std::map<std::uint32_t, float> sums;
        for (std::size_t i = 0; i < count; ++i) {
            features.push_back(
                {static_cast<std::uint32_t>(random() % 20'000 * 16), random() % 2 == 0 ? 1.0F : -1.0F});
            sums[features.back().place] += features.back().value;
        }
        std::erase_if(sums, [](const auto &sum) { return sum.second == 0; });
        merge_places(features, 1);
        ASSERT_EQ(features.size(), sums.size() + 1);
        for (auto each = features.begin() + 1; auto const &[place, value] : sums)
            EXPECT_EQ(*each++, (Feature{place, value}));
    }
}

TEST(LearnFeatures, NothingOfATextWithoutWords) {
    EXPECT_TRUE(words_of("").empty());
    EXPECT_TRUE(words_of("?!").empty());
}

TEST(LearnFeatures, LeavesWhatIsThereAlone) {
    std::vector<Feature> features = {{word_places + 3, 2.0F}};
    append_words(features, "b a", Encoding::utf8);
    EXPECT_EQ(features.front(), (Feature{word_places + 3, 2.0F}));
    EXPECT_EQ(features.size(), 4U);
}

} // namespace
} // namespace steward::core
