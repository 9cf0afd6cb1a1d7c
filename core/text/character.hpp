// Characters of a text: how many bytes each takes, and whether it belongs to a word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/stop.hpp"

namespace steward::core {

/// How the bytes of a text stand for characters. `single_byte` covers Latin-1 and its kin as well as
/// SQL_ASCII: one byte is one character, and bytes from 0x80 on are taken for letters.
enum class Encoding { utf8, single_byte };

inline constexpr char32_t replacement_character = 0xFFFD;

struct Decoded {
    char32_t code_point;
    std::size_t bytes;
};

/// The character that starts at `text[position]`. A byte that starts no well-formed UTF-8 sequence
/// counts as one replacement character of one byte, so that decoding always advances.
/// Requires position < text.size(). Source: Unicode 15, table 3-7.
Decoded decode_at(std::string_view text, std::size_t position, Encoding encoding) noexcept;

/// The character that ends right before `text[position]`; the mirror of decode_at.
/// Requires 0 < position <= text.size().
Decoded decode_before(std::string_view text, std::size_t position, Encoding encoding) noexcept;

/// The number of characters in `text`, as SQL's length() counts them in a valid text.
std::size_t count_characters(std::string_view text, Encoding encoding, Stop stop = Stop{});

/// True if no byte of `text` is 0x80 or above.
bool is_ascii(std::string_view text, Stop stop = Stop{});

/// How many bytes `a` and `b` share at their start, and how many at their end.
std::size_t shared_prefix(std::string_view a, std::string_view b, Stop stop = Stop{});
std::size_t shared_suffix(std::string_view a, std::string_view b, Stop stop = Stop{});

/// ASCII letters, digits and the underscore: what an identifier is made of.
constexpr bool is_ascii_word(unsigned char byte) noexcept {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_';
}

/// The white space of ASCII: blank, tab, line feed, vertical tab, form feed, carriage return.
constexpr bool is_ascii_space(unsigned char byte) noexcept {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/// ASCII upper case to lower case; every other byte as it is, so that UTF-8 sequences stay whole.
constexpr unsigned char fold_ascii(unsigned char byte) noexcept {
    return (byte >= 'A' && byte <= 'Z') ? static_cast<unsigned char>(byte + ('a' - 'A')) : byte;
}

/// True if the character is part of a word. Outside ASCII everything is, but for the blocks of Unicode
/// that hold punctuation and spaces (Latin-1 signs, General and Supplemental Punctuation, CJK
/// punctuation, most full-width forms of ASCII signs) and the replacement character.
bool is_word_character(char32_t code_point) noexcept;

/// True if the character that starts at `text[position]`, or that ends right before it, is part of a word.
bool is_word_at(std::string_view text, std::size_t position, Encoding encoding) noexcept;
bool is_word_before(std::string_view text, std::size_t position, Encoding encoding) noexcept;

/// How many bytes a pass over a text reads between two calls of its stop check: well below 1 ms.
inline constexpr std::size_t bytes_per_stop = std::size_t{1} << 16;

} // namespace steward::core
