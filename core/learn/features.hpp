// What a learner sees of a text: hashed words, and pairs of words that follow one another.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// A place in the vector of a row, and the value there.
struct Feature {
    std::uint32_t place;
    float value;

    friend bool operator==(const Feature &, const Feature &) = default;
};

/// The places of words are 0 .. 2^word_bits - 1; whatever else a row has stands behind them.
inline constexpr int word_bits = 18;
inline constexpr std::uint32_t word_places = 1U << word_bits;

/// Where a word, or a pair of words, stands, and with which sign: of two that meet in one place half cancel
/// out. Letters of ASCII count as lower case.
/// Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
Feature hash_word(std::string_view word, std::string_view previous = {}) noexcept;

/// The words of a text in their order, each as a part of it: runs of characters that belong to words.
template <class Visit>
void each_word(std::string_view text, Encoding encoding, Visit visit, Stop stop = Stop{}) {
    std::size_t start = 0;
    bool inside = false;
    std::size_t next_stop = bytes_per_stop;
    for (std::size_t i = 0; i < text.size();) {
        auto const byte = static_cast<unsigned char>(text[i]);
        std::size_t size = 1;
        bool is_word = is_ascii_word(byte);
        if (byte >= 0x80) {
            Decoded const character = decode_at(text, i, encoding);
            size = character.bytes;
            is_word = encoding == Encoding::single_byte || is_word_character(character.code_point);
        }
        if (is_word && !inside)
            start = i;
        if (!is_word && inside)
            visit(text.substr(start, i - start));
        inside = is_word;
        i += size;
        if (i >= next_stop) {
            stop();
            next_stop = i + bytes_per_stop;
        }
    }
    if (inside)
        visit(text.substr(start));
}

/// Brings those from `from` on in the order of their places; those that meet in one become one.
void merge_places(std::vector<Feature> &features, std::size_t from, Stop stop = Stop{});

/// Appends the words and pairs of a text, each with how often it occurs, in the order of their places, and
/// scaled so that the sum of their squares is 1. Nothing for a text without words.
void append_words(std::vector<Feature> &features, std::string_view text, Encoding encoding,
                  Stop stop = Stop{});

} // namespace steward::core
