// Random texts that are the same on every machine.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace steward::oracle {

/// mt19937 gives the same numbers everywhere; the distributions of the standard library do not.
class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}

    /// A number from 0 to count - 1.
    std::size_t below(std::size_t count) { return engine_() % count; }

    /// Up to `most` pieces, one after the other.
    std::string text(std::span<const std::string_view> pieces, std::size_t most) {
        std::string made;
        for (std::size_t left = below(most + 1); left > 0; --left)
            made += pieces[below(pieces.size())];
        return made;
    }

  private:
    std::mt19937 engine_;
};

/// What texts are made of: letters in both cases, digits, white space, signs, accented letters, curly
/// quotes, letters of three and four bytes, and bytes that are no UTF-8.
inline constexpr std::string_view text_pieces[] = {
    "a",      "b",          "A",          "ab",   "_",    "1",        " ",      "  ",     "\t",
    "\n",     "\r\n",       "-",          "/",    ".",    "\u2019",   "\u201C", "\u00E9", "\u00E8",
    "\u65E5", "\U0001F600", "\U00010400", "\xC3", "\xA9", "\xE2\x80", "\xFF"};

} // namespace steward::oracle
