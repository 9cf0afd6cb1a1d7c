#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/semantic/word_vectors.hpp"
#include "core/semantic/word_vectors_layout.hpp"
#include "core/semantic/words.hpp"

namespace steward::core {

namespace {

constexpr std::size_t longest_word = 255;
constexpr float most_code = 127;
constexpr std::size_t words_of_axes = 20000; // the most common ones
constexpr std::size_t axes_wanted = 5;
constexpr int rounds = 60;

using Row = std::vector<double>;

/// As Words gives it: another word nobody would ever look for.
bool is_found(std::string_view word) {
    if (word.empty() || word.size() > longest_word)
        return false;
    Words const words(word, Encoding::utf8);
    return words.size() == 1 && words[0] == word;
}

std::string folded(std::string_view word) {
    Words const words(word, Encoding::utf8);
    return words.size() == 1 && words[0].size() == word.size() ? std::string(words[0]) : std::string(word);
}

double product(const Row &a, const Row &b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += a[i] * b[i];
    return sum;
}

/// Makes a row of unit length and at right angles to those before it.
void straighten(std::vector<Row> &axes, std::size_t which) {
    Row &axis = axes[which];
    for (std::size_t k = 0; k < which; ++k) {
        double const along = product(axis, axes[k]);
        for (std::size_t i = 0; i < axis.size(); ++i)
            axis[i] -= along * axes[k][i];
    }
    double const length = std::sqrt(product(axis, axis));
    for (double &x : axis)
        x = length > 0 ? x / length : 0;
}

/// The main axes of a covariance, the longest first, by orthogonal iteration.
std::vector<Row> main_axes(const std::vector<Row> &covariance, std::size_t count, Stop stop) {
    std::size_t const dimensions = covariance.size();
    std::vector<Row> axes(count, Row(dimensions));
    for (std::size_t k = 0; k < count; ++k)
        for (std::size_t i = 0; i < dimensions; ++i)
            axes[k][i] = static_cast<double>(mix_hash(k * dimensions + i + 1) >> 40U) - 0x800000; // any start
    for (std::size_t k = 0; k < count; ++k)
        straighten(axes, k);
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t k = 0; k < count; ++k) {
            Row turned(dimensions);
            for (std::size_t i = 0; i < dimensions; ++i)
                turned[i] = product(covariance[i], axes[k]);
            axes[k] = std::move(turned);
            stop();
        }
        for (std::size_t k = 0; k < count; ++k)
            straighten(axes, k);
    }
    return axes;
}

template <class Number> void append(std::pmr::string &bytes, std::span<const Number> numbers) {
    bytes.append(reinterpret_cast<const char *>(numbers.data()), numbers.size_bytes());
}

} // namespace

WordVectorsBuilder::WordVectorsBuilder(std::size_t most_words, std::pmr::memory_resource *memory)
    : most_words_(most_words), scales_(memory), lengths_(memory), letters_(memory), rows_(memory),
      table_(1U << 10U, 0U, memory), starts_(memory) {
}

void WordVectorsBuilder::add(std::string_view given, std::span<const float> vector) {
    if (dimensions_ == 0 && (vector.empty() || vector.size() > most_dimensions))
        throw Error(ErrorKind::invalid_argument, "vectors of words must have 1 to 4096 dimensions");
    if (dimensions_ == 0)
        dimensions_ = vector.size();
    if (vector.size() != dimensions_)
        throw Error(ErrorKind::invalid_argument, "vectors of words must have the same number of dimensions",
                    "That of \"" + std::string(given.substr(0, longest_word)) + "\" has " +
                        std::to_string(vector.size()) + ", those before it have " +
                        std::to_string(dimensions_) + ".");
    if (!std::ranges::all_of(vector, [](float x) { return std::isfinite(x); }))
        throw Error(ErrorKind::invalid_argument, "vectors of words must be finite");
    float most = 0;
    for (float const x : vector)
        most = std::max(most, std::fabs(x));
    float const scale = most / most_code;
    std::string const word = folded(given);
    if (is_full() || scale < 1e-30F || !is_found(word))
        return;
    std::size_t at = hash_bytes(word) & (table_.size() - 1);
    for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
        std::uint32_t const place = table_[at] - 1;
        if (std::string_view(letters_).substr(starts_[place], static_cast<unsigned char>(lengths_[place])) ==
            word)
            return;
    }
    if (rows_.size() + letters_.size() + dimensions_ + word.size() > most_bytes)
        throw Error(ErrorKind::invalid_argument, "the vectors of these words are more than 256 MB", {},
                    "Import fewer of them: words => ....");
    table_[at] = static_cast<std::uint32_t>(scales_.size() + 1);
    starts_.push_back(letters_.size());
    scales_.push_back(scale);
    lengths_ += static_cast<char>(word.size());
    letters_ += word;
    for (float const x : vector)
        rows_.push_back(static_cast<std::int8_t>(std::lround(x / scale)));
    if (layout::table_size(scales_.size()) > table_.size()) {
        table_.assign(table_.size() * 2, 0);
        for (std::size_t i = 0; i < scales_.size(); ++i) {
            std::string_view const other =
                std::string_view(letters_).substr(starts_[i], static_cast<unsigned char>(lengths_[i]));
            std::size_t place = hash_bytes(other) & (table_.size() - 1);
            while (table_[place] != 0)
                place = (place + 1) & (table_.size() - 1);
            table_[place] = static_cast<std::uint32_t>(i + 1);
        }
    }
}

std::pmr::string WordVectorsBuilder::finish(Stop stop) {
    if (scales_.empty())
        throw Error(ErrorKind::invalid_argument, "there are no vectors of words");
    std::size_t const count = scales_.size();
    Row mean(dimensions_);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t d = 0; d < dimensions_; ++d)
            mean[d] +=
                static_cast<double>(scales_[i]) * rows_[i * dimensions_ + d] / static_cast<double>(count);
    std::vector<Row> covariance(dimensions_, Row(dimensions_));
    Row centred(dimensions_);
    for (std::size_t i = 0; i < std::min(count, words_of_axes); ++i) {
        stop();
        for (std::size_t d = 0; d < dimensions_; ++d)
            centred[d] = static_cast<double>(scales_[i]) * rows_[i * dimensions_ + d] - mean[d];
        for (std::size_t d = 0; d < dimensions_; ++d)
            for (std::size_t e = 0; e < dimensions_; ++e)
                covariance[d][e] += centred[d] * centred[e];
    }
    // Of few words, or few dimensions, all would be main axes.
    std::size_t const axes = count >= 50 * axes_wanted ? std::min(axes_wanted, dimensions_ / 10) : 0;
    layout::Header const header{layout::magic,
                                static_cast<std::uint32_t>(dimensions_),
                                static_cast<std::uint32_t>(count),
                                static_cast<std::uint32_t>(letters_.size()),
                                static_cast<std::uint32_t>(axes),
                                {}};
    std::pmr::string bytes(rows_.get_allocator().resource());
    bytes.reserve(layout::size_of(header));
    bytes.append(reinterpret_cast<const char *>(&header), sizeof header);
    std::vector<Row> all = main_axes(covariance, axes, stop);
    // Of some hundred words the mean is one of their subject: it stays.
    all.insert(all.begin(), axes > 0 ? mean : Row(dimensions_));
    for (const Row &row : all) {
        std::vector<float> const narrow(row.begin(), row.end());
        append(bytes, std::span<const float>(narrow));
    }
    append(bytes, std::span<const float>(scales_));
    bytes += lengths_;
    bytes += letters_;
    append(bytes, std::span<const std::int8_t>(rows_));
    return bytes;
}

} // namespace steward::core
