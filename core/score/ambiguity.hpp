// How ambiguous a statement is, and which words make it so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "core/score/lexicon.hpp"
#include "core/stop.hpp"
#include "core/text/character.hpp"
#include "core/text/longest.hpp"

namespace steward::core {

/// The ambiguity of `text` in 0..1 by the formula of the lexicon; 1 for a text that says nothing.
///
/// noisy_or: with n_c occurrences of class c of weight w_c,
///     1 - prod_c (1 - w_c) ^ min(n_c, 3)
/// where occurrences are whole words and of overlapping ones only the leftmost, longest counts. A text
/// without a word character scores 1. Source: Pearl, "Probabilistic reasoning", 1988, 4.3.2 (each
/// occurrence is an independent cause of ambiguity); the cap keeps length from deciding.
///
/// capped_count: with d_c distinct phrases of class c among the substrings of the text,
///     min(1, sum_c min(d_c * w_c, 0.5))
/// summed in the order of the classes; the empty text scores 1. Source: ACGS, reproduced exactly.
double ambiguity(std::string_view text, const Lexicon &lexicon, Encoding encoding, Stop stop = Stop{});

/// One vague phrase in a text. Positions count characters from 1, as substr() does.
struct Finding {
    const LexiconClass *group;
    std::string_view phrase; ///< as the lexicon spells it
    std::size_t start;
    std::size_t length;
};

/// Turns the byte offsets of matches into characters. Matches come ordered by end, so their starts go
/// back by at most one phrase, and each byte of a text is counted a bounded number of times.
class CharacterCounter {
  public:
    CharacterCounter(std::string_view text, Encoding encoding, Stop stop)
        : text_(text), encoding_(encoding), stop_(stop) {}

    /// Number of characters before byte `offset`.
    std::size_t before(std::size_t offset) {
        if (offset >= offset_)
            characters_ += count_characters(text_.substr(offset_, offset - offset_), encoding_, stop_);
        else
            characters_ -= count_characters(text_.substr(offset, offset_ - offset), encoding_, stop_);
        offset_ = offset;
        return characters_;
    }

  private:
    std::string_view text_;
    Encoding encoding_;
    Stop stop_;
    std::size_t offset_ = 0;
    std::size_t characters_ = 0;
};

/// Calls `report(Finding)` for each occurrence that the formula of the lexicon looks at, in the order of
/// the text: for noisy_or those that count, for capped_count all. Memory does not grow with the text.
template <class Report>
void find_ambiguities(std::string_view text, const Lexicon &lexicon, Encoding encoding, Stop stop,
                      Report &&report) {
    CharacterCounter counter(text, encoding, stop);
    auto const pass_on = [&](const Match &match) {
        std::size_t const start = counter.before(match.start);
        std::size_t const length = counter.before(match.end) - start;
        const LexiconClass &group = lexicon.definition().classes[lexicon.class_of(match.phrase)];
        report(Finding{&group, lexicon.phrase(match.phrase), start + 1, length});
    };
    if (lexicon.definition().formula == AmbiguityFormula::capped_count) {
        lexicon.matcher().scan(text, encoding, stop, pass_on);
        return;
    }
    LongestMatches longest(pass_on);
    lexicon.matcher().scan(text, encoding, stop, [&](const Match &match) { longest.add(match); });
    longest.finish();
}

} // namespace steward::core
