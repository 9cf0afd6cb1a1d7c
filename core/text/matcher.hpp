// Finds every phrase of a fixed list in a text in one pass: an Aho-Corasick automaton.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// One occurrence of a phrase; `start` and `end` are byte offsets, `end` is one past the last byte.
struct Match {
    std::uint32_t phrase; ///< index into the list that the matcher was built from
    std::size_t start;
    std::size_t end;
};

/// What counts as an occurrence.
enum class Occurrence {
    /// Any place where the bytes stand, ASCII case apart ("may" in "mayor").
    substring,
    /// A place where the phrase stands as whole words; a blank in the phrase stands for any run of
    /// white space, so that a line break does not hide it.
    whole_words,
};

/// The automaton. Building costs O(total length of the phrases x distinct bytes in them); scanning one
/// table look-up a byte whatever the list and the text, so that no text is slow.
///
/// Sources: Aho, Corasick, "Efficient string matching", CACM 18(6), 1975. Ours differs in two ways: the
/// failure function is folded into the table, and in whole-word mode only suffixes that start a word
/// are followed, which makes the test of the left border part of the automaton.
class Matcher {
  public:
    /// Builds the automaton. Phrases must not be empty or repeated (ASCII case apart); as whole words
    /// they begin and end with a word character and hold single blanks. Throws Error(invalid_argument).
    /// `stop` is called once a phrase and once a state.
    Matcher(std::span<const std::string_view> phrases, Occurrence occurrence, Stop stop = Stop{});

    /// Calls `report(Match)` for each occurrence, ordered by end, longer ones first. Overlapping and
    /// nested occurrences are all reported. `stop` is called every 64 kB.
    template <class Report>
    void scan(std::string_view text, Encoding encoding, Stop stop, Report &&report) const;

    std::size_t phrase_count() const noexcept { return lengths_.size(); }
    std::size_t state_count() const noexcept { return transitions_.size() / row_width_; }

  private:
    friend class MatcherBuilder;

    static constexpr std::uint32_t no_phrase = UINT32_MAX;

    /// A phrase that ends in an accepting state, and the next shorter one that ends there too.
    struct Output {
        std::uint32_t phrase = no_phrase;
        std::uint32_t shorter = no_phrase; ///< index into outputs_
    };

    const Output *next_output(const Output &output) const noexcept {
        return output.shorter == no_phrase ? nullptr : &outputs_[output.shorter];
    }
    std::size_t start_of(std::string_view text, std::uint32_t phrase, std::size_t end, Stop stop) const;
    bool stands_alone(std::string_view text, Encoding encoding, std::size_t start,
                      std::size_t end) const noexcept;

    std::array<std::uint8_t, 256> class_of_{}; ///< byte -> column of the table
    std::size_t row_width_ = 0;                ///< number of columns
    std::vector<std::uint32_t> transitions_;   ///< states x columns; a state is the offset of its row
    std::uint32_t first_accepting_ = 0;        ///< states from this offset on end a phrase
    std::uint32_t start_state_ = 0;
    std::vector<Output> outputs_;        ///< first one per accepting state, in the order of the states
    std::vector<std::uint32_t> lengths_; ///< length of each phrase in bytes
    Occurrence occurrence_;
};

template <class Report>
void Matcher::scan(std::string_view text, Encoding encoding, Stop stop, Report &&report) const {
    auto const *const bytes = reinterpret_cast<const unsigned char *>(text.data());
    const std::uint32_t *const transitions = transitions_.data();
    std::uint32_t state = start_state_;
    for (std::size_t i = 0; i < text.size();) {
        stop();
        std::size_t const pause = std::min(text.size(), i + bytes_per_stop);
        for (; i < pause; ++i) {
            state = transitions[state + class_of_[bytes[i]]];
            if (state < first_accepting_) [[likely]]
                continue;
            const Output *output = &outputs_[(state - first_accepting_) / row_width_];
            for (; output != nullptr; output = next_output(*output)) {
                std::size_t const start = start_of(text, output->phrase, i + 1, stop);
                if (stands_alone(text, encoding, start, i + 1))
                    report(Match{output->phrase, start, i + 1});
            }
        }
    }
}

} // namespace steward::core
