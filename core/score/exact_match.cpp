#include "core/score/exact_match.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr char32_t end_of_text = 0xFFFFFFFF;
constexpr std::size_t longest_number = 1024; // longer texts are not read as numbers, so that reading is brief

/// Hands out the characters of a text that count under the options, one after the other.
class CountingCharacters {
  public:
    CountingCharacters(std::string_view text, const ExactMatchOptions &options, Encoding encoding, Stop stop)
        : text_(text), options_(options), encoding_(encoding), stop_(stop) {}

    char32_t next() {
        bool blank_before = false;
        while (position_ < text_.size()) {
            check_stop();
            Decoded const character = decode_at(text_, position_, encoding_);
            auto const byte = static_cast<unsigned char>(text_[position_]);
            bool const space = is_ascii_space(byte);
            if (space && options_.ignore_whitespace) {
                blank_before = true;
            } else if (space || !options_.ignore_punctuation || is_word_at(text_, position_, encoding_)) {
                if (blank_before && handed_out_)
                    return hand_out_blank();
                position_ += character.bytes;
                handed_out_ = true;
                return options_.ignore_case && byte < 0x80 ? fold_ascii(byte) : character.code_point;
            }
            position_ += character.bytes;
        }
        return end_of_text;
    }

  private:
    /// A run of white space counts as one blank, and only where a character follows: it is handed out
    /// before that character, which the next call then finds with nothing before it.
    char32_t hand_out_blank() {
        handed_out_ = false;
        return ' ';
    }

    /// By what was read, not by what was handed out: all of a long text may be left out.
    void check_stop() {
        if (position_ < next_stop_)
            return;
        stop_();
        next_stop_ = position_ + bytes_per_stop;
    }

    std::string_view text_;
    const ExactMatchOptions &options_;
    Encoding encoding_;
    Stop stop_;
    std::size_t next_stop_ = 0;
    std::size_t position_ = 0;
    bool handed_out_ = false;
};

/// What writing a decimal number in binary may add to a difference is allowed for: 1.1 and 1.0 differ by 0.1.
bool differ_by_at_most(double a, double b, double tolerance) {
    double const rounding = 4 * std::numeric_limits<double>::epsilon() * std::max(std::fabs(a), std::fabs(b));
    return std::fabs(a - b) <= tolerance + rounding;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_ascii_space(static_cast<unsigned char>(text.front())))
        text.remove_prefix(1);
    while (!text.empty() && is_ascii_space(static_cast<unsigned char>(text.back())))
        text.remove_suffix(1);
    return text;
}

std::optional<double> number_in(std::string_view text) {
    if (text.size() > longest_number)
        return std::nullopt;
    text = trimmed(text);
    if (text.starts_with('+') && !text.starts_with("+-"))
        text.remove_prefix(1);
    double value = 0.0;
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

} // namespace

bool exact_match(std::string_view expected, std::string_view actual, const ExactMatchOptions &options,
                 Encoding encoding, Stop stop) {
    if (!std::isfinite(options.tolerance) || options.tolerance < 0.0)
        throw Error(ErrorKind::invalid_argument, "tolerance must be finite and not negative");
    if (expected.size() == actual.size() && shared_prefix(expected, actual, stop) == expected.size())
        return true;
    if (options.tolerance > 0.0) {
        std::optional<double> const a = number_in(expected);
        std::optional<double> const b = number_in(actual);
        if (a && b)
            return differ_by_at_most(*a, *b, options.tolerance);
    }
    if (!options.ignore_case && !options.ignore_whitespace && !options.ignore_punctuation)
        return false;
    CountingCharacters left(expected, options, encoding, stop);
    CountingCharacters right(actual, options, encoding, stop);
    for (;;) {
        char32_t const a = left.next();
        if (a != right.next())
            return false;
        if (a == end_of_text)
            return true;
    }
}

} // namespace steward::core
