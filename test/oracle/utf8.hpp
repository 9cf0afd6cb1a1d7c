// UTF-8 the slow way: what is well-formed is what the encoder makes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/text/character.hpp"

namespace steward::oracle {

/// The UTF-8 form of a scalar value; empty for a surrogate or a value above U+10FFFF.
inline std::string encode(char32_t value) {
    auto const byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
    auto const continuation = [&](char32_t bits) { return byte(0x80 + bits % 0x40); };
    if (value < 0x80)
        return {byte(value)};
    if (value < 0x800)
        return {byte(0xC0 + value / 0x40), continuation(value)};
    if (value >= 0xD800 && value < 0xE000)
        return {};
    if (value < 0x10000)
        return {byte(0xE0 + value / 0x1000), continuation(value / 0x40), continuation(value)};
    if (value < 0x110000)
        return {byte(0xF0 + value / 0x40000), continuation(value / 0x1000), continuation(value / 0x40),
                continuation(value)};
    return {};
}

/// The value that `bytes`, taken as one character, would encode to; nothing if there is none.
inline std::optional<char32_t> value_of(std::string_view bytes) {
    char32_t value = static_cast<unsigned char>(bytes[0]);
    if (bytes.size() > 1)
        value %= 1U << (7 - bytes.size());
    for (char const c : bytes.substr(1))
        value = value * 0x40 + static_cast<unsigned char>(c) % 0x40;
    if (encode(value) != bytes)
        return std::nullopt;
    return value;
}

/// The character that `text` begins with. Requires a text that is not empty.
inline core::Decoded first_character(std::string_view text, core::Encoding encoding) {
    if (encoding == core::Encoding::single_byte)
        return {static_cast<unsigned char>(text[0]), 1};
    for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
        if (auto const value = value_of(text.substr(0, length)))
            return {*value, length};
    return {core::replacement_character, 1};
}

/// The character that `text` ends with; a byte that ends none is a replacement character.
inline core::Decoded last_character(std::string_view text, core::Encoding encoding) {
    if (encoding == core::Encoding::single_byte)
        return {static_cast<unsigned char>(text.back()), 1};
    for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
        if (auto const value = value_of(text.substr(text.size() - length)))
            return {*value, length};
    return {core::replacement_character, 1};
}

inline std::u32string decode(std::string_view text, core::Encoding encoding) {
    std::u32string characters;
    while (!text.empty()) {
        core::Decoded const character = first_character(text, encoding);
        characters += character.code_point;
        text.remove_prefix(character.bytes);
    }
    return characters;
}

/// substr(text, start, length) of SQL.
inline std::string substr(std::string_view text, std::size_t start, std::size_t length) {
    std::string slice;
    for (char32_t const c : decode(text, core::Encoding::utf8).substr(start - 1, length))
        slice += encode(c);
    return slice;
}

} // namespace steward::oracle
