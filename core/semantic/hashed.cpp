#include "core/semantic/hashed.hpp"

#include <cmath>
#include <string>

#include "core/hash.hpp"
#include "core/semantic/rarity.hpp"
#include "core/semantic/sort_stopping.hpp"
#include "core/semantic/words.hpp"

namespace steward::core {

namespace {

constexpr std::uint64_t of_word = 1;
constexpr std::uint64_t of_trigram = 2;
constexpr double share_of_trigrams = 0.7; // squared it is about half
constexpr std::size_t longest_word = 64;  // beyond it trigrams are those of its start
using Sums = std::array<std::int64_t, hashed_dimensions>;

void add(Sums &sums, std::uint64_t kind, std::string_view feature, std::int64_t weight) {
    std::uint64_t const hash = combine_hashes(kind, hash_bytes(feature));
    auto const place = static_cast<std::size_t>(((hash >> 32U) * hashed_dimensions) >> 32U);
    sums[place] += (hash & 1U) != 0 ? weight : -weight;
}

void add_trigrams(Sums &sums, std::string_view word, std::int64_t rarity, std::string &padded) {
    padded.assign(1, '<');
    padded.append(word.substr(0, longest_word));
    padded += '>';
    std::size_t const count = padded.size() - 2;
    auto const weight = static_cast<std::int64_t>(std::llround(
        share_of_trigrams * static_cast<double>(rarity) / std::sqrt(static_cast<double>(count))));
    for (std::size_t i = 0; i < count; ++i)
        add(sums, of_trigram, std::string_view(padded).substr(i, 3), weight);
}

} // namespace

std::optional<std::array<float, hashed_dimensions>> hashed_vector(std::string_view text, Encoding encoding,
                                                                  Stop stop) {
    Words const words(text, encoding, stop);
    Sums sums{};
    std::string padded;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i % words_per_stop == 0)
            stop();
        std::int64_t const rarity = word_rarity(words[i]);
        add(sums, of_word, stem_of(words[i]), rarity);
        add_trigrams(sums, words[i], rarity, padded);
    }
    double squares = 0;
    for (std::int64_t const sum : sums)
        squares += static_cast<double>(sum) * static_cast<double>(sum); // whole numbers: exact up to 2^53
    if (squares == 0)
        return std::nullopt;
    double const length = std::sqrt(squares);
    std::array<float, hashed_dimensions> vector{};
    for (std::size_t i = 0; i < hashed_dimensions; ++i)
        vector[i] = static_cast<float>(static_cast<double>(sums[i]) / length);
    return vector;
}

} // namespace steward::core
