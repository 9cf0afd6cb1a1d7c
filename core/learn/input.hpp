// What a model is given: a text, and values that have names; and what a learner sees of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/learn/features.hpp"

namespace steward::core {

/// A value beside the text: a word, such as a category, or a number. One name may have several words.
struct NamedValue {
    std::string_view name;
    std::string_view word;
    double number = 0;
    bool is_number = false;
};

struct Input {
    std::string_view text;
    std::span<const NamedValue> values;
};

/// Behind the places of words: how long the text is, and how often it has phrases of each class of the
/// lexicon 'iso'; then numbers, each at a place by the hash of its name.
inline constexpr std::uint32_t length_place = word_places;
inline constexpr std::uint32_t first_class_place = length_place + 1;
inline constexpr std::uint32_t first_number_place = word_places + 32;
inline constexpr int number_bits = 16;
inline constexpr std::uint32_t input_places = first_number_place + (1U << number_bits);

/// Numbers differ in what is much; words do not.
inline bool is_number_place(std::uint32_t place) noexcept {
    return place >= word_places;
}

/// Appends the features of an input in the order of their places: its words and pairs, scaled so that the sum
/// of their squares is 1; words of named values, as "name=word"; and numbers as they are, the length of the
/// text as log(1 + words). Numbers that are not finite count as missing.
void append_features(std::vector<Feature> &features, const Input &input, Encoding encoding,
                     Stop stop = Stop{});

/// Where the word of a named value stands, and where a named number does.
Feature hash_value(std::string_view name, std::string_view word);
std::uint32_t place_of_number(std::string_view name) noexcept;

/// A feature by the name that people know it by. Pairs of words have a blank in between.
struct Term {
    std::string name;
    Feature feature;
};

/// The features of an input by their names. Words and pairs that meet in one place have the same one, and
/// each its own part of the value. In the order in which they occur first.
std::vector<Term> terms_of(const Input &input, Encoding encoding, Stop stop = Stop{});

} // namespace steward::core
