#include "core/score/exact_match.hpp"

#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "test/oracle/stops.hpp"

namespace steward::core {
namespace {

constexpr ExactMatchOptions ignore_case{.ignore_case = true};
constexpr ExactMatchOptions ignore_whitespace{.ignore_whitespace = true};
constexpr ExactMatchOptions ignore_punctuation{.ignore_punctuation = true};
constexpr ExactMatchOptions ignore_all{true, true, true, 0.0};

/// Also asserts that both ways round give the same.
bool equal(std::string_view expected, std::string_view actual, const ExactMatchOptions &options = {},
           Encoding encoding = Encoding::utf8) {
    bool const result = exact_match(expected, actual, options, encoding);
    EXPECT_EQ(exact_match(actual, expected, options, encoding), result) << expected << " / " << actual;
    return result;
}

bool near(std::string_view expected, std::string_view actual, double tolerance) {
    return equal(expected, actual, {.tolerance = tolerance});
}

TEST(ExactMatch, EveryByteCountsByDefault) {
    EXPECT_TRUE(equal("", ""));
    EXPECT_TRUE(equal("May\u00E9 ", "May\u00E9 "));
    for (std::string_view const other : {"", "may.", "May", "May. ", " May.", "May.\n", "May .", "Mays"})
        EXPECT_FALSE(equal("May.", other)) << other;
    EXPECT_FALSE(equal("1", "1.0"));
}

TEST(ExactMatch, CaseOfAsciiLettersMayBeIgnored) {
    EXPECT_TRUE(equal("The MAYOR", "tHE mayor", ignore_case));
    EXPECT_FALSE(equal("mayor", "mayo", ignore_case));
    EXPECT_FALSE(equal("@[`{", "`{@[", ignore_case)); // the neighbours of the letters
    EXPECT_FALSE(equal("a b", "a  b", ignore_case));
    EXPECT_FALSE(equal("a.", "a", ignore_case));
}

TEST(ExactMatch, CaseOutsideAsciiCounts) {
    EXPECT_FALSE(equal("\u00E9", "\u00C9", ignore_case));
    EXPECT_TRUE(equal("\u00E9T", "\u00E9t", ignore_case));
    EXPECT_FALSE(equal("\xE9", "\xC9", ignore_case, Encoding::single_byte));
    EXPECT_TRUE(equal("\xE9T", "\xE9t", ignore_case, Encoding::single_byte));
}

TEST(ExactMatch, WhiteSpaceAtTheEndsMayBeIgnored) {
    EXPECT_TRUE(equal("yes", " \t\r\n\v\fyes", ignore_whitespace));
    EXPECT_TRUE(equal("yes", "yes \t\r\n\v\f", ignore_whitespace));
    EXPECT_TRUE(equal("  ", "", ignore_whitespace));
    EXPECT_FALSE(equal("yes", "", ignore_whitespace));
}

TEST(ExactMatch, AmountOfWhiteSpaceInsideMayBeIgnored) {
    EXPECT_TRUE(equal("a b c", "a  b \n\t c", ignore_whitespace));
    EXPECT_TRUE(equal("a b c", "\na\nb\nc\n", ignore_whitespace));
}

TEST(ExactMatch, WhetherThereIsWhiteSpaceInsideCounts) {
    EXPECT_FALSE(equal("a b", "ab", ignore_whitespace));
    EXPECT_FALSE(equal("a bc", "ab c", ignore_whitespace));
    EXPECT_FALSE(equal("a b c", "a bc", ignore_whitespace));
    EXPECT_FALSE(equal("ab", "a b", ignore_all));
}

TEST(ExactMatch, NoBreakSpaceIsNoWhiteSpaceButASign) {
    EXPECT_FALSE(equal("a b", "a\u00A0b", ignore_whitespace));
    EXPECT_TRUE(equal("ab", "a\u00A0b", ignore_punctuation));
}

TEST(ExactMatch, PunctuationMayBeIgnored) {
    EXPECT_TRUE(equal("Its fine", "\u201CIt\u2019s\u201D fine!", ignore_punctuation));
    EXPECT_TRUE(equal("ab", "!\"#$%&'()*+,-./:;<=>?@a[\\]^`{|}~b", ignore_punctuation));
    EXPECT_TRUE(equal("...", "", ignore_punctuation));
    EXPECT_FALSE(equal("a_b", "ab", ignore_punctuation));
    EXPECT_FALSE(equal("caf\u00E9", "caf", ignore_punctuation));
}

TEST(ExactMatch, IgnoringPunctuationKeepsWhiteSpace) {
    EXPECT_FALSE(equal("a b", "a  b", ignore_punctuation));
    EXPECT_FALSE(equal("a b", "a\tb", ignore_punctuation));
    EXPECT_FALSE(equal("a", "a ", ignore_punctuation));
    EXPECT_TRUE(equal("a b", "a, b.", ignore_punctuation));
}

TEST(ExactMatch, EveryHighByteIsALetterInASingleByteText) {
    EXPECT_FALSE(equal("a\xBB", "a", ignore_punctuation, Encoding::single_byte));
    EXPECT_TRUE(equal("a\xBB.", "a\xBB", ignore_punctuation, Encoding::single_byte));
}

TEST(ExactMatch, OptionsCombine) {
    EXPECT_TRUE(equal("The answer is 42", " the  ANSWER, is:\n42. ", ignore_all));
    EXPECT_TRUE(equal("a b", "A ... b", ignore_all));
    EXPECT_TRUE(equal("a b", "A\t-\tB -", ignore_all));
    EXPECT_TRUE(equal("", " . ", ignore_all));
    EXPECT_FALSE(equal("the answer is 42", "the answer is 43", ignore_all));
    EXPECT_FALSE(equal("a b", "A b.", {.ignore_case = true, .ignore_whitespace = true}));
    EXPECT_TRUE(equal("a b.", "A  B.", {.ignore_case = true, .ignore_whitespace = true}));
    EXPECT_TRUE(equal("ab", "A.B", {.ignore_case = true, .ignore_punctuation = true}));
    EXPECT_TRUE(equal("a b", " a - b", {.ignore_whitespace = true, .ignore_punctuation = true}));
}

TEST(ExactMatch, NumbersMayDifferByTheTolerance) {
    EXPECT_TRUE(near("1.0", "1", 1e-9));
    EXPECT_TRUE(near("10", "10.5", 0.5));
    EXPECT_FALSE(near("10", "10.75", 0.5));
    EXPECT_TRUE(near("-1", "1", 2.0));
    EXPECT_TRUE(near("0", "-0", 1e-300));
    EXPECT_TRUE(near("1e3", "1000", 0.1));
    EXPECT_TRUE(near("3.14", "3.14159", 0.01));
}

TEST(ExactMatchTolerance, AllowsForTheRoundingOfDecimalNumbers) {
    EXPECT_TRUE(near("1.1", "1.0", 0.1));
    EXPECT_TRUE(near("0.3", "0.1", 0.2));
    EXPECT_FALSE(near("1.1001", "1.0", 0.1));
    EXPECT_FALSE(near("1.100000001", "1.0", 0.1));
}

TEST(ExactMatchTolerance, LongTextsAreNotReadAsNumbers) {
    std::string const blanks(1023, ' ');
    EXPECT_TRUE(near(blanks + "1", "1.0", 0.5));
    EXPECT_FALSE(near(blanks + " 1", "1.0", 0.5));
}

TEST(ExactMatch, NumbersMayBeWrittenInEveryDecimalWay) {
    for (std::string_view const two : {" 2", "2\n", "+2", "2.", "2.0", "2e0", "2E+0", "20e-1", "0002"})
        EXPECT_TRUE(near("2", two, 0.001)) << two;
}

TEST(ExactMatch, WhatIsNoDecimalNumberIsComparedAsText) {
    for (std::string_view const other : {"0x2", "2 2", "2a", "+-2", "++2", "+ 2", "2,0", "", "two", "2e",
                                         "inf", "nan", "-inf", "1e999", "."}) {
        EXPECT_FALSE(near("2", other, 1e300)) << other;
        EXPECT_TRUE(near(other, other, 1e300)) << other;
    }
    EXPECT_FALSE(near("inf", "infinity", 1.0));
    EXPECT_FALSE(near("a", "b", 1.0));
}

TEST(ExactMatch, WithoutToleranceNumbersAreText) {
    EXPECT_FALSE(near("1.0", "1", 0.0));
    EXPECT_FALSE(equal("1.0", "1", ignore_case));
}

TEST(ExactMatch, ToleranceCombinesWithOptionsOnText) {
    EXPECT_TRUE(equal("About 2", "about  2", {true, true, false, 0.5}));
    EXPECT_FALSE(equal("about 2", "about 2.1", {true, true, false, 0.5}));
    // As numbers they are apart, although without the sign they would be the same text.
    EXPECT_FALSE(equal("-5", "5", {false, false, true, 0.5}));
}

TEST(ExactMatch, DistanceOfHugeNumbersMayOverflow) {
    EXPECT_FALSE(near("1e308", "-1e308", 1e308));
}

TEST(ExactMatch, RefusesBadTolerances) {
    using Limits = std::numeric_limits<double>;
    for (double const bad : {-1e-9, -1.0, Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()})
        try {
            exact_match("a", "a", {.tolerance = bad}, Encoding::utf8); // even where nothing differs
            ADD_FAILURE() << "not refused: " << bad;
        } catch (const Error &error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
            EXPECT_STREQ(error.what(), "tolerance must be finite and not negative");
        }
    EXPECT_NO_THROW(exact_match("a", "a", {.tolerance = -0.0}, Encoding::utf8));
}

TEST(ExactMatch, StopsOnceEvery64KilobytesOfEitherText) {
    for (std::string_view const piece : {"a", " ", "."}) {
        std::string text;
        while (text.size() < 10 * bytes_per_stop)
            text += piece;
        exact_match(text, text + "!", ignore_all, Encoding::utf8, oracle::counting_stop());
        EXPECT_GE(oracle::stops_seen, 10U) << piece;
        EXPECT_LE(oracle::stops_seen, 2 * 11U) << piece;
    }
}

TEST(ExactMatch, PassesOnWhatStopThrows) {
    std::string const text(3 * bytes_per_stop, 'a');
    EXPECT_THROW(exact_match(text, text + "b", ignore_case, Encoding::utf8, oracle::throwing_stop(2)),
                 oracle::Cancelled);
}

} // namespace
} // namespace steward::core
