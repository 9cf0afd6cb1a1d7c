// The words of a text, as scorers compare them: folded to lower case, contractions taken apart.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// Capital letters of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic to small ones; all else as it is.
char32_t fold_letter(char32_t code_point) noexcept;

/// The words of a text in their order, in memory of their own.
///
/// A word is a run of letters and digits; an ideograph or a syllable of kana is a word by itself. Of a
/// contraction the negation stays a word ("don't" is do, not) and the rest of what follows an apostrophe goes
/// ("it's" is it). Commas within a number go, a point stays: "1,000.5" is 1000.5.
class Words {
  public:
    Words(std::string_view text, Encoding encoding, Stop stop = Stop{});

    std::size_t size() const noexcept { return places_.size(); }
    bool empty() const noexcept { return places_.empty(); }
    std::string_view operator[](std::size_t i) const noexcept {
        return std::string_view(letters_).substr(places_[i].start, places_[i].size);
    }
    /// All of them with a blank between two, and one at each end.
    std::string_view joined() const noexcept { return letters_; }

  private:
    struct Place {
        std::size_t start;
        std::size_t size;
    };

    void add(std::string_view word);
    void add_run(std::string_view run);
    void add_part(std::string_view part, bool is_first);

    std::string letters_ = " ";
    std::vector<Place> places_;
};

/// A word without a suffix of English inflection: what "walks", "walked" and "walking" share. Crude on
/// purpose: the start of the word, never anything else.
std::string_view stem_of(std::string_view word) noexcept;

/// True for digits with at most one point among them.
bool is_number(std::string_view word) noexcept;

/// True for not, no, never and their like.
bool is_negation(std::string_view word) noexcept;

} // namespace steward::core
