// Words, numbers and letters of a schedule, which is ASCII.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace steward::core {

constexpr bool is_blank(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_letter(char c) noexcept {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/// Without regard to case; `word` is in lower case.
constexpr bool same_word(std::string_view text, std::string_view word) noexcept {
    if (text.size() != word.size())
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (lower(text[i]) != word[i])
            return false;
    }
    return true;
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// The first `most` words of a text.
inline std::vector<std::string_view> words_of(std::string_view text, std::size_t most) {
    std::vector<std::string_view> words;
    for (text = trimmed(text); !text.empty() && words.size() < most; text = trimmed(text)) {
        std::size_t length = 0;
        while (length < text.size() && !is_blank(text[length]))
            ++length;
        words.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return words;
}

/// Takes digits from the front of `text`, `most` of them at most, and returns their number; -1 if there are
/// none.
constexpr int take_number(std::string_view &text, std::size_t most) noexcept {
    std::size_t length = 0;
    int number = 0;
    while (length < most && length < text.size() && is_digit(text[length]))
        number = number * 10 + (text[length++] - '0');
    text.remove_prefix(length);
    return length == 0 ? -1 : number;
}

constexpr bool take(std::string_view &text, char c) noexcept {
    if (text.empty() || text.front() != c)
        return false;
    text.remove_prefix(1);
    return true;
}

} // namespace steward::core
