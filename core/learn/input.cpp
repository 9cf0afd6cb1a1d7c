#include "core/learn/input.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <unordered_map>

#include "core/score/ambiguity.hpp"

namespace steward::core {

namespace {

static_assert(input_places <= 1U << 20, "places are sorted by two digits of ten bits");

constexpr std::size_t most_classes = first_number_place - first_class_place;
constexpr float most_in_class = 3; ///< more phrases of a class say no more

using ClassCounts = std::array<float, most_classes>;

ClassCounts count_classes(std::string_view text, Encoding encoding, Stop stop) {
    const Lexicon &lexicon = default_lexicon();
    ClassCounts counts{};
    LongestMatches longest([&](const Match &match) {
        float &count = counts[std::min(lexicon.class_of(match.phrase), most_classes - 1)];
        count = std::min(count + 1, most_in_class);
    });
    lexicon.matcher().scan(text, encoding, stop, [&](const Match &match) { longest.add(match); });
    longest.finish();
    return counts;
}

std::size_t count_words(std::string_view text, Encoding encoding, Stop stop) {
    std::size_t words = 0;
    each_word(
        text, encoding, [&](std::string_view) { ++words; }, stop);
    return words;
}

/// What is counted of a text as a whole.
template <class Visit> void each_count(std::string_view text, Encoding encoding, Stop stop, Visit visit) {
    std::size_t const words = count_words(text, encoding, stop);
    if (words == 0)
        return;
    visit(length_place, std::string_view{}, std::log1p(static_cast<float>(words)));
    ClassCounts const counts = count_classes(text, encoding, stop);
    std::span<const LexiconClass> const classes = default_lexicon().definition().classes;
    for (std::size_t i = 0; i < std::min(classes.size(), most_classes); ++i)
        if (counts[i] > 0)
            visit(first_class_place + static_cast<std::uint32_t>(i), classes[i].name, counts[i]);
}

bool is_known(const NamedValue &value) noexcept {
    return !value.is_number || std::isfinite(static_cast<float>(value.number));
}

Feature feature_of(const NamedValue &value) {
    return value.is_number ? Feature{place_of_number(value.name), static_cast<float>(value.number)}
                           : hash_value(value.name, value.word);
}

} // namespace

Feature hash_value(std::string_view name, std::string_view word) {
    std::string both;
    both.reserve(name.size() + word.size() + 1);
    both.append(name).append(1, '=').append(word);
    return hash_word(both);
}

std::uint32_t place_of_number(std::string_view name) noexcept {
    return first_number_place + (hash_word(name).place & ((1U << number_bits) - 1));
}

void append_features(std::vector<Feature> &features, const Input &input, Encoding encoding, Stop stop) {
    std::size_t const from = features.size();
    append_words(features, input.text, encoding, stop);
    std::size_t const words = features.size();
    for (const NamedValue &value : input.values)
        if (!value.is_number)
            features.push_back(feature_of(value));
    if (features.size() > words)
        merge_places(features, from, stop);
    each_count(input.text, encoding, stop, [&](std::uint32_t place, std::string_view, float value) {
        features.push_back({place, value});
    });
    std::size_t const counts = features.size();
    for (const NamedValue &value : input.values)
        if (value.is_number && is_known(value))
            features.push_back(feature_of(value));
    if (features.size() > counts)
        merge_places(features, counts, stop);
}

std::vector<Term> terms_of(const Input &input, Encoding encoding, Stop stop) {
    std::vector<Term> terms;
    std::unordered_map<std::string, std::size_t> places;
    auto const add = [&](std::string name, Feature feature) {
        auto const [at, is_new] = places.try_emplace(name, terms.size());
        if (is_new)
            terms.push_back({std::move(name), {feature.place, 0}});
        terms[at->second].feature.value += feature.value;
    };
    auto const fold = [](std::string_view word) {
        std::string folded(word);
        for (char &byte : folded)
            byte = static_cast<char>(fold_ascii(static_cast<unsigned char>(byte)));
        return folded;
    };
    std::string_view previous;
    each_word(
        input.text, encoding,
        [&](std::string_view word) {
            add(fold(word), hash_word(word));
            if (!previous.empty())
                add(fold(previous) + ' ' + fold(word), hash_word(word, previous));
            previous = word;
        },
        stop);
    // The scale is that of the text as a whole, in which those of one place were added up.
    double squares = 0;
    std::unordered_map<std::uint32_t, double> sums;
    for (const Term &term : terms)
        sums[term.feature.place] += static_cast<double>(term.feature.value);
    for (const auto &[place, sum] : sums)
        squares += sum * sum;
    for (Term &term : terms)
        term.feature.value = squares > 0 ? static_cast<float>(term.feature.value / std::sqrt(squares)) : 0;
    for (const NamedValue &value : input.values)
        if (!value.is_number)
            add(std::string(value.name) + '=' + std::string(value.word), feature_of(value));
    each_count(input.text, encoding, stop, [&](std::uint32_t place, std::string_view name, float value) {
        terms.push_back({place == length_place ? "length" : "lexicon:" + std::string(name), {place, value}});
    });
    for (const NamedValue &value : input.values)
        if (value.is_number && is_known(value))
            add(std::string(value.name), feature_of(value));
    return terms;
}

} // namespace steward::core
