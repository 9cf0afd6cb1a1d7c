#include "core/semantic/overlap.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/semantic/sort_stopping.hpp"
#include "core/semantic/words.hpp"

namespace steward::core {

namespace {

constexpr std::size_t word_bits = 64;

bool is_article(std::string_view word) noexcept {
    return word == "a" || word == "an" || word == "the";
}

Overlap overlap_of(std::size_t shared, std::size_t expected, std::size_t actual) {
    if (expected == 0 || actual == 0) {
        double const both = expected == actual ? 1 : 0;
        return {both, both, both};
    }
    auto const common = static_cast<double>(shared);
    return {common / static_cast<double>(actual), common / static_cast<double>(expected),
            2 * common / static_cast<double>(expected + actual)};
}

using Bits = std::vector<std::uint64_t>;

/// Where each word of a text stands.
std::unordered_map<std::string_view, std::vector<std::size_t>> places_of(const Words &words, Stop stop) {
    std::unordered_map<std::string_view, std::vector<std::size_t>> places;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i % words_per_stop == 0)
            stop();
        places[words[i]].push_back(i);
    }
    return places;
}

/// One word more of the other text: zeros of `row` are where the longest sequence grows.
void take(Bits &row, const Bits &match) {
    unsigned carry = 0;
    for (std::size_t block = 0; block < row.size(); ++block) {
        std::uint64_t const both = row[block] & match[block];
        std::uint64_t const with_carry = row[block] + carry;
        std::uint64_t const sum = with_carry + both;
        carry = (with_carry < row[block] ? 1U : 0U) | (sum < with_carry ? 1U : 0U);
        row[block] = sum | (row[block] & ~match[block]);
    }
}

} // namespace

Overlap token_overlap(std::string_view expected, std::string_view actual, Encoding encoding, Stop stop) {
    Words const wanted(expected, encoding, stop);
    Words const given(actual, encoding, stop);
    std::unordered_map<std::string_view, std::size_t> left;
    std::size_t wanted_count = 0;
    std::size_t given_count = 0;
    std::size_t shared = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i % words_per_stop == 0)
            stop();
        if (!is_article(wanted[i])) {
            ++left[wanted[i]];
            ++wanted_count;
        }
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (i % words_per_stop == 0)
            stop();
        if (is_article(given[i]))
            continue;
        ++given_count;
        if (auto const found = left.find(given[i]); found != left.end() && found->second > 0) {
            --found->second;
            ++shared;
        }
    }
    return overlap_of(shared, wanted_count, given_count);
}

Overlap rouge_l(std::string_view expected, std::string_view actual, Encoding encoding, Stop stop) {
    Words const wanted(expected, encoding, stop);
    Words const given(actual, encoding, stop);
    auto const places = places_of(wanted, stop);
    Bits row((wanted.size() + word_bits - 1) / word_bits, ~std::uint64_t{0});
    Bits match(row.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
        stop();
        auto const found = places.find(given[i]);
        if (found == places.end())
            continue;
        for (std::size_t const place : found->second)
            match[place / word_bits] |= std::uint64_t{1} << (place % word_bits);
        take(row, match);
        for (std::size_t const place : found->second)
            match[place / word_bits] = 0;
    }
    std::size_t longest = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        longest += (row[i / word_bits] >> (i % word_bits) & 1U) == 0 ? 1 : 0;
    return overlap_of(longest, wanted.size(), given.size());
}

} // namespace steward::core
