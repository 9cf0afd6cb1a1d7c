#include "core/text/matcher.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "test/oracle/phrases.hpp"
#include "test/oracle/random.hpp"
#include "test/oracle/stops.hpp"

namespace steward::core {
namespace {

using Phrases = std::vector<std::string_view>;
using Found = std::vector<oracle::Triple>;

std::vector<Match> matches(const Matcher &matcher, std::string_view text, Encoding encoding) {
    std::vector<Match> found;
    matcher.scan(text, encoding, Stop{}, [&](const Match &match) { found.push_back(match); });
    return found;
}

Found words(const Phrases &phrases, std::string_view text, Encoding encoding = Encoding::utf8) {
    return oracle::triples(matches(Matcher(phrases, Occurrence::whole_words), text, encoding));
}

Found substrings(const Phrases &phrases, std::string_view text) {
    return oracle::triples(matches(Matcher(phrases, Occurrence::substring), text, Encoding::utf8));
}

TEST(Matcher, FindsWholeWordsOnly) {
    EXPECT_EQ(words({"may"}, "may mayor dismay may_ may1 1may _may maymay may"),
              (Found{{0, 0, 3}, {0, 44, 47}}));
}

TEST(Matcher, FindsSubstringsAnywhere) {
    EXPECT_EQ(substrings({"may"}, "maymayor dismay"), (Found{{0, 0, 3}, {0, 3, 6}, {0, 12, 15}}));
}

TEST(Matcher, DisregardsAsciiCaseInPhraseAndText) {
    EXPECT_EQ(words({"May Be"}, "mAY bE"), (Found{{0, 0, 6}}));
    EXPECT_EQ(substrings({"AbC"}, "xaBcx"), (Found{{0, 1, 4}}));
}

TEST(Matcher, KeepsCaseOutsideAscii) {
    EXPECT_EQ(words({"\u00E9t\u00E9"}, "\u00C9T\u00C9"), Found{});
    EXPECT_EQ(words({"\u00E9t\u00E9"}, "\u00E9T\u00E9"), (Found{{0, 0, 5}}));
}

TEST(Matcher, EmptyTextHoldsNothing) {
    EXPECT_EQ(words({"a"}, ""), Found{});
    EXPECT_EQ(substrings({"a"}, ""), Found{});
}

TEST(Matcher, EmptyListFindsNothing) {
    EXPECT_EQ(words({}, "a b"), Found{});
    EXPECT_EQ(substrings({}, "a b"), Found{});
    EXPECT_EQ(Matcher(Phrases{}, Occurrence::substring).phrase_count(), 0U);
}

TEST(Matcher, ReportsByEndAndLongerOnesFirst) {
    EXPECT_EQ(words({"c", "b c", "a b c", "b", "a b"}, "a b c"),
              (Found{{4, 0, 3}, {3, 2, 3}, {2, 0, 5}, {1, 2, 5}, {0, 4, 5}}));
    EXPECT_EQ(substrings({"a", "aa", "aaa"}, "aaa"),
              (Found{{0, 0, 1}, {1, 0, 2}, {0, 1, 2}, {2, 0, 3}, {1, 1, 3}, {0, 2, 3}}));
}

TEST(Matcher, ReportsPhrasesInsideWhatTurnsOutNotToBeOne) {
    EXPECT_EQ(words({"a b c d", "b c"}, "a b c x"), (Found{{1, 2, 5}}));
}

TEST(Matcher, BlankStandsForAnyRunOfWhiteSpace) {
    EXPECT_EQ(words({"as needed"}, "as needed"), (Found{{0, 0, 9}}));
    EXPECT_EQ(words({"as needed"}, "(as \t\r\n\v\f needed)"), (Found{{0, 1, 16}}));
    EXPECT_EQ(words({"as needed"}, "as\nneeded"), (Found{{0, 0, 9}}));
    EXPECT_EQ(words({"as needed"}, "asneeded as-needed as. needed"), Found{});
}

TEST(Matcher, WhiteSpaceRunsKeepEveryPhraseThatIsUnderWay) {
    EXPECT_EQ(words({"x a c", "a b", "b"}, "x  a \n b"), (Found{{1, 3, 8}, {2, 7, 8}}));
}

TEST(Matcher, BlankStandsForItselfInSubstrings) {
    EXPECT_EQ(substrings({"as needed"}, "as  needed as\nneeded as needed"), (Found{{0, 21, 30}}));
    EXPECT_EQ(substrings({"  "}, "   "), (Found{{0, 0, 2}, {0, 1, 3}}));
}

TEST(Matcher, NoBreakSpaceBordersWordsButIsNoBlank) {
    EXPECT_EQ(words({"as needed", "as"}, "as\u00A0needed"), (Found{{1, 0, 2}}));
}

TEST(Matcher, SignsInsidePhrasesAreTakenLiterally) {
    EXPECT_EQ(words({"and/or", "or", "third-party"}, "and/or third-party third party"),
              (Found{{0, 0, 6}, {1, 4, 6}, {2, 7, 18}}));
}

TEST(Matcher, TypographicQuotesAndDashesAreBorders) {
    EXPECT_EQ(words({"may"}, "\u201Cmay\u201D"), (Found{{0, 3, 6}}));
    EXPECT_EQ(words({"may"}, "\u2018may\u2019s \u2014may\u2014"), (Found{{0, 3, 6}, {0, 14, 17}}));
}

TEST(Matcher, LettersOutsideAsciiAreNoBorders) {
    EXPECT_EQ(words({"may"}, "may\u00E9 \u00E9may \u65E5may may\u0301"), Found{});
    EXPECT_EQ(words({"caf\u00E9"}, "caf\u00E9s caf\u00E9"), (Found{{0, 7, 12}}));
}

TEST(Matcher, InvalidBytesAreBorders) {
    EXPECT_EQ(words({"may"}, "\xC3may\xC3 \x80may\xFF"), (Found{{0, 1, 4}, {0, 7, 10}}));
}

TEST(Matcher, EveryHighByteIsALetterInASingleByteText) {
    EXPECT_EQ(words({"may"},
                    "may\xE9 \xE9may \xAB"
                    "may\xBB may",
                    Encoding::single_byte),
              (Found{{0, 16, 19}}));
    EXPECT_EQ(words({"caf\xE9"}, "caf\xE9 caf\xE9s", Encoding::single_byte), (Found{{0, 0, 4}}));
}

TEST(Matcher, NulIsAByteLikeAnyOther) {
    using std::string_view_literals::operator""sv;
    EXPECT_EQ(words({"a\0b"sv, "b"}, "a\0b\0c"sv), (Found{{0, 0, 3}, {1, 2, 3}}));
}

TEST(Matcher, CountsPhrasesAndBuildsNoMoreStatesThanBytes) {
    Matcher const matcher(Phrases{"abc", "abd", "x"}, Occurrence::whole_words);
    EXPECT_EQ(matcher.phrase_count(), 3U);
    EXPECT_EQ(matcher.state_count(), 2U + 5U); // two to start in; a, ab, abc, abd, x
}

void expect_refusal(const Phrases &phrases, Occurrence occurrence, std::string_view detail_part) {
    try {
        Matcher const matcher(phrases, occurrence);
        ADD_FAILURE() << "not refused: " << testing::PrintToString(phrases);
    } catch (const Error &error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
        EXPECT_NE(std::string_view(error.what()).find(phrases.back()), std::string_view::npos);
        EXPECT_NE(error.detail().find(detail_part), std::string::npos) << error.detail();
    }
}

TEST(Matcher, RefusesEmptyPhrases) {
    expect_refusal({"a", ""}, Occurrence::whole_words, "at least one");
    expect_refusal({"a", ""}, Occurrence::substring, "at least one");
}

TEST(Matcher, RefusesRepeatedPhrasesWhateverTheirCase) {
    for (Occurrence const occurrence : {Occurrence::whole_words, Occurrence::substring}) {
        expect_refusal({"may", "b", "may"}, occurrence, "once");
        expect_refusal({"may", "b", "MAY"}, occurrence, "once");
    }
}

TEST(Matcher, RefusesWholeWordsThatBeginOrEndWithASign) {
    for (std::string_view const phrase : {"-a", "a-", ".", "a.", " a", "a ", " ", "\ta"})
        expect_refusal({"x", phrase}, Occurrence::whole_words, "begins and ends");
}

TEST(Matcher, RefusesWholeWordsApartByMoreThanABlank) {
    for (std::string_view const phrase : {"a  b", "a\tb", "a\nb", "a \nb", "a\r\nb"})
        expect_refusal({"x", phrase}, Occurrence::whole_words, "single blanks");
}

TEST(Matcher, AcceptsAnySubstringThatIsNotEmpty) {
    EXPECT_NO_THROW(Matcher(Phrases{" ", "-", "a  b", "\n", "a ", "\xFF"}, Occurrence::substring));
}

TEST(Matcher, FindsPhrasesAcrossTheBordersOfItsStops) {
    for (std::size_t start = bytes_per_stop - 10; start <= bytes_per_stop + 1; ++start) {
        std::string text(start, ' ');
        text += "as needed";
        EXPECT_EQ(words({"as needed"}, text), (Found{{0, start, start + 9}}));
    }
}

TEST(Matcher, StopsOnceEvery64Kilobytes) {
    Matcher const matcher(Phrases{"a", "aa", "aaaa"}, Occurrence::substring);
    for (std::size_t const bytes : {0U, 1U, 65535U, 65536U, 65537U, 131072U, 1000000U}) {
        matcher.scan(std::string(bytes, 'a'), Encoding::utf8, oracle::counting_stop(), [](const Match &) {});
        EXPECT_EQ(oracle::stops_seen, (bytes + 65535) / 65536) << bytes;
    }
}

TEST(Matcher, PassesOnWhatStopThrows) {
    Matcher const matcher(Phrases{"a"}, Occurrence::substring);
    std::string const text(200000, 'a');
    std::size_t reported = 0;
    EXPECT_THROW(
        matcher.scan(text, Encoding::utf8, oracle::throwing_stop(2), [&](const Match &) { ++reported; }),
        oracle::Cancelled);
    EXPECT_EQ(reported, 2 * bytes_per_stop);
}

std::vector<std::string> random_phrases(oracle::Random &random, Occurrence occurrence) {
    std::vector<std::string> phrases;
    Phrases accepted;
    for (int tries = 0; tries < 40 && phrases.size() < 8; ++tries) {
        std::string phrase = random.text(oracle::text_pieces, 5);
        Phrases list(phrases.begin(), phrases.end());
        list.push_back(phrase);
        if (oracle::is_good_list(list, occurrence))
            phrases.push_back(std::move(phrase));
        else
            EXPECT_THROW(Matcher(list, occurrence), Error) << testing::PrintToString(list);
    }
    return phrases;
}

/// Half of the pieces of a text are phrases: few would be found otherwise.
std::string random_text(oracle::Random &random, const Phrases &phrases) {
    std::string text;
    for (std::size_t left = random.below(40); left > 0; --left)
        if (phrases.empty() || random.below(2) == 0)
            text += oracle::text_pieces[random.below(std::size(oracle::text_pieces))];
        else
            text += phrases[random.below(phrases.size())];
    return text;
}

void compare_with_naive_search(Occurrence occurrence, unsigned seed) {
    oracle::Random random(seed);
    std::size_t found = 0;
    for (int round = 0; round < 1500; ++round) {
        std::vector<std::string> const owned = random_phrases(random, occurrence);
        Phrases const phrases(owned.begin(), owned.end());
        Matcher const matcher(phrases, occurrence);
        for (Encoding const encoding : {Encoding::utf8, Encoding::single_byte}) {
            std::string const text = random_text(random, phrases);
            auto const expected = oracle::find_phrases(phrases, text, encoding, occurrence);
            ASSERT_EQ(oracle::triples(matches(matcher, text, encoding)), oracle::triples(expected))
                << testing::PrintToString(text) << " " << testing::PrintToString(owned);
            found += expected.size();
        }
    }
    EXPECT_GT(found, 5000U); // else the comparison says little
}

TEST(Matcher, FindsTheWholeWordsThatANaiveSearchFinds) {
    compare_with_naive_search(Occurrence::whole_words, 1);
}

TEST(Matcher, FindsTheSubstringsThatANaiveSearchFinds) {
    compare_with_naive_search(Occurrence::substring, 2);
}

} // namespace
} // namespace steward::core
