#include "core/score/ambiguity.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "test/oracle/phrases.hpp"
#include "test/oracle/random.hpp"
#include "test/oracle/stops.hpp"
#include "test/oracle/utf8.hpp"

namespace steward::core {
namespace {

double iso(std::string_view text, Encoding encoding = Encoding::utf8) {
    return ambiguity(text, find_lexicon("iso"), encoding);
}

double acgs(std::string_view text) {
    return ambiguity(text, find_lexicon("acgs"), Encoding::utf8);
}

std::vector<Finding> findings(std::string_view lexicon, std::string_view text,
                              Encoding encoding = Encoding::utf8) {
    std::vector<Finding> found;
    find_ambiguities(text, find_lexicon(lexicon), encoding, Stop{},
                     [&](const Finding &finding) { found.push_back(finding); });
    return found;
}

std::vector<std::string_view> phrases_in(std::string_view lexicon, std::string_view text) {
    std::vector<std::string_view> phrases;
    for (const Finding &finding : findings(lexicon, text))
        phrases.push_back(finding.phrase);
    return phrases;
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    while (times-- > 0)
        text += piece;
    return text;
}

TEST(IsoAmbiguity, ClearTextScoresZero) {
    EXPECT_EQ(iso("The server logs each-way"), 1.0 - (1.0 - 0.06)); // `each` is a quantifier
    EXPECT_EQ(iso("The server keeps a log for 30 days."), 0.0);
    EXPECT_EQ(iso("x"), 0.0);
    EXPECT_EQ(iso("_"), 0.0);
    EXPECT_EQ(iso("\u65E5"), 0.0);
}

TEST(IsoAmbiguity, TextWithoutAWordScoresOne) {
    for (std::string_view const text :
         {"", " ", " \t\r\n\v\f", "...", "- * / ?", "\u201C\u201D", "\u2026\u00A0"})
        EXPECT_EQ(iso(text), 1.0) << text;
    EXPECT_EQ(iso(std::string(200000, '-')), 1.0);
    EXPECT_EQ(iso(std::string(200000, '-') + "x"), 0.0);
}

TEST(IsoAmbiguity, HighBytesOfASingleByteTextAreWords) {
    EXPECT_EQ(iso("\xBF", Encoding::single_byte), 0.0);
    EXPECT_EQ(iso("\xBF", Encoding::utf8), 1.0); // no character at all
}

TEST(IsoAmbiguity, OccurrencesAreIndependentCauses) {
    EXPECT_DOUBLE_EQ(iso("You may go"), 0.12);
    EXPECT_DOUBLE_EQ(iso("You may go or may stay"), 1 - 0.88 * 0.88);
    EXPECT_DOUBLE_EQ(iso("You may go or should stay"), 1 - 0.88 * 0.88);
    EXPECT_DOUBLE_EQ(iso("MAY may May"), 1 - 0.88 * 0.88 * 0.88);
}

TEST(IsoAmbiguity, NoMoreThanThreeOfAClassCount) {
    double const three = 1 - 0.88 * 0.88 * 0.88;
    EXPECT_DOUBLE_EQ(iso("may may may may"), three);
    EXPECT_DOUBLE_EQ(iso("may should can could"), three);
    EXPECT_DOUBLE_EQ(iso(repeated("may ", 100000)), three);
}

TEST(IsoAmbiguity, ClassesAreCountedApart) {
    // option .12 twice, incomplete .5, quantifier .06
    EXPECT_DOUBLE_EQ(iso("Some users may see TBD, and may leave"), 1 - 0.94 * 0.88 * 0.5 * 0.88);
    // ambiguous_adverb .18, loophole .08, weak_phrase .08, comparative .03, vague_pronoun .01
    EXPECT_DOUBLE_EQ(iso("often, unless timely: less of it"), 1 - 0.82 * 0.92 * 0.92 * 0.97 * 0.99);
}

TEST(IsoAmbiguity, WordsInsideWordsDoNotCount) {
    EXPECT_EQ(iso("The mayor was dismayed in canada"), 0.0);
    EXPECT_EQ(iso("may\u00E9 \u00E9may may_"), 0.0);
    EXPECT_DOUBLE_EQ(iso("\u201Cmay\u201D"), 0.12);
}

TEST(IsoAmbiguity, OfNestedPhrasesTheLongestCountsOnce) {
    // open_ended .12 once; `but not limited to` and `not limited to` (weak_phrase) stand inside
    EXPECT_DOUBLE_EQ(iso("names, including but not limited to streets"), 0.12);
    EXPECT_EQ(phrases_in("iso", "names, including but not limited to streets"),
              (std::vector<std::string_view>{"including but not limited to"}));
    // undefined_term .12, not also subjective .12
    EXPECT_DOUBLE_EQ(iso("a reasonable person"), 0.12);
}

TEST(IsoAmbiguity, LineBreaksDoNotHideAPhrase) {
    EXPECT_DOUBLE_EQ(iso("as\n  needed"), 0.08);
}

TEST(IsoAmbiguity, StaysWithinZeroAndOne) {
    std::string every;
    for (const LexiconClass &group : find_lexicon("iso").definition().classes)
        for (std::string_view const phrase : group.phrases)
            every += std::string(phrase) + ". ";
    double expected = 1.0;
    for (const LexiconClass &group : find_lexicon("iso").definition().classes)
        expected *= std::pow(1.0 - group.weight, 3);
    EXPECT_NEAR(iso(every), 1.0 - expected, 1e-12);
    EXPECT_LT(iso(every), 1.0);
    EXPECT_EQ(iso(repeated(every, 30)), iso(every));
}

TEST(IsoAmbiguity, StopsAndPassesOnWhatStopThrows) {
    const Lexicon &lexicon = find_lexicon("iso");
    for (std::string_view const piece : {"may ", "-"}) {
        std::string const text = repeated(piece, 10 * bytes_per_stop / piece.size());
        ambiguity(text, lexicon, Encoding::utf8, oracle::counting_stop());
        EXPECT_GE(oracle::stops_seen, 10U);
        EXPECT_LE(oracle::stops_seen, 20U);
        EXPECT_THROW(ambiguity(text, lexicon, Encoding::utf8, oracle::throwing_stop(9)), oracle::Cancelled);
    }
}

TEST(AcgsAmbiguity, OnlyTheEmptyTextScoresOneForSayingNothing) {
    EXPECT_EQ(acgs(""), 1.0);
    EXPECT_EQ(acgs(" "), 0.0);
    EXPECT_EQ(acgs("..."), 0.0);
    EXPECT_EQ(acgs("The server keeps a log."), 0.0);
}

TEST(AcgsAmbiguity, FindsPhrasesInsideWords) {
    EXPECT_EQ(acgs("mayor"), 0.4);
    EXPECT_EQ(acgs("MAYOR"), 0.4);
    EXPECT_EQ(acgs("inappropriate"), 0.3);
}

TEST(AcgsAmbiguity, CountsDistinctPhrasesNotOccurrences) {
    EXPECT_EQ(acgs("may may may"), 0.4);
    EXPECT_EQ(acgs("as needed, as needed"), 0.2);
    EXPECT_EQ(acgs("good faith and common sense"), 0.2);
}

TEST(AcgsAmbiguity, AClassAddsAtMostAHalf) {
    EXPECT_EQ(acgs("may might"), 0.5);
    EXPECT_EQ(acgs("proper relevant suitable"), 0.5);
    EXPECT_EQ(acgs("if possible, as needed, if necessary"), 0.5);
    EXPECT_EQ(acgs("best practices, industry standards, common sense, good faith"), 0.4);
}

TEST(AcgsAmbiguity, AllClassesTogetherAddAtMostOne) {
    EXPECT_EQ(acgs("proper relevant may might"), 1.0);
    EXPECT_EQ(acgs("proper relevant may might as needed, common sense"), 1.0);
}

TEST(AcgsAmbiguity, OverlappingPhrasesAllCount) {
    EXPECT_EQ(acgs("reasonable person"), 0.3 + 0.1);
    EXPECT_EQ(acgs("when appropriate"), 0.3 + 0.2);
}

TEST(AcgsAmbiguity, AddsUpInTheOrderOfTheClassesToTheLastBit) {
    // Backwards, .2 + .4 + .3 and .1 + .2 + .4 + .3 would be the decimal fractions.
    EXPECT_EQ(acgs("as needed you may use proper tools"), 0.3 + 0.4 + 0.2);
    EXPECT_EQ(acgs("as needed you may use proper tools"), 0.8999999999999999);
    EXPECT_EQ(acgs("common sense: as needed you may use proper tools"), 0.3 + 0.4 + 0.2 + 0.1);
    EXPECT_EQ(acgs("common sense: as needed you may use proper tools"), 0.9999999999999999);
}

TEST(AcgsAmbiguity, BlankStandsForItself) {
    EXPECT_EQ(acgs("as\nneeded"), 0.0);
}

TEST(AmbiguityFindings, TellWhereAndWhatAsSubstrCounts) {
    auto const found =
        findings("iso", "\u00C9t\u00E9 \u2014 it \u201CMay\u201D be \u65E5\u672C\U0001F600, as \n needed");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].phrase, "it");
    EXPECT_EQ(found[0].start, 7U);
    EXPECT_EQ(found[0].length, 2U);
    EXPECT_EQ(found[1].phrase, "may");
    EXPECT_EQ(found[1].start, 11U);
    EXPECT_EQ(found[1].group->name, "option");
    EXPECT_EQ(found[2].phrase, "as needed");
    EXPECT_EQ(found[2].start, 24U);
    EXPECT_EQ(found[2].length, 11U);
}

TEST(AmbiguityFindings, CountBytesOfASingleByteText) {
    auto const found = findings("iso", "caf\xE9 \xC3\xA9 may", Encoding::single_byte);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].start, 9U);
    EXPECT_EQ(found[0].length, 3U);
}

TEST(AmbiguityFindings, AreThoseThatTheFormulaLooksAt) {
    std::string_view const text = "A reasonable person may; mayor.";
    EXPECT_EQ(phrases_in("iso", text), (std::vector<std::string_view>{"reasonable person", "may"}));
    EXPECT_EQ(phrases_in("acgs", text),
              (std::vector<std::string_view>{"reasonable", "reasonable person", "may", "may"}));
}

TEST(AmbiguityFindings, CountCharactersOfLongTexts) {
    std::string const before = repeated("\u65E5", 100000);
    std::string const text = before + " reasonable person " + before + " may";
    for (std::string_view const lexicon : {"iso", "acgs"}) {
        auto const found = findings(lexicon, text);
        ASSERT_GE(found.size(), 2U);
        EXPECT_EQ(found.front().start, 100002U);
        EXPECT_EQ(found.back().start, 200021U);
        EXPECT_EQ(found.back().length, 3U);
    }
}

TEST(AmbiguityFindings, AreTheSlicesOfTheTextThatSubstrCuts) {
    constexpr std::string_view pieces[] = {
        "\u00E9", "\u201C",      "\U0001F600", "\u65E5\u672C",     " ",   "\n",        ", ",         "x",
        "may",    "As",          "needed",     "not  limited\tto", "but", "including", "reasonable", "person",
        "when",   "Appropriate", "and/or",     "third-party"};
    oracle::Random random(7);
    std::size_t seen = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string const text = random.text(pieces, 40);
        for (std::string_view const lexicon : {"iso", "acgs"})
            for (const Finding &finding : findings(lexicon, text)) {
                std::string const slice = oracle::substr(text, finding.start, finding.length);
                ASSERT_EQ(oracle::single_blanks(oracle::fold(slice)), finding.phrase) << text;
                ++seen;
            }
    }
    EXPECT_GT(seen, 5000U);
}

TEST(AmbiguityFindings, OfIsoComeInTheOrderOfTheTextAndDoNotOverlap) {
    oracle::Random random(8);
    constexpr std::string_view pieces[] = {"including ", "but ", "not ", "limited ",  "to ",
                                           "such ",      "as ",  "far ", "possible ", "needed ",
                                           "easy ",      "use ", "be ",  "able ",     "and/or "};
    for (int round = 0; round < 2000; ++round) {
        std::size_t behind = 1;
        for (const Finding &finding : findings("iso", random.text(pieces, 40))) {
            ASSERT_GE(finding.start, behind);
            behind = finding.start + finding.length;
        }
    }
}

} // namespace
} // namespace steward::core
