// Whether an answer is the expected one, up to differences that the caller allows.
#pragma once

#include <string_view>

#include "core/stop.hpp"
#include "core/text/character.hpp"

namespace steward::core {

/// Differences between expected and actual that do not count. By default every byte does.
struct ExactMatchOptions {
    bool ignore_case = false;        ///< of ASCII letters
    bool ignore_whitespace = false;  ///< at the ends, and how much of it stands between words
    bool ignore_punctuation = false; ///< ASCII signs, and Unicode characters that belong to no word
    double tolerance = 0.0;          ///< numbers may differ by so much; 0 compares them as text
};

/// True if `actual` equals `expected` under `options`. With a tolerance above 0, two texts that are
/// decimal numbers up to surrounding white space (C syntax, no hexadecimal, infinity or NaN) are compared
/// as numbers, up to the rounding of float8; others, and texts of more than 1,024 bytes, as text. Throws
/// Error(invalid_argument) on a negative or non-finite tolerance.
bool exact_match(std::string_view expected, std::string_view actual, const ExactMatchOptions &options,
                 Encoding encoding, Stop stop = Stop{});

} // namespace steward::core
