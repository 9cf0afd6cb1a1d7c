#include "core/text/character.hpp"

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "test/oracle/random.hpp"
#include "test/oracle/utf8.hpp"

namespace steward::core {
namespace {

constexpr char32_t last_code_point = 0x10FFFF;

/// The bytes at the borders of table 3-7 of the Unicode standard, and some between.
constexpr std::string_view border_bytes = "\x01\x41\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC"
                                          "\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5\xFF";

/// Calls `use` with every string of four border bytes.
template <class Use> void for_each_sequence(Use use) {
    for (char const a : border_bytes)
        for (char const b : border_bytes)
            for (char const c : border_bytes)
                for (char const d : border_bytes) {
                    char const sequence[] = {a, b, c, d};
                    use(std::string_view(sequence, sizeof sequence));
                }
}

TEST(Character, DecodesEveryScalarValueFromEitherEnd) {
    for (char32_t value = 0; value <= last_code_point; ++value) {
        std::string const bytes = oracle::encode(value);
        if (bytes.empty())
            continue; // a surrogate
        Decoded const forward = decode_at(bytes, 0, Encoding::utf8);
        Decoded const backward = decode_before(bytes, bytes.size(), Encoding::utf8);
        ASSERT_EQ(forward.code_point, value);
        ASSERT_EQ(forward.bytes, bytes.size());
        ASSERT_EQ(backward.code_point, value);
        ASSERT_EQ(backward.bytes, bytes.size());
    }
}

TEST(Character, RefusesWhatTheEncoderNeverMakes) {
    for_each_sequence([](std::string_view text) {
        Decoded const expected = oracle::first_character(text, Encoding::utf8);
        Decoded const actual = decode_at(text, 0, Encoding::utf8);
        ASSERT_EQ(actual.code_point, expected.code_point) << testing::PrintToString(text);
        ASSERT_EQ(actual.bytes, expected.bytes) << testing::PrintToString(text);
    });
}

TEST(Character, DecodingBackwardsMirrorsDecodingForwards) {
    for_each_sequence([](std::string_view text) {
        for (std::size_t start = 0; start < text.size();) {
            Decoded const forward = decode_at(text, start, Encoding::utf8);
            start += forward.bytes;
            Decoded const backward = decode_before(text, start, Encoding::utf8);
            ASSERT_EQ(backward.code_point, forward.code_point) << testing::PrintToString(text);
            ASSERT_EQ(backward.bytes, forward.bytes) << testing::PrintToString(text);
        }
    });
}

TEST(Character, DecodingBackwardsInsideACharacterGivesAReplacement) {
    std::string_view const text = "\u65E5";
    Decoded const inside = decode_before(text, 2, Encoding::utf8);
    EXPECT_EQ(inside.code_point, replacement_character);
    EXPECT_EQ(inside.bytes, 1U);
}

TEST(Character, TruncatedSequenceIsOneReplacementAByte) {
    for (std::string_view const text : {"\xC3", "\xE2\x80", "\xF0\x9F\x98"})
        for (std::size_t i = 0; i < text.size(); ++i) {
            EXPECT_EQ(decode_at(text, i, Encoding::utf8).code_point, replacement_character);
            EXPECT_EQ(decode_at(text, i, Encoding::utf8).bytes, 1U);
        }
}

TEST(Character, SingleByteTakesEachByteForItself) {
    for (int byte = 0; byte < 256; ++byte) {
        std::string const text{'x', static_cast<char>(byte), '\x80'};
        EXPECT_EQ(decode_at(text, 1, Encoding::single_byte).code_point, static_cast<char32_t>(byte));
        EXPECT_EQ(decode_at(text, 1, Encoding::single_byte).bytes, 1U);
        EXPECT_EQ(decode_before(text, 2, Encoding::single_byte).code_point, static_cast<char32_t>(byte));
        EXPECT_EQ(decode_before(text, 2, Encoding::single_byte).bytes, 1U);
    }
}

TEST(Character, CountsCharactersOfAValidText) {
    EXPECT_EQ(count_characters("", Encoding::utf8), 0U);
    EXPECT_EQ(count_characters("abc", Encoding::utf8), 3U);
    EXPECT_EQ(count_characters("\u00E9\u201C\U0001F600x", Encoding::utf8), 4U);
    EXPECT_EQ(count_characters("\u00E9\u201C\U0001F600x", Encoding::single_byte), 10U);
}

TEST(Character, CountsOfSlicesAddUpWhereverATextIsCut) {
    std::string_view const text = "a\u00E9\u201C\U0001F600x";
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        EXPECT_EQ(count_characters(text.substr(0, cut), Encoding::utf8) +
                      count_characters(text.substr(cut), Encoding::utf8),
                  5U);
}

TEST(Character, AsciiClassesAreThoseOfTheCLocale) {
    for (int byte = 0; byte < 256; ++byte) {
        auto const c = static_cast<unsigned char>(byte);
        bool const ascii = byte < 0x80;
        EXPECT_EQ(is_ascii_word(c), ascii && (std::isalnum(byte) != 0 || byte == '_')) << byte;
        EXPECT_EQ(is_ascii_space(c), ascii && std::isspace(byte) != 0) << byte;
        EXPECT_EQ(fold_ascii(c), ascii ? std::tolower(byte) : byte) << byte;
        if (ascii) {
            EXPECT_EQ(is_word_character(static_cast<char32_t>(byte)), is_ascii_word(c)) << byte;
        }
    }
}

TEST(Character, LettersOfEveryScriptBelongToWords) {
    for (char32_t const c : U"\u00AA\u00B5\u00BA\u00C0\u00E9\u00FF\u0142\u0301\u0416\u05D0\u0639\u0905\u3042"
                            U"\u65E5\uAC00\uFF21\uFF10\U00010400\U00020000")
        if (c != 0) {
            EXPECT_TRUE(is_word_character(c)) << std::hex << static_cast<unsigned>(c);
        }
}

TEST(Character, SignsAndSpacesOutsideAsciiBelongToNoWord) {
    for (char32_t const c : U"\u0085\u00A0\u00A7\u00AB\u00BB\u00BF\u00D7\u00F7\u2003\u2013\u2014\u2018\u2019"
                            U"\u201C\u201D\u2026\u2028\u202F\u2192\u2264\u25CF\u2E3A\u3000\u3001\u3002\u300C"
                            U"\uFF01\uFF0C\uFF1F\uFEFF\uFFFD")
        if (c != 0) {
            EXPECT_FALSE(is_word_character(c)) << std::hex << static_cast<unsigned>(c);
        }
}

TEST(Character, WordTestsAtAPlaceAgreeWithTheCharacterThere) {
    oracle::Random random(20250101);
    for (int round = 0; round < 2000; ++round) {
        std::string const text = random.text(oracle::text_pieces, 12);
        for (std::size_t i = 0; i < text.size(); ++i) {
            std::string_view const rest = std::string_view(text).substr(i);
            char32_t const after = oracle::first_character(rest, Encoding::utf8).code_point;
            ASSERT_EQ(is_word_at(text, i, Encoding::utf8), is_word_character(after));
            if (i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) & 0xC0) == 0x80)
                continue; // i + 1 is no border of characters
            std::string_view const part = std::string_view(text).substr(0, i + 1);
            char32_t const before = oracle::last_character(part, Encoding::utf8).code_point;
            ASSERT_EQ(is_word_before(text, i + 1, Encoding::utf8), is_word_character(before));
        }
    }
}

TEST(Character, EveryByteBeyondAsciiIsALetterInASingleByteText) {
    for (int byte = 0x80; byte < 256; ++byte) {
        std::string const text(1, static_cast<char>(byte));
        EXPECT_TRUE(is_word_at(text, 0, Encoding::single_byte));
        EXPECT_TRUE(is_word_before(text, 1, Encoding::single_byte));
    }
}

} // namespace
} // namespace steward::core
