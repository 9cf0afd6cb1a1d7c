#include "core/semantic/words.hpp"

#include <algorithm>
#include <array>

namespace steward::core {

namespace {

constexpr char32_t right_quote = 0x2019;
constexpr char32_t largest_two_bytes = 0x7FF;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Written without blanks between words.
bool stands_alone(char32_t c) noexcept {
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/// The small letter of a character that was read, which takes as many bytes.
void append_folded(std::string &run, std::string_view bytes, char32_t code_point, Encoding encoding) {
    if (bytes.size() == 1) {
        run += static_cast<char>(fold_ascii(static_cast<unsigned char>(bytes[0])));
        return;
    }
    char32_t const folded = encoding == Encoding::utf8 ? fold_letter(code_point) : code_point;
    if (folded == code_point || folded > largest_two_bytes) {
        run += bytes;
        return;
    }
    run += static_cast<char>(0xC0 | (folded >> 6));
    run += static_cast<char>(0x80 | (folded & 0x3F));
}

/// The suffixes that stem_of takes away, the first that fits.
constexpr std::array<std::string_view, 7> suffixes{"ing", "edly", "ed", "ies", "es", "s", "ly"};
constexpr std::size_t shortest_stem = 3;

constexpr std::array<std::string_view, 10> negations{"not",     "no",      "never",   "none", "nobody",
                                                     "nothing", "nowhere", "neither", "nor",  "without"};

/// What follows an apostrophe and says little.
constexpr std::array<std::string_view, 7> clitics{"s", "t", "re", "ve", "ll", "d", "m"};

} // namespace

char32_t fold_letter(char32_t c) noexcept {
    if (c < 0x80)
        return fold_ascii(static_cast<unsigned char>(c));
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) ||
        (c >= 0x410 && c <= 0x42F))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40F)
        return c + 0x50;
    if (c >= 0x100 && c <= 0x137 && c != 0x130)
        return c | 1; // pairs, the capital being even
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c + (c & 1); // the capital being odd
    if (c >= 0x14A && c <= 0x177)
        return c | 1;
    return c;
}

Words::Words(std::string_view text, Encoding encoding, Stop stop) {
    std::string run;
    std::size_t next_stop = 0;
    auto const end_run = [&] {
        if (!run.empty())
            add_run(run);
        run.clear();
    };
    for (std::size_t i = 0; i < text.size();) {
        if (i >= next_stop) {
            stop();
            next_stop = i + bytes_per_stop;
        }
        Decoded const character = decode_at(text, i, encoding);
        std::string_view const bytes = text.substr(i, character.bytes);
        char const first = bytes[0];
        char const following = i + 1 < text.size() ? text[i + 1] : '\0';
        i += character.bytes;
        if (encoding == Encoding::utf8 && stands_alone(character.code_point)) {
            end_run();
            add(bytes);
        } else if (first != '_' && is_word_at(bytes, 0, encoding)) {
            append_folded(run, bytes, character.code_point, encoding);
        } else if (!run.empty() && (first == '\'' || character.code_point == right_quote)) {
            run += '\'';
        } else if ((first == '.' || first == ',') && !run.empty() && is_digit(run.back()) &&
                   is_digit(following)) {
            if (first == '.')
                run += '.';
        } else {
            end_run();
        }
    }
    end_run();
}

void Words::add(std::string_view word) {
    places_.push_back({letters_.size(), word.size()});
    letters_ += word;
    letters_ += ' ';
}

/// A run has apostrophes between its parts, or points if it began as a number.
void Words::add_run(std::string_view run) {
    if (run.size() > 3 && run.ends_with("n't")) {
        std::string_view const verb = run.substr(0, run.size() - 3);
        add(verb == "ca" ? "can" : verb == "wo" ? "will" : verb == "sha" ? "shall" : verb);
        add("not");
        return;
    }
    if (run == "cannot") {
        add("can");
        add("not");
        return;
    }
    bool is_first = true;
    while (!run.empty()) {
        std::size_t const end = std::min(run.find('\''), run.size());
        add_part(run.substr(0, end), is_first);
        is_first = false;
        run.remove_prefix(std::min(end + 1, run.size()));
    }
}

void Words::add_part(std::string_view part, bool is_first) {
    if (part.empty() || (!is_first && std::ranges::find(clitics, part) != clitics.end()))
        return;
    // Points belong to numbers: "3.5" is one word, the version "1.2.3" three, and so is "2.x.y".
    if (is_number(part) || part.find('.') == std::string_view::npos) {
        add(part);
        return;
    }
    while (!part.empty()) {
        std::size_t const end = std::min(part.find('.'), part.size());
        if (end > 0)
            add(part.substr(0, end));
        part.remove_prefix(std::min(end + 1, part.size()));
    }
}

std::string_view stem_of(std::string_view word) noexcept {
    for (std::string_view const suffix : suffixes)
        if (word.size() >= suffix.size() + shortest_stem && word.ends_with(suffix))
            return word.substr(0, word.size() - suffix.size());
    return word;
}

bool is_number(std::string_view word) noexcept {
    return !word.empty() && is_digit(word[0]) && std::ranges::count(word, '.') <= 1 &&
           std::ranges::all_of(word, [](char c) { return is_digit(c) || c == '.'; });
}

bool is_negation(std::string_view word) noexcept {
    return std::ranges::find(negations, word) != negations.end();
}

} // namespace steward::core
