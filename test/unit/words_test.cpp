#include "core/semantic/words.hpp"

#include <gtest/gtest.h>

#include "core/semantic/rarity.hpp"
#include "test/oracle/stops.hpp"

namespace steward::core {
namespace {

std::vector<std::string> words_of(std::string_view text, Encoding encoding = Encoding::utf8) {
    Words const words(text, encoding);
    std::vector<std::string> all;
    for (std::size_t i = 0; i < words.size(); ++i)
        all.emplace_back(words[i]);
    return all;
}

using List = std::vector<std::string>;

TEST(Words, AreRunsOfLettersAndDigitsInLowerCase) {
    EXPECT_EQ(words_of("Hello, World! (b2b) snake_case"), (List{"hello", "world", "b2b", "snake", "case"}));
    EXPECT_EQ(words_of(""), List{});
    EXPECT_EQ(words_of(" ... ?! "), List{});
    EXPECT_EQ(Words("a b", Encoding::utf8).joined(), " a b ");
}

TEST(Words, OfContractionsKeepTheNegation) {
    EXPECT_EQ(words_of("I don't, can't, won't; it's Anna's"),
              (List{"i", "do", "not", "can", "not", "will", "not", "it", "anna"}));
    EXPECT_EQ(words_of("they\u2019re cannot o'clock rock'n'roll"),
              (List{"they", "can", "not", "o", "clock", "rock", "n", "roll"}));
    EXPECT_EQ(words_of("'quoted' n't '"), (List{"quoted", "n"}));
}

TEST(Words, OfNumbersKeepThePointAndLoseTheCommas) {
    EXPECT_EQ(words_of("1,000.50 and 3.5kg or 1.2.3, 7. 8,"),
              (List{"1000.50", "and", "3", "5kg", "or", "1", "2", "3", "7", "8"}));
}

TEST(Words, FoldLettersOfOtherScripts) {
    EXPECT_EQ(
        words_of("\u00C9COLE \u0141\u00D3D\u0179 \u0391\u03A9 \u041C\u0418\u0420 \u0401\u017D"),
        (List{"\u00E9cole", "\u0142\u00F3d\u017A", "\u03B1\u03C9", "\u043C\u0438\u0440", "\u0451\u017E"}));
    EXPECT_EQ(words_of("\xC9t\xE9", Encoding::single_byte), (List{"\xC9t\xE9"}));
}

TEST(Words, OfScriptsWithoutBlanksAreTheirCharacters) {
    EXPECT_EQ(words_of("\u4F60\u597D world"), (List{"\u4F60", "\u597D", "world"}));
}

TEST(Words, OfDamagedTextsAreWhatIsLeft) {
    EXPECT_EQ(words_of("a\xFF"
                       "b \xC3"),
              (List{"a", "b"}));
}

TEST(Words, StopWhenAsked) {
    EXPECT_THROW(Words(std::string(1 << 20, 'x'), Encoding::utf8, oracle::throwing_stop(3)),
                 oracle::Cancelled);
}

TEST(Stem, IsTheStartOfAWordThatStaysLongEnough) {
    EXPECT_EQ(stem_of("walking"), "walk");
    EXPECT_EQ(stem_of("walked"), "walk");
    EXPECT_EQ(stem_of("policies"), "polic");
    EXPECT_EQ(stem_of("quickly"), "quick");
    EXPECT_EQ(stem_of("sing"), "sing");
    EXPECT_EQ(stem_of("is"), "is");
}

TEST(Rarity, GrowsWithTheRank) {
    EXPECT_LT(word_rarity("the"), word_rarity("people"));
    EXPECT_LT(word_rarity("people"), word_rarity("quark"));
    EXPECT_EQ(word_rarity("quark"), unknown_rarity);
    EXPECT_EQ(word_rarity("quark", 7), 7);
    EXPECT_EQ(word_rarity("1000"), word_rarity("3.5"));
    EXPECT_LT(word_rarity("x"), word_rarity("12"));
}

TEST(Rarity, IsTheLogarithmOfTheRank) {
    EXPECT_NEAR(static_cast<double>(word_rarity("the")) / rarity_unit, rarity_of_rank(0), 1.0 / rarity_unit);
    EXPECT_NEAR(static_cast<double>(word_rarity("of")) / rarity_unit, rarity_of_rank(1), 1.0 / rarity_unit);
    double const last = static_cast<double>(common_words()) - 1;
    EXPECT_NEAR(static_cast<double>(word_rarity("yet")) / rarity_unit, rarity_of_rank(last), 0.01);
}

} // namespace
} // namespace steward::core
