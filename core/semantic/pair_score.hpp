// How alike two texts are in meaning, without a network.
#pragma once

#include <string_view>

#include "core/semantic/word_vectors.hpp"
#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// What a score is the mean of; the last two are 0 without vectors of words.
struct PairFeatures {
    double words;     ///< cosine of the sets of their words, weighted by rarity, without inflection
    double letters;   ///< Jaccard index of their trigrams of letters
    double alignment; ///< F1 of aligning each word with the one of the other text that is most like it
    double meaning;   ///< cosine of their weighted means of vectors, without what all words have in common
};

struct PairScore {
    double score;       ///< 0 ... 1
    PairFeatures parts; ///< whence it comes
    bool negation;      ///< one denies something and the other nothing: a score does not see that
    bool numbers;       ///< they do not name the same numbers
};

/// The names of both ways to score, which are part of the answer.
inline constexpr const char *method_with_vectors = "hybrid-v1";
inline constexpr const char *method_without_vectors = "lexical-v1";

/// Compares two texts, with vectors of words if there are any. Time by the product of the numbers of their
/// different words, of which the 500 rarest are aligned.
///
/// Source of the weighted mean: Arora, Liang, Ma, "A simple but tough-to-beat baseline for sentence
/// embeddings", ICLR 2017; of the alignment: Sultan, Bethard, Sumner, "DLS@CU: sentence similarity from word
/// alignment", SemEval 2014.
PairScore score_pair(std::string_view a, std::string_view b, Encoding encoding, const WordVectors *vectors,
                     Stop stop = Stop{});

} // namespace steward::core
