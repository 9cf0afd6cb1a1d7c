#include "core/text/levenshtein.hpp"

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "test/oracle/edit_distance.hpp"
#include "test/oracle/random.hpp"
#include "test/oracle/stops.hpp"

namespace steward::core {
namespace {

std::int64_t distance(std::string_view a, std::string_view b, Encoding encoding = Encoding::utf8) {
    return levenshtein(a, b, encoding);
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    while (times-- > 0)
        text += piece;
    return text;
}

/// Counts what is asked for, and what is not given back.
class CountingMemory final : public std::pmr::memory_resource {
  public:
    std::size_t requests = 0;
    std::size_t bytes_asked_for = 0;
    std::size_t bytes_out = 0;

  private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override {
        ++requests;
        bytes_asked_for += bytes;
        bytes_out += bytes;
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void *place, std::size_t bytes, std::size_t alignment) override {
        bytes_out -= bytes;
        std::pmr::new_delete_resource()->deallocate(place, bytes, alignment);
    }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
        return this == &other;
    }
};

TEST(Levenshtein, KnowsTheTextbookDistances) {
    EXPECT_EQ(distance("kitten", "sitting"), 3);
    EXPECT_EQ(distance("saturday", "sunday"), 3);
    EXPECT_EQ(distance("intention", "execution"), 5);
    EXPECT_EQ(distance("flaw", "lawn"), 2);
}

TEST(Levenshtein, IdenticalTextsAreAtDistanceZero) {
    EXPECT_EQ(distance("", ""), 0);
    EXPECT_EQ(distance("\u00E9t\u00E9", "\u00E9t\u00E9"), 0);
    std::string const text = repeated("policy ", 1000);
    EXPECT_EQ(distance(text, text), 0);
}

TEST(Levenshtein, DistanceFromTheEmptyTextIsTheLength) {
    EXPECT_EQ(distance("", "abc"), 3);
    EXPECT_EQ(distance("\u65E5\u672C", ""), 2);
    EXPECT_EQ(distance("\u65E5\u672C", "", Encoding::single_byte), 6);
    EXPECT_EQ(distance(repeated("\u00E9", 2000), ""), 2000);
}

TEST(Levenshtein, CaseAndWhiteSpaceCount) {
    EXPECT_EQ(distance("May", "may"), 1);
    EXPECT_EQ(distance("a b", "a\tb"), 1);
}

TEST(Levenshtein, CountsCharactersNotBytes) {
    EXPECT_EQ(distance("\u00E9", "e"), 1);
    EXPECT_EQ(distance("\u201C", "\u201D"), 1);
    EXPECT_EQ(distance("\U0001F600", "\U0001F601"), 1);
    EXPECT_EQ(distance("\u00E9", "e", Encoding::single_byte), 2);
}

TEST(Levenshtein, SharedEndsNeverCutACharacter) {
    // C3 A9 and C3 A8 share the first byte, C3 A9 and C4 A9 the last one.
    EXPECT_EQ(distance("a\u00E9b", "a\u00E8b"), 1);
    EXPECT_EQ(distance("a\u00E9b", "a\u0129b"), 1);
    EXPECT_EQ(distance("\u00E9", "\u00E9\u00E9"), 1);
    EXPECT_EQ(distance("\u00E9\u00E8", "\u00E8"), 1);
    EXPECT_EQ(distance("\u00E9\u00E8", "\u00E8\u00E9"), 2);
    EXPECT_EQ(distance("\u65E5", "\u65E4\u65E5"), 1);
    EXPECT_EQ(distance("x\U0001F600", "x\U0001F680"), 1);
}

TEST(Levenshtein, SharedEndsDoNotOverlap) {
    EXPECT_EQ(distance("aa", "aaa"), 1);
    EXPECT_EQ(distance("abab", "ab"), 2);
    EXPECT_EQ(distance(repeated("a", 600), repeated("a", 1300)), 700);
}

TEST(Levenshtein, EachInvalidByteIsOneCharacter) {
    EXPECT_EQ(distance("", "\x80\x80"), 2);
    EXPECT_EQ(distance("a", "\xE2\x80"), 2);
    EXPECT_EQ(distance("\xC3", "\xC3\xA9"), 1);
    EXPECT_EQ(distance("", "\xE0\x80\x80"), 3); // overlong
    EXPECT_EQ(distance(repeated("a", 600), repeated("\x80", 2000)), 2000);
}

TEST(Levenshtein, AgreesWithTheDefinitionOnRandomTexts) {
    oracle::Random random(5);
    for (int round = 0; round < 20000; ++round) {
        std::string const a = random.text(oracle::text_pieces, 24);
        std::string const b = random.text(oracle::text_pieces, 24);
        for (Encoding const encoding : {Encoding::utf8, Encoding::single_byte}) {
            std::int64_t const expected = oracle::edit_distance(a, b, encoding);
            ASSERT_EQ(distance(a, b, encoding), expected)
                << testing::PrintToString(a) << " " << testing::PrintToString(b);
            ASSERT_EQ(distance(b, a, encoding), expected)
                << testing::PrintToString(b) << " " << testing::PrintToString(a);
        }
    }
}

/// `length` of the pieces; with few of them texts are near each other, with many they are far apart.
std::string random_of_length(oracle::Random &random, std::span<const std::string_view> pieces,
                             std::size_t length) {
    std::string text;
    while (length-- > 0)
        text += pieces[random.below(pieces.size())];
    return text;
}

void compare_at_lengths(std::span<const std::string_view> pieces, std::span<const std::size_t> lengths) {
    oracle::Random random(6);
    for (std::size_t const length_a : lengths)
        for (std::size_t const length_b : lengths) {
            // Different first and last characters keep the ends from being left out.
            std::string const a = "<" + random_of_length(random, pieces, length_a - 2) + ">";
            std::string const b = "[" + random_of_length(random, pieces, length_b - 2) + "]";
            ASSERT_EQ(distance(a, b), oracle::edit_distance(a, b, Encoding::utf8))
                << length_a << " and " << length_b;
        }
}

constexpr std::string_view ascii_pieces[] = {"a", "b", "c"};
constexpr std::string_view wide_pieces[] = {"a", "\u00E9", "\u00E8", "\u0142", "\u65E5", "\U0001F600"};
constexpr std::string_view odd_pieces[] = {"a", "\u00E9", "\x80", "\xE2\x80", "\u65E5"};

TEST(Levenshtein, AgreesWithTheDefinitionAroundTheSizesOfWordsAndStrips) {
    constexpr std::size_t lengths[] = {2,   63,  64,  65,  127, 128, 129, 191, 192, 193, 256,
                                       257, 320, 321, 384, 385, 448, 449, 511, 512, 513};
    compare_at_lengths(ascii_pieces, lengths);
    compare_at_lengths(wide_pieces, lengths);
}

TEST(Levenshtein, AgreesWithTheDefinitionOnSeveralStrips) {
    constexpr std::size_t lengths[] = {513, 575, 577, 1023, 1024, 1025, 1100, 1600};
    compare_at_lengths(ascii_pieces, lengths);
    compare_at_lengths(wide_pieces, lengths);
    compare_at_lengths(odd_pieces, lengths);
}

TEST(Levenshtein, KeepsApartMoreCharactersThanAStripHasRows) {
    std::string a;
    std::string b;
    for (char32_t i = 0; i < 700; ++i) {
        a += oracle::encode(0x4E00 + i * 16); // all of them far apart in any table of a power of two
        b += oracle::encode(0x4E00 + (i % 650) * 16 + (i % 7 == 0 ? 1 : 0));
    }
    EXPECT_EQ(distance(a, b), oracle::edit_distance(a, b, Encoding::utf8));
}

TEST(Levenshtein, LongestDistancesDoNotOverflowAStrip) {
    EXPECT_EQ(distance(repeated("a", 5000), repeated("b", 7000)), 7000);
    EXPECT_EQ(distance(repeated("a", 5000) + "c", repeated("b", 100)), 5001);
}

/// Stops beyond those of the columns: reading both texts for their ends, their bytes and their lengths.
constexpr std::size_t other_stops = 12;

std::size_t stops_of(const std::string &a, const std::string &b) {
    levenshtein(a, b, Encoding::utf8, oracle::counting_stop());
    return oracle::stops_seen;
}

TEST(Levenshtein, StopsEvery4096ColumnsOfEachStrip) {
    std::string const text = repeated("b", 40960);
    for (std::size_t const strips : {1U, 2U, 3U}) {
        std::size_t const stops = stops_of(repeated("a", strips * 512), text);
        EXPECT_GE(stops, strips * 10);
        EXPECT_LE(stops, strips * 10 + other_stops);
    }
}

TEST(Levenshtein, StopsWhileItReadsWhatIsShared) {
    std::string const text(20 * bytes_per_stop, 'a');
    EXPECT_GE(stops_of(text, text), 20U);
    EXPECT_GE(stops_of("x" + text, "y" + text), 19U);
}

TEST(Levenshtein, StopsWhileItCounts) {
    EXPECT_GE(stops_of("", repeated("\u00E9", 10 * bytes_per_stop)), 10U);
}

TEST(Levenshtein, AsksForNoMemoryUpTo512Characters) {
    CountingMemory memory;
    std::string const shorter = repeated("\u00E9", 512);
    EXPECT_EQ(levenshtein(shorter, repeated("ab", 5000), Encoding::utf8, Stop{}, &memory), 10000);
    EXPECT_EQ(memory.requests, 0U);
    levenshtein(shorter + "x", repeated("ab", 5000), Encoding::utf8, Stop{}, &memory);
    EXPECT_EQ(memory.requests, 2U);
}

TEST(Levenshtein, AsksForTwoBitsACharacterAndGivesThemBack) {
    CountingMemory memory;
    levenshtein(repeated("a", 6000), repeated("b", 64000), Encoding::utf8, Stop{}, &memory);
    EXPECT_EQ(memory.bytes_asked_for, 2U * 64000 / 8);
    EXPECT_EQ(memory.bytes_out, 0U);
}

TEST(Levenshtein, PassesOnWhatStopThrowsAndGivesItsMemoryBack) {
    CountingMemory memory;
    for (std::size_t allowed = 0; allowed < 6; ++allowed) {
        EXPECT_THROW(levenshtein(repeated("a", 1100), repeated("b", 4097), Encoding::utf8,
                                 oracle::throwing_stop(allowed), &memory),
                     oracle::Cancelled);
        EXPECT_EQ(memory.bytes_out, 0U);
    }
    EXPECT_GT(memory.requests, 0U);
}

} // namespace
} // namespace steward::core
