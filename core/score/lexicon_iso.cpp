// The lexicon 'iso': vague and ambiguous wording of requirements and policies, as whole words.
//
// Classes follow the list of terms to avoid in ISO/IEC/IEEE 29148:2018, 5.2.7, the indicators of NASA's
// Automated Requirement Measurement tool (Wilson, Rosenberg, Hyatt, "Automated analysis of requirement
// specifications", ICSE 1997) and the taxonomy of vague terms of privacy policies (Reidenberg, Bhatia,
// Breaux, Norton, "Ambiguity in privacy policies and the impact of regulation", J. Legal Studies 45,
// 2016; Bhatia, Breaux, Reidenberg, Norton, "A theory of vagueness and privacy risk perception", RE
// 2016). A phrase stands in one class, the first that fits.
#include "core/score/lexicon.hpp"

namespace steward::core {

namespace {

using Phrases = const std::string_view[];

constexpr Phrases incomplete = {
    "tba",
    "tbc",
    "tbd",
    "tbr",
    "tbs",
    "to be agreed",
    "to be announced",
    "to be completed",
    "to be confirmed",
    "to be decided",
    "to be defined",
    "to be determined",
    "to be resolved",
    "to be specified",
    "not yet defined",
};

constexpr Phrases ambiguous_adverb = {
    "almost always", "almost never",      "approximately", "commonly",  "easily",       "efficiently",
    "frequently",    "from time to time", "generally",     "largely",   "mainly",       "minimal",
    "mostly",        "normally",          "occasionally",  "often",     "periodically", "predominantly",
    "primarily",     "promptly",          "quickly",       "rapidly",   "rarely",       "regularly",
    "seldom",        "significant",       "significantly", "smoothly",  "sometimes",    "substantial",
    "substantially", "sufficient",        "sufficiently",  "typically", "usually",      "widely",
};

constexpr Phrases open_ended = {
    "among other things",
    "and so forth",
    "and so on",
    "and/or",
    "as a minimum",
    "at a minimum",
    "but not limited to",
    "et cetera",
    "etc",
    "including but not limited to",
    "including without limitation",
    "or other",
    "or similar",
    "other",
    "others",
    "provide support",
    "similar",
    "such as",
    "various",
};

constexpr Phrases undefined_term = {
    "affiliates",           "best practice",      "best practices",
    "business purposes",    "common sense",       "good faith",
    "industry standard",    "industry standards", "information",
    "legitimate interests", "partners",           "purposes",
    "reasonable person",    "services",           "state of the art",
    "state-of-the-art",     "third parties",      "third party",
    "third-party",
};

constexpr Phrases subjective = {
    "acceptable", "appropriate", "convenient", "cost effective", "cost-effective", "easy to use", "fair",
    "fairly",     "flexible",    "good",       "inappropriate",  "intuitive",      "legitimate",  "necessary",
    "proper",     "properly",    "reasonable", "reasonably",     "relevant",       "robust",      "secure",
    "sensitive",  "simple",      "suitable",   "user friendly",  "user-friendly",
};

constexpr Phrases option = {
    "can",     "could",    "likely",   "may",         "maybe",    "might",  "optionally",
    "perhaps", "possible", "possibly", "potentially", "probably", "should", "would",
};

constexpr Phrases loophole = {
    "as far as possible", "as necessary",   "as needed",       "at its discretion", "at our discretion",
    "depending",          "if applicable",  "if appropriate",  "if necessary",      "if possible",
    "if practicable",     "otherwise",      "sole discretion", "to the extent",     "unless",
    "when appropriate",   "when feasible",  "when necessary",  "when possible",     "where applicable",
    "where appropriate",  "where possible",
};

constexpr Phrases weak_phrase = {
    "adequate",      "as applicable",  "as appropriate", "as required", "be able to",
    "be capable of", "capability of",  "capability to",  "easy to",     "effective",
    "normal",        "not limited to", "provide for",    "timely",
};

constexpr Phrases quantifier = {
    "a lot", "a number of", "all",  "any",  "certain",  "each",    "every",
    "few",   "many",        "most", "much", "numerous", "several", "some",
};

constexpr Phrases comparative = {
    "better", "better than", "greater", "higher quality", "less", "more", "worse",
};

constexpr Phrases vague_pronoun = {
    "anyone", "everyone", "it", "someone", "something", "that", "them", "these", "they", "this", "those",
};

constexpr std::string_view iso_subjective = "ISO/IEC/IEEE 29148:2018, 5.2.7: subjective language";
constexpr std::string_view iso_adverb = "ISO/IEC/IEEE 29148:2018, 5.2.7: ambiguous adverbs and adjectives; "
                                        "Reidenberg et al. 2016: generalisation";
constexpr std::string_view iso_open = "ISO/IEC/IEEE 29148:2018, 5.2.7: open-ended, non-verifiable terms";
constexpr std::string_view iso_comparative = "ISO/IEC/IEEE 29148:2018, 5.2.7: comparative phrases";
constexpr std::string_view iso_loophole = "ISO/IEC/IEEE 29148:2018, 5.2.7: loopholes; "
                                          "Reidenberg et al. 2016: condition";
constexpr std::string_view iso_pronoun = "ISO/IEC/IEEE 29148:2018, 5.2.7: vague pronouns";
constexpr std::string_view arm_incomplete = "Wilson et al. 1997 (NASA ARM): incompletes; "
                                            "ISO/IEC/IEEE 29148:2018, 5.2.7: incomplete references";
constexpr std::string_view arm_option = "Wilson et al. 1997 (NASA ARM): options; "
                                        "Reidenberg et al. 2016: modality";
constexpr std::string_view arm_weak = "Wilson et al. 1997 (NASA ARM): weak phrases";
constexpr std::string_view privacy_term = "Bhatia et al. 2016: terms whose extension is left open";
constexpr std::string_view privacy_quantifier = "Reidenberg et al. 2016: numeric quantifiers";

// One weight a class, never one a word: what is fitted to a corpus word by word describes the corpus.
constexpr std::string_view rated = "ridge regression of human vagueness ratings of 4,143 sentences on "
                                   "counts per class, rounded";
constexpr std::string_view judged = "set by judgement: too rare in the rated sentences for a fit";

constexpr LexiconClass classes[] = {
    {"incomplete", 0.50, arm_incomplete, judged, incomplete},
    {"ambiguous_adverb", 0.18, iso_adverb, rated, ambiguous_adverb},
    {"open_ended", 0.12, iso_open, rated, open_ended},
    {"undefined_term", 0.12, privacy_term, rated, undefined_term},
    {"subjective", 0.12, iso_subjective, rated, subjective},
    {"option", 0.12, arm_option, rated, option},
    {"loophole", 0.08, iso_loophole, rated, loophole},
    {"weak_phrase", 0.08, arm_weak, rated, weak_phrase},
    {"quantifier", 0.06, privacy_quantifier, rated, quantifier},
    {"comparative", 0.03, iso_comparative, rated, comparative},
    {"vague_pronoun", 0.01, iso_pronoun, rated, vague_pronoun},
};

} // namespace

constexpr LexiconDefinition iso_lexicon = {"iso", "iso-1", AmbiguityFormula::noisy_or, classes};

} // namespace steward::core
