// How many words two texts share, in any order or in the same.
#pragma once

#include <string_view>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

struct Overlap {
    double precision; ///< of the words of the answer, the share that was expected
    double recall;    ///< of the words that were expected, the share that is in the answer
    double f1;        ///< the harmonic mean of both
};

/// Words in common, each as often as both have it; articles do not count. Two texts without words overlap
/// fully, one of them not at all. Source: Rajpurkar et al., "SQuAD: 100,000+ questions for machine
/// comprehension of text", EMNLP 2016.
Overlap token_overlap(std::string_view expected, std::string_view actual, Encoding encoding,
                      Stop stop = Stop{});

/// The longest sequence of words that both have in that order, others between them or not. Time by the
/// product of their lengths / 64. Source: Lin, "ROUGE: a package for automatic evaluation of summaries",
/// 2004, with beta = 1; the sequence by Hyyro, "Bit-parallel LCS-length computation revisited", AWOCA 2004.
Overlap rouge_l(std::string_view expected, std::string_view actual, Encoding encoding, Stop stop = Stop{});

} // namespace steward::core
