#include "core/score/ambiguity.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <vector>

namespace steward::core {

namespace {

constexpr unsigned occurrences_that_count = 3;
constexpr double capped_count_class_limit = 0.5;
constexpr std::size_t most_phrases_of_capped_count = 64;

bool has_word(std::string_view text, Encoding encoding, Stop stop) {
    for (std::size_t i = 0, next_stop = 0; i < text.size();) {
        if (i >= next_stop) {
            stop();
            next_stop = i + bytes_per_stop;
        }
        if (is_word_at(text, i, encoding))
            return true;
        i += decode_at(text, i, encoding).bytes;
    }
    return false;
}

double noisy_or(std::string_view text, const Lexicon &lexicon, Encoding encoding, Stop stop) {
    auto const &classes = lexicon.definition().classes;
    double clear = 1.0; // the probability that nothing in the text is ambiguous
    std::vector<unsigned> counted(classes.size());
    LongestMatches longest(
        [&](const Match &match) {
            std::size_t const group = lexicon.class_of(match.phrase);
            if (counted[group]++ < occurrences_that_count)
                clear *= 1.0 - classes[group].weight;
        },
        64);
    lexicon.matcher().scan(text, encoding, stop, [&](const Match &match) { longest.add(match); });
    longest.finish();
    bool const found_nothing = clear == 1.0;
    return found_nothing && !has_word(text, encoding, stop) ? 1.0 : 1.0 - clear;
}

double capped_count(std::string_view text, const Lexicon &lexicon, Encoding encoding, Stop stop) {
    std::bitset<most_phrases_of_capped_count> found;
    lexicon.matcher().scan(text, encoding, stop, [&](const Match &match) { found.set(match.phrase); });
    double score = 0.0;
    std::size_t phrase = 0;
    for (const LexiconClass &group : lexicon.definition().classes) {
        unsigned distinct = 0;
        for (std::size_t i = 0; i < group.phrases.size(); ++i)
            distinct += found.test(phrase++) ? 1 : 0;
        score += std::min(distinct * group.weight, capped_count_class_limit);
    }
    return std::min(score, 1.0);
}

} // namespace

double ambiguity(std::string_view text, const Lexicon &lexicon, Encoding encoding, Stop stop) {
    if (lexicon.definition().formula == AmbiguityFormula::capped_count)
        return text.empty() ? 1.0 : capped_count(text, lexicon, encoding, stop);
    return noisy_or(text, lexicon, encoding, stop);
}

} // namespace steward::core
