// The lexicon 'acgs': what the constitutional distance was first defined with, kept bit for bit.
#include "core/score/lexicon.hpp"

namespace steward::core {

namespace {

using Phrases = const std::string_view[];

constexpr Phrases vague_terms = {"appropriate", "reasonable", "sufficient", "adequate",    "proper",
                                 "suitable",    "acceptable", "relevant",   "significant", "substantial"};
constexpr Phrases subjective_language = {"should",   "might",  "could",     "may",       "possibly",
                                         "probably", "likely", "generally", "typically", "usually"};
constexpr Phrases conditional_statements = {"if possible",      "when appropriate", "as needed",
                                            "where applicable", "if necessary",     "when feasible"};
constexpr Phrases undefined_terms = {"best practices", "industry standards", "common sense",
                                     "reasonable person", "good faith"};

constexpr std::string_view origin = "ACGS, constitutional distance calculator (QEC enhancement), 2025";
constexpr std::string_view weights = "taken over unchanged from the same source";

// The order matters: the original adds the classes up in this order, and so do we, to the last bit.
constexpr LexiconClass classes[] = {
    {"vague_terms", 0.3, origin, weights, vague_terms},
    {"subjective_language", 0.4, origin, weights, subjective_language},
    {"conditional_statements", 0.2, origin, weights, conditional_statements},
    {"undefined_terms", 0.1, origin, weights, undefined_terms},
};

} // namespace

constexpr LexiconDefinition acgs_lexicon = {"acgs", "acgs-1", AmbiguityFormula::capped_count, classes};

} // namespace steward::core
