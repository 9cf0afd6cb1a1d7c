// Phrases in a text, found by trying each phrase at each place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/text/matcher.hpp"
#include "test/oracle/utf8.hpp"

namespace steward::oracle {

inline bool is_space(char c) {
    return std::string_view(" \t\n\v\f\r").find(c) != std::string_view::npos;
}

inline std::string fold(std::string_view text) {
    std::string folded(text);
    for (char &c : folded)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return folded;
}

/// Each run of white space as one blank.
inline std::string single_blanks(std::string_view text) {
    std::string made;
    for (char const c : text)
        if (!is_space(c))
            made += c;
        else if (made.empty() || made.back() != ' ')
            made += ' ';
    return made;
}

inline bool is_good_phrase(std::string_view phrase, core::Occurrence occurrence) {
    if (phrase.empty() || occurrence == core::Occurrence::substring)
        return !phrase.empty();
    auto const may_be_word = [](char c) {
        return static_cast<unsigned char>(c) >= 0x80 || core::is_word_character(static_cast<char32_t>(c));
    };
    return may_be_word(phrase.front()) && may_be_word(phrase.back()) && single_blanks(phrase) == phrase;
}

inline bool is_good_list(const std::vector<std::string_view> &phrases, core::Occurrence occurrence) {
    std::set<std::string> seen;
    return std::all_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
        return is_good_phrase(phrase, occurrence) && seen.insert(fold(phrase)).second;
    });
}

/// Where an occurrence of `phrase` that starts at `start` ends, borders of words left aside.
inline std::optional<std::size_t> end_of(std::string_view phrase, std::string_view text, std::size_t start,
                                         core::Occurrence occurrence) {
    std::size_t end = start;
    for (char const c : phrase) {
        if (end == text.size())
            return std::nullopt;
        if (c == ' ' && occurrence == core::Occurrence::whole_words) {
            if (!is_space(text[end]))
                return std::nullopt;
            while (end < text.size() && is_space(text[end]))
                ++end;
        } else if (fold({&c, 1}) == fold(text.substr(end, 1))) {
            ++end;
        } else {
            return std::nullopt;
        }
    }
    return end;
}

inline bool stands_alone(std::string_view text, core::Encoding encoding, std::size_t start, std::size_t end) {
    auto const is_word = [&](core::Decoded character) {
        bool const letter = encoding == core::Encoding::single_byte && character.code_point >= 0x80;
        return letter || core::is_word_character(character.code_point);
    };
    // What ends before `start` is looked for up to `start` only: a phrase may begin inside a character.
    bool const word_before = start > 0 && is_word(last_character(text.substr(0, start), encoding));
    bool const word_after = end < text.size() && is_word(first_character(text.substr(end), encoding));
    return !word_before && !word_after;
}

/// All occurrences, ordered by end, longer ones first.
inline std::vector<core::Match> find_phrases(const std::vector<std::string_view> &phrases,
                                             std::string_view text, core::Encoding encoding,
                                             core::Occurrence occurrence) {
    std::vector<core::Match> found;
    for (std::size_t start = 0; start < text.size(); ++start)
        for (std::size_t i = 0; i < phrases.size(); ++i) {
            auto const end = end_of(phrases[i], text, start, occurrence);
            if (end &&
                (occurrence == core::Occurrence::substring || stands_alone(text, encoding, start, *end)))
                found.push_back({static_cast<std::uint32_t>(i), start, *end});
        }
    std::stable_sort(found.begin(), found.end(), [](const core::Match &a, const core::Match &b) {
        return std::tie(a.end, a.start) < std::tie(b.end, b.start);
    });
    return found;
}

/// The leftmost-longest reading: of what starts behind the last one taken, the leftmost and of these the
/// longest, again and again.
inline std::vector<core::Match> leftmost_longest(const std::vector<core::Match> &matches) {
    std::vector<core::Match> taken;
    for (std::size_t position = 0;;) {
        const core::Match *best = nullptr;
        for (const core::Match &match : matches) {
            if (match.start < position)
                continue;
            bool const further_left = best == nullptr || match.start < best->start;
            if (further_left || (match.start == best->start && match.end > best->end))
                best = &match;
        }
        if (best == nullptr)
            return taken;
        taken.push_back(*best);
        position = best->end;
    }
}

/// Matches as (phrase, start, end), which can be compared and printed.
using Triple = std::tuple<std::uint32_t, std::size_t, std::size_t>;

inline std::vector<Triple> triples(const std::vector<core::Match> &matches) {
    std::vector<Triple> made;
    for (const core::Match &match : matches)
        made.emplace_back(match.phrase, match.start, match.end);
    return made;
}

} // namespace steward::oracle
