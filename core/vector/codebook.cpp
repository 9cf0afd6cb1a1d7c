#include "core/vector/codebook.hpp"

#include <algorithm>
#include <limits>

#include "core/vector/centroids.hpp"

namespace steward::core {

namespace {

constexpr std::size_t vectors_per_value = 40;
constexpr int steps = 10;

} // namespace

Codebook::Codebook(CodeFormat format, std::vector<float> values)
    : format_(format), values_(std::move(values)) {
}

Codebook Codebook::learn(CodeFormat format, std::span<const float> vectors, std::uint64_t seed, Stop stop) {
    auto const levels = static_cast<std::size_t>(format.levels());
    Codebook book(format, std::vector<float>(levels * format.dimensions));
    std::size_t const count = std::min(vectors.size() / format.dimensions, levels * vectors_per_value);
    for (std::size_t part = 0; part < format.parts; ++part) {
        std::size_t const width = book.width(part);
        std::vector<float> parts(count * width);
        for (std::size_t i = 0; i < count; ++i)
            std::copy_n(vectors.data() + i * format.dimensions + book.begin(part), width,
                        parts.data() + i * width);
        // Fewer vectors than levels are their own values; the others stay zero.
        std::ranges::copy(find_centroids(Metric::l2, parts, width, levels, steps, seed + part, stop),
                          book.values_.begin() + static_cast<std::ptrdiff_t>(book.begin(part) * levels));
    }
    return book;
}

std::size_t Codebook::nearest(std::size_t part, const float *vector) const noexcept {
    std::size_t best = 0;
    float least = std::numeric_limits<float>::infinity();
    for (std::size_t level = 0; level < static_cast<std::size_t>(format_.levels()); ++level) {
        const float *const other = value(part, level);
        float squares = 0;
        for (std::size_t i = 0; i < width(part); ++i)
            squares += (vector[i] - other[i]) * (vector[i] - other[i]);
        if (squares < least) {
            least = squares;
            best = level;
        }
    }
    return best;
}

void Codebook::encode(const float *vector, Code &code) const {
    code.words.assign(format_.groups(), 0);
    float squares = 0;
    float product = 0;
    for (std::size_t part = 0; part < format_.parts; ++part) {
        const float *const here = vector + begin(part);
        std::size_t const level = nearest(part, here);
        code.words[part / 4] |= static_cast<std::uint32_t>(level) << (8 * (part % 4));
        squares += kernels().dot(here, here, width(part));
        product += kernels().dot(here, value(part, level), width(part));
    }
    code.scale = product > 0 ? squares / product : 0;
}

void Codebook::decode(const Code &code, float *vector) const noexcept {
    for (std::size_t part = 0; part < format_.parts; ++part) {
        const float *const here = value(part, code.words[part / 4] >> (8 * (part % 4)) & 255);
        for (std::size_t i = 0; i < width(part); ++i)
            vector[begin(part) + i] = code.scale * here[i];
    }
}

std::vector<float> Codebook::products(const float *vector) const {
    auto const levels = static_cast<std::size_t>(format_.levels());
    std::vector<float> products;
    products.reserve(format_.parts * levels);
    for (std::size_t part = 0; part < format_.parts; ++part)
        for (std::size_t level = 0; level < levels; ++level)
            products.push_back(kernels().dot(vector + begin(part), value(part, level), width(part)));
    return products;
}

} // namespace steward::core
