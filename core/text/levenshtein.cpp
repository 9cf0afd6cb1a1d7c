#include "core/text/levenshtein.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace steward::core {

namespace {

constexpr std::size_t bits_per_word = 64;
constexpr std::size_t most_words = 8; // in one strip
constexpr std::size_t columns_per_stop = 4096;

/// Cuts off what both texts share at their start and at their end. Never cuts a character in two.
void leave_out_shared_ends(std::string_view &a, std::string_view &b, Encoding encoding, Stop stop) {
    auto const inside_character = [&](std::string_view text, std::size_t at) {
        return encoding == Encoding::utf8 && at < text.size() &&
               (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    };
    std::size_t head = shared_prefix(a, b, stop);
    while (head > 0 && (inside_character(a, head) || inside_character(b, head)))
        --head;
    a.remove_prefix(head);
    b.remove_prefix(head);
    std::size_t tail = shared_suffix(a, b, stop);
    while (tail > 0 && inside_character(a, a.size() - tail))
        --tail;
    a.remove_suffix(tail);
    b.remove_suffix(tail);
}

/// The number of characters that decode_at() finds: what the passes will read and write. Where bytes are
/// no UTF-8, count_characters() finds fewer, and the border would be too short.
std::size_t count_decoded(std::string_view text, Encoding encoding, Stop stop) {
    if (encoding == Encoding::single_byte)
        return text.size();
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++characters) {
        if (characters % bytes_per_stop == 0)
            stop();
        i += decode_at(text, i, encoding).bytes;
    }
    return characters;
}

/// For each character, at which rows of a strip it stands: one bit a row, `words` words a character.
/// Characters below 256 are looked up directly, others in an open-addressing table.
template <std::size_t words> class Rows {
  public:
    using Mask = std::array<std::uint64_t, words>;

    Rows() : direct_{} {}

    void mark(char32_t character, std::size_t row) {
        slot(character)[row / bits_per_word] |= std::uint64_t{1} << (row % bits_per_word);
    }

    const Mask &of(char32_t character) const noexcept {
        static constexpr Mask nowhere{};
        if (character < direct_.size())
            return direct_[character];
        if (others_.empty())
            return nowhere;
        const Other &other = others_[find(character)];
        return other.character == character ? other.mask : nowhere;
    }

  private:
    struct Other {
        char32_t character = 0; // below 256, hence free
        Mask mask{};
    };
    static constexpr std::size_t slots = 2 * words * bits_per_word; // a strip fills at most half

    std::size_t find(char32_t character) const noexcept {
        std::size_t place = (std::size_t{character} * 0x9E3779B1U) % slots;
        while (others_[place].character != 0 && others_[place].character != character)
            place = (place + 1) % slots;
        return place;
    }

    Mask &slot(char32_t character) {
        if (character < direct_.size())
            return direct_[character];
        if (others_.empty())
            others_.resize(slots);
        Other &other = others_[find(character)];
        other.character = character;
        return other.mask;
    }

    std::array<Mask, 256> direct_;
    std::vector<Other> others_;
};

/// The horizontal differences along the last row of a strip: +1, -1 or 0 for each column.
struct Border {
    explicit Border(std::pmr::memory_resource *memory) : up(memory), down(memory) {}
    std::pmr::vector<std::uint64_t> up;
    std::pmr::vector<std::uint64_t> down;

    void resize(std::size_t columns) {
        up.resize((columns + bits_per_word - 1) / bits_per_word);
        down.resize(up.size());
    }
    bool empty() const noexcept { return up.empty(); }
};

struct Difference {
    std::uint64_t up;
    std::uint64_t down;
};

/// The vertical differences of one column of a strip, one bit a row.
template <std::size_t words> struct Column {
    std::array<std::uint64_t, words> up;
    std::array<std::uint64_t, words> down;

    Column() {
        up.fill(~std::uint64_t{0});
        down.fill(0);
    }

    /// Moves on by one column: `rows` tells where its character stands, `above` is the horizontal
    /// difference over the strip's first row. Returns the one at row `last_bit` of the last word.
    Difference advance(const std::array<std::uint64_t, words> &rows, Difference above, unsigned last_bit) {
        Difference carry = above;
        Difference last{};
        for (std::size_t w = 0; w < words; ++w) {
            std::uint64_t const equal = rows[w];
            std::uint64_t const vertical_zero = equal | down[w];
            std::uint64_t const with_carry = equal | carry.down;
            std::uint64_t const zero = (((with_carry & up[w]) + up[w]) ^ up[w]) | with_carry;
            std::uint64_t plus = down[w] | ~(zero | up[w]);
            std::uint64_t minus = up[w] & zero;
            if (w + 1 == words)
                last = {(plus >> last_bit) & 1, (minus >> last_bit) & 1};
            Difference const next{plus >> 63, minus >> 63};
            plus = (plus << 1) | carry.up;
            minus = (minus << 1) | carry.down;
            up[w] = minus | ~(vertical_zero | plus);
            down[w] = plus & vertical_zero;
            carry = next;
        }
        return last;
    }
};

/// One pass over `text` for up to 64 * words rows. Reads the differences above the strip from `border`
/// (all +1 if it is empty and the strip is the first), leaves those below it there, and returns their
/// sum over all columns.
template <std::size_t words>
std::int64_t pass_over(std::string_view text, Encoding encoding, const Rows<words> &rows, unsigned last_bit,
                       bool first, Border &border, Stop stop) {
    Column<words> column;
    std::int64_t sum = 0;
    std::size_t j = 0;
    for (std::size_t i = 0; i < text.size(); ++j) {
        if (j % columns_per_stop == 0)
            stop();
        Decoded const character = decode_at(text, i, encoding);
        i += character.bytes;
        std::size_t const place = j / bits_per_word;
        std::size_t const shift = j % bits_per_word;
        Difference const above =
            first ? Difference{1, 0}
                  : Difference{(border.up[place] >> shift) & 1, (border.down[place] >> shift) & 1};
        Difference const below = column.advance(rows.of(character.code_point), above, last_bit);
        sum += static_cast<std::int64_t>(below.up) - static_cast<std::int64_t>(below.down);
        if (border.empty())
            continue;
        std::uint64_t const bit = std::uint64_t{1} << shift;
        border.up[place] = (border.up[place] & ~bit) | (below.up << shift);
        border.down[place] = (border.down[place] & ~bit) | (below.down << shift);
    }
    return sum;
}

/// The strip whose rows are the next `count` characters of `pattern`, which it takes off.
template <std::size_t words>
std::int64_t strip(std::string_view &pattern, std::size_t count, std::string_view text, Encoding encoding,
                   bool first, Border &border, Stop stop) {
    Rows<words> rows;
    for (std::size_t row = 0; row < count; ++row) {
        Decoded const character = decode_at(pattern, 0, encoding);
        rows.mark(character.code_point, row);
        pattern.remove_prefix(character.bytes);
    }
    auto const last_bit = static_cast<unsigned>((count - 1) % bits_per_word);
    return pass_over<words>(text, encoding, rows, last_bit, first, border, stop);
}

/// Strips are as high as they can be, the last one as high as it must be.
std::int64_t next_strip(std::string_view &pattern, std::size_t count, std::string_view text,
                        Encoding encoding, bool first, Border &border, Stop stop) {
    switch ((count + bits_per_word - 1) / bits_per_word) {
    case 1:
        return strip<1>(pattern, count, text, encoding, first, border, stop);
    case 2:
        return strip<2>(pattern, count, text, encoding, first, border, stop);
    case 3:
        return strip<3>(pattern, count, text, encoding, first, border, stop);
    case 4:
        return strip<4>(pattern, count, text, encoding, first, border, stop);
    case 5:
        return strip<5>(pattern, count, text, encoding, first, border, stop);
    case 6:
        return strip<6>(pattern, count, text, encoding, first, border, stop);
    case 7:
        return strip<7>(pattern, count, text, encoding, first, border, stop);
    default:
        return strip<most_words>(pattern, count, text, encoding, first, border, stop);
    }
}

} // namespace

std::int64_t levenshtein(std::string_view a, std::string_view b, Encoding encoding, Stop stop,
                         std::pmr::memory_resource *memory) {
    leave_out_shared_ends(a, b, encoding, stop);
    if (is_ascii(a, stop) && is_ascii(b, stop))
        encoding = Encoding::single_byte; // one byte a character is the faster reading
    std::size_t length_a = count_decoded(a, encoding, stop);
    std::size_t length_b = count_decoded(b, encoding, stop);
    if (length_a > length_b) {
        std::swap(a, b);
        std::swap(length_a, length_b);
    }
    if (length_a == 0)
        return static_cast<std::int64_t>(length_b);

    constexpr std::size_t most_rows = most_words * bits_per_word;
    Border border(memory);
    if (length_a > most_rows)
        border.resize(length_b);
    std::int64_t sum = 0;
    for (std::size_t done = 0; done < length_a; done += most_rows) {
        std::size_t const count = std::min(most_rows, length_a - done);
        sum = next_strip(a, count, b, encoding, done == 0, border, stop);
    }
    return static_cast<std::int64_t>(length_a) + sum;
}

} // namespace steward::core
