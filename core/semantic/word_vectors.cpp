#include "core/semantic/word_vectors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/semantic/add_scaled.hpp"
#include "core/semantic/rarity.hpp"
#include "core/semantic/sort_stopping.hpp"
#include "core/semantic/word_vectors_layout.hpp"
#include "core/semantic/words.hpp"
#include "core/vector/kernels.hpp"

namespace steward::core {

namespace {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian");

/// How much a word counts in the mean of a text. Source: Arora, Liang, Ma, "A simple but tough-to-beat
/// baseline for sentence embeddings", ICLR 2017; milder than there, so that texts of two words are near when
/// one of them is the same.
double weight_in_mean(double rank) noexcept {
    constexpr double mild = 0.05;
    constexpr double of_first = 8; // by Zipf's law a word of rank r is one in 8 (r + 2.7)
    return mild / (mild + 1 / (of_first * (rank + 2.7)));
}

[[noreturn]] void refuse() {
    throw Error(ErrorKind::invalid_argument, "these are no word vectors, or damaged ones");
}

} // namespace

WordVectors::WordVectors(Bytes stored) {
    layout::Header header;
    if (stored.size() < sizeof header)
        refuse();
    std::memcpy(&header, stored.data(), sizeof header);
    if (header.magic != layout::magic || header.dimensions < 1 || header.words < 1 ||
        header.dimensions > WordVectorsBuilder::most_dimensions || header.axes > layout::most_axes ||
        stored.size() != layout::size_of(header))
        refuse();
    dimensions_ = header.dimensions;
    words_ = header.words;
    axes_ = header.axes;
    mean_ = reinterpret_cast<const float *>(stored.data() + sizeof header);
    axis_ = mean_ + dimensions_;
    scales_ = axis_ + std::size_t{axes_} * dimensions_;
    lengths_ = reinterpret_cast<const std::uint8_t *>(scales_ + words_);
    letters_ = reinterpret_cast<const char *>(lengths_ + words_);
    rows_ = reinterpret_cast<const std::int8_t *>(letters_ + header.letters);
    std::size_t letters = 0;
    for (std::uint32_t i = 0; i < words_; ++i)
        letters += lengths_[i];
    bool const is_finite = std::all_of(mean_, scales_ + words_, [](float x) { return std::isfinite(x); });
    if (letters != header.letters || !is_finite)
        refuse();
}

std::size_t WordVectors::index_size() const noexcept {
    return (words_ + layout::table_size(words_)) * sizeof(std::uint32_t);
}

void WordVectors::make_index(std::span<std::byte> index, Stop stop) const {
    auto *const starts = reinterpret_cast<std::uint32_t *>(index.data());
    std::uint32_t *const table = starts + words_;
    std::size_t const size = layout::table_size(words_);
    std::fill_n(table, size, 0U);
    std::uint32_t start = 0;
    for (std::uint32_t i = 0; i < words_; ++i) {
        if (i % words_per_stop == 0)
            stop();
        starts[i] = start;
        std::size_t at = hash_bytes({letters_ + start, lengths_[i]}) & (size - 1);
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = i + 1;
        start += lengths_[i];
    }
}

void WordVectors::use_index(Bytes index) noexcept {
    starts_ = reinterpret_cast<const std::uint32_t *>(index.data());
    table_ = starts_ + words_;
    table_size_ = layout::table_size(words_);
}

std::string_view WordVectors::word(std::uint32_t place) const noexcept {
    return {letters_ + starts_[place], lengths_[place]};
}

std::optional<std::uint32_t> WordVectors::find(std::string_view wanted) const noexcept {
    for (std::size_t at = hash_bytes(wanted) & (table_size_ - 1); table_[at] != 0;
         at = (at + 1) & (table_size_ - 1))
        if (word(table_[at] - 1) == wanted)
            return table_[at] - 1;
    return std::nullopt;
}

void WordVectors::read(std::uint32_t place, float *vector) const noexcept {
    const std::int8_t *const row = rows_ + std::size_t{place} * dimensions_;
    float const scale = scales_[place];
    for (std::uint32_t i = 0; i < dimensions_; ++i)
        vector[i] = scale * static_cast<float>(row[i]);
}

void WordVectors::centre(float *vector) const noexcept {
    add_scaled(vector, mean_, -1, dimensions_);
    for (std::uint32_t k = 0; k < axes_; ++k) {
        const float *const axis = axis_ + std::size_t{k} * dimensions_;
        add_scaled(vector, axis, -kernels().dot(vector, axis, dimensions_), dimensions_);
    }
}

double WordVectors::rarity(std::string_view word, std::optional<std::uint32_t> place) const noexcept {
    // Common words have their place in English, whatever the vectors were learnt from.
    auto const rank = std::max<double>(place ? *place : words_, static_cast<double>(common_words()));
    std::int32_t const known = word_rarity(word, 0);
    return known != 0 ? static_cast<double>(known) / rarity_unit : rarity_of_rank(rank);
}

std::optional<std::vector<float>> WordVectors::embed(std::string_view text, Encoding encoding,
                                                     Stop stop) const {
    Words const words(text, encoding, stop);
    std::vector<float> sum(dimensions_);
    std::vector<float> vector(dimensions_);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i % words_per_stop == 0)
            stop();
        std::optional<std::uint32_t> const place = find(words[i]);
        if (!place)
            continue;
        read(*place, vector.data());
        auto const weight = static_cast<float>(weight_in_mean(*place));
        add_scaled(sum.data(), vector.data(), weight, dimensions_);
    }
    float const length = std::sqrt(kernels().dot(sum.data(), sum.data(), dimensions_));
    if (!(length > 0) || !std::isfinite(length))
        return std::nullopt;
    for (float &x : sum)
        x /= length;
    return sum;
}

} // namespace steward::core
