#include "core/text/longest.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "test/oracle/phrases.hpp"
#include "test/oracle/random.hpp"

namespace steward::core {
namespace {

using Found = std::vector<oracle::Triple>;

Found longest_of(const std::vector<Match> &matches, std::size_t batch = 1024) {
    Found passed_on;
    LongestMatches longest(
        [&](const Match &match) { passed_on.emplace_back(match.phrase, match.start, match.end); }, batch);
    for (const Match &match : matches)
        longest.add(match);
    longest.finish();
    return passed_on;
}

TEST(LongestMatches, PassesOnNothingOfNothing) {
    EXPECT_EQ(longest_of({}), Found{});
}

TEST(LongestMatches, PassesOnAllThatStandsApart) {
    EXPECT_EQ(longest_of({{0, 0, 2}, {1, 2, 4}, {0, 7, 9}}), (Found{{0, 0, 2}, {1, 2, 4}, {0, 7, 9}}));
}

TEST(LongestMatches, PrefersTheLongestOfOneStart) {
    EXPECT_EQ(longest_of({{0, 0, 2}, {1, 0, 5}, {2, 0, 9}}), (Found{{2, 0, 9}}));
}

TEST(LongestMatches, PrefersTheLeftmostToALongerOne) {
    EXPECT_EQ(longest_of({{0, 0, 3}, {1, 2, 90}}), (Found{{0, 0, 3}}));
}

TEST(LongestMatches, SwallowsSeveralThatWereKept) {
    EXPECT_EQ(longest_of({{0, 0, 1}, {1, 2, 3}, {2, 4, 5}, {3, 2, 9}}), (Found{{0, 0, 1}, {3, 2, 9}}));
}

TEST(LongestMatches, CountsASuffixOnce) {
    EXPECT_EQ(longest_of({{0, 0, 9}, {1, 4, 9}, {2, 7, 9}}), (Found{{0, 0, 9}}));
}

// "a b c d e" with the phrases "a b", "d" and "b c d e": the last one overlaps the first, so it does not
// count, and "d" stands.
TEST(LongestMatches, WhatDoesNotCountSwallowsNothing) {
    EXPECT_EQ(longest_of({{0, 0, 3}, {1, 6, 7}, {2, 2, 9}}), (Found{{0, 0, 3}, {1, 6, 7}}));
}

TEST(LongestMatches, StartsAfreshAfterFinish) {
    std::size_t passed_on = 0;
    LongestMatches longest([&](const Match &) { ++passed_on; });
    longest.add({0, 0, 5});
    longest.finish();
    longest.add({0, 0, 5});
    longest.finish();
    longest.finish();
    EXPECT_EQ(passed_on, 2U);
}

/// Intervals without repetition, in the order of a scan.
std::vector<Match> random_matches(oracle::Random &random) {
    std::set<std::pair<std::size_t, std::size_t>> by_end_and_start;
    std::size_t const longest = 1 + random.below(12);
    for (std::size_t left = random.below(30); left > 0; --left) {
        std::size_t const start = random.below(40);
        by_end_and_start.emplace(start + 1 + random.below(longest), start);
    }
    std::vector<Match> matches;
    for (auto const &[end, start] : by_end_and_start)
        matches.push_back({static_cast<std::uint32_t>(matches.size()), start, end});
    return matches;
}

TEST(LongestMatches, AgreesWithTheNaiveReadingOfRandomIntervals) {
    oracle::Random random(3);
    for (int round = 0; round < 20000; ++round) {
        std::vector<Match> const matches = random_matches(random);
        Found const expected = oracle::triples(oracle::leftmost_longest(matches));
        ASSERT_EQ(longest_of(matches), expected) << testing::PrintToString(oracle::triples(matches));
    }
}

TEST(LongestMatches, AgreesWithTheNaiveReadingOfARealScan) {
    std::vector<std::string_view> const phrases = {"a",   "b",     "c",       "a b",     "b c",
                                                   "c a", "a b c", "b c a b", "c a b c", "b b a c b"};
    Matcher const matcher(phrases, Occurrence::whole_words);
    constexpr std::string_view words[] = {"a ", "b ", "c ", "a\n", "B  ", "x "};
    oracle::Random random(4);
    for (int round = 0; round < 3000; ++round) {
        std::string const text = random.text(words, 60);
        std::vector<Match> matches;
        matcher.scan(text, Encoding::utf8, Stop{}, [&](const Match &match) { matches.push_back(match); });
        // No phrase has more words than half a batch of 10 holds.
        ASSERT_EQ(longest_of(matches, 10), oracle::triples(oracle::leftmost_longest(matches))) << text;
    }
}

TEST(LongestMatches, HoldsNoMoreThanABatchOfAMillionFindings) {
    constexpr std::size_t findings = 1000000;
    constexpr std::size_t batch = 8;
    std::size_t added = 0;
    std::size_t passed_on = 0;
    std::size_t most_held = 0;
    LongestMatches longest(
        [&](const Match &match) {
            ASSERT_EQ(match.start, 2 * passed_on);
            ++passed_on;
        },
        batch);
    for (; added < findings; ++added) {
        longest.add({0, 2 * added, 2 * added + 1});
        most_held = std::max(most_held, added + 1 - passed_on);
    }
    EXPECT_EQ(most_held, batch);
    longest.finish();
    EXPECT_EQ(passed_on, findings);
}

TEST(LongestMatches, SwallowsAcrossThePlaceWhereABatchWasPassedOn) {
    std::vector<Match> matches;
    for (std::size_t i = 0; i < 9; ++i)
        matches.push_back({0, 2 * i, 2 * i + 1});
    matches.push_back({1, 14, 18}); // swallows the last two
    Found const passed_on = longest_of(matches, 8);
    ASSERT_EQ(passed_on.size(), 8U);
    EXPECT_EQ(passed_on[6], (oracle::Triple{0, 12, 13}));
    EXPECT_EQ(passed_on[7], (oracle::Triple{1, 14, 18}));
}

} // namespace
} // namespace steward::core
