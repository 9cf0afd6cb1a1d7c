#include "core/text/character.hpp"

#include <algorithm>

namespace steward::core {

namespace {

constexpr bool is_continuation(unsigned char byte) noexcept {
    return (byte & 0xC0) == 0x80;
}

/// Length that a lead byte announces; 0 for a byte that leads nothing.
constexpr std::size_t announced_length(unsigned char lead) noexcept {
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 3;
    if (lead >= 0xF0 && lead <= 0xF4)
        return 4;
    return 0;
}

/// Rejects what table 3-7 rejects beyond lengths: overlong forms, surrogates, values above U+10FFFF.
constexpr bool is_scalar_of_length(char32_t value, std::size_t length) noexcept {
    if (length == 3)
        return value >= 0x800 && (value < 0xD800 || value > 0xDFFF);
    if (length == 4)
        return value >= 0x10000 && value <= 0x10FFFF;
    return true;
}

} // namespace

Decoded decode_at(std::string_view text, std::size_t position, Encoding encoding) noexcept {
    auto const lead = static_cast<unsigned char>(text[position]);
    if (lead < 0x80 || encoding == Encoding::single_byte)
        return {lead, 1};
    std::size_t const length = announced_length(lead);
    if (length == 0 || position + length > text.size())
        return {replacement_character, 1};
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        auto const byte = static_cast<unsigned char>(text[position + i]);
        if (!is_continuation(byte))
            return {replacement_character, 1};
        value = (value << 6) | (byte & 0x3FU);
    }
    if (!is_scalar_of_length(value, length))
        return {replacement_character, 1};
    return {value, length};
}

Decoded decode_before(std::string_view text, std::size_t position, Encoding encoding) noexcept {
    std::size_t const furthest = std::min<std::size_t>(position, 4);
    if (encoding == Encoding::utf8) {
        for (std::size_t back = 1; back <= furthest; ++back) {
            if (is_continuation(static_cast<unsigned char>(text[position - back])))
                continue;
            Decoded const found = decode_at(text, position - back, encoding);
            return found.bytes == back ? found : Decoded{replacement_character, 1};
        }
        return {replacement_character, 1};
    }
    return {static_cast<unsigned char>(text[position - 1]), 1};
}

std::size_t count_characters(std::string_view text, Encoding encoding, Stop stop) {
    if (encoding == Encoding::single_byte)
        return text.size();
    std::size_t characters = 0;
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), bytes_per_stop))) {
        stop();
        for (char const c : text.substr(0, bytes_per_stop))
            characters += is_continuation(static_cast<unsigned char>(c)) ? 0 : 1;
    }
    return characters;
}

bool is_ascii(std::string_view text, Stop stop) {
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), bytes_per_stop))) {
        stop();
        unsigned char seen = 0;
        for (char const c : text.substr(0, bytes_per_stop))
            seen |= static_cast<unsigned char>(c);
        if (seen >= 0x80)
            return false;
    }
    return true;
}

// Both compare whole blocks first, which is what memcmp is fast at, and then bytes within a block.

std::size_t shared_prefix(std::string_view a, std::string_view b, Stop stop) {
    std::size_t const shorter = std::min(a.size(), b.size());
    std::size_t shared = 0;
    while (shared < shorter && a.compare(shared, bytes_per_stop, b, shared, bytes_per_stop) == 0) {
        stop();
        shared += std::min(bytes_per_stop, shorter - shared);
    }
    while (shared < shorter && a[shared] == b[shared])
        ++shared;
    return shared;
}

std::size_t shared_suffix(std::string_view a, std::string_view b, Stop stop) {
    std::size_t const shorter = std::min(a.size(), b.size());
    std::size_t shared = 0;
    auto const block_is_shared = [&] {
        std::size_t const before = shared + bytes_per_stop;
        return before <= shorter &&
               a.compare(a.size() - before, bytes_per_stop, b, b.size() - before, bytes_per_stop) == 0;
    };
    while (block_is_shared()) {
        stop();
        shared += bytes_per_stop;
    }
    while (shared < shorter && a[a.size() - 1 - shared] == b[b.size() - 1 - shared])
        ++shared;
    return shared;
}

bool is_word_character(char32_t c) noexcept {
    if (c < 0x80)
        return is_ascii_word(static_cast<unsigned char>(c));
    if (c < 0xC0) // Latin-1 controls and signs, but for the ordinal indicators and the micro sign
        return c == 0xAA || c == 0xB5 || c == 0xBA;
    bool const punctuation = c == 0xD7 || c == 0xF7 ||       // multiplication and division sign
                             (c >= 0x2000 && c <= 0x206F) || // General Punctuation
                             (c >= 0x2190 && c <= 0x2BFF) || // arrows, mathematics, symbols, shapes
                             (c >= 0x2E00 && c <= 0x2E7F) || // Supplemental Punctuation
                             (c >= 0x3000 && c <= 0x3003) || // CJK space, comma, stop, ditto
                             (c >= 0x3008 && c <= 0x3020) || // CJK brackets
                             (c >= 0xFF01 && c <= 0xFF0F) || // full-width signs
                             (c >= 0xFF1A && c <= 0xFF20) || // full-width signs
                             c == 0xFEFF || c == replacement_character; // byte order mark, not a character
    return !punctuation;
}

bool is_word_at(std::string_view text, std::size_t position, Encoding encoding) noexcept {
    auto const byte = static_cast<unsigned char>(text[position]);
    if (byte < 0x80)
        return is_ascii_word(byte);
    return encoding == Encoding::single_byte ||
           is_word_character(decode_at(text, position, encoding).code_point);
}

bool is_word_before(std::string_view text, std::size_t position, Encoding encoding) noexcept {
    auto const byte = static_cast<unsigned char>(text[position - 1]);
    if (byte < 0x80)
        return is_ascii_word(byte);
    return encoding == Encoding::single_byte ||
           is_word_character(decode_before(text, position, encoding).code_point);
}

} // namespace steward::core
