#include "core/vector/codes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/vector/codebook.hpp"

namespace steward::core {

namespace {

constexpr std::size_t most_levels = 256;

float middle_of(int levels) noexcept {
    return static_cast<float>(levels - 1) / 2;
}

int level_of(float value, float per_step, int levels) noexcept {
    auto const level = static_cast<int>(std::floor(value * per_step + static_cast<float>(levels) / 2));
    return std::clamp(level, 0, levels - 1);
}

/// Where in its word a dimension is: the first four of them in the lowest bits of its bytes.
std::size_t shift_of(CodeFormat format, std::size_t place) noexcept {
    return 8 * (place % 4) + static_cast<std::size_t>(format.bits) * (place / 4);
}

/// What a grid with so many steps a unit makes of a vector.
struct Fit {
    float product; ///< of the vector with its levels
    float squares; ///< of the levels
};

Fit fit(CodeFormat format, const float *vector, float per_step) noexcept {
    float const middle = middle_of(format.levels());
    Fit found{};
    for (std::size_t i = 0; i < format.dimensions; ++i) {
        float const level = static_cast<float>(level_of(vector[i], per_step, format.levels())) - middle;
        found.product += level * vector[i];
        found.squares += level * level;
    }
    return found;
}

/// Of grids that cut off the longest values, or do not, the one whose direction is nearest.
float best_grid(CodeFormat format, const float *vector, float longest) noexcept {
    constexpr int tried = 8;
    float best = 0;
    float nearest = -1;
    for (int i = 0; i < tried; ++i) {
        float const reach = longest * (1 - 0.08F * static_cast<float>(format.bits == 4 ? i : 0));
        float const per_step = static_cast<float>(format.levels()) / 2 / reach;
        Fit const found = fit(format, vector, per_step);
        float const cosine = found.product / std::sqrt(found.squares);
        if (cosine > nearest) {
            nearest = cosine;
            best = per_step;
        }
        if (format.bits != 4)
            break;
    }
    return best;
}

} // namespace

void encode(CodeFormat format, const float *vector, Code &code) {
    code.words.assign(format.groups(), 0);
    code.scale = 0;
    float longest = 0;
    for (std::size_t i = 0; i < format.dimensions; ++i)
        longest = std::max(longest, std::abs(vector[i]));
    if (longest == 0)
        return;
    float const per_step = best_grid(format, vector, longest);
    float const middle = middle_of(format.levels());
    float squares = 0;
    float product = 0;
    for (std::size_t i = 0; i < format.dimensions; ++i) {
        int const level = level_of(vector[i], per_step, format.levels());
        squares += vector[i] * vector[i];
        product += vector[i] * (static_cast<float>(level) - middle);
        std::size_t const per_group = format.dimensions_per_group();
        std::size_t const place = i % per_group;
        code.words[i / per_group] |= static_cast<std::uint32_t>(level) << shift_of(format, place);
    }
    code.scale = product > 0 ? squares / product : 0;
}

void put_lane(std::uint8_t *groups, std::size_t lane, std::span<const std::uint32_t> words) noexcept {
    for (std::uint32_t const word : words) {
        std::memcpy(groups + lane * sizeof word, &word, sizeof word);
        groups += group_bytes;
    }
}

void take_lane(const std::uint8_t *groups, std::size_t lane, std::span<std::uint32_t> words) noexcept {
    for (std::uint32_t &word : words) {
        std::memcpy(&word, groups + lane * sizeof word, sizeof word);
        groups += group_bytes;
    }
}

void decode(CodeFormat format, const Code &code, float *vector) noexcept {
    auto const mask = static_cast<std::uint32_t>(format.levels() - 1);
    float const middle = middle_of(format.levels());
    std::size_t const per_group = format.dimensions_per_group();
    for (std::size_t i = 0; i < format.dimensions; ++i) {
        std::uint32_t const level = code.words[i / per_group] >> shift_of(format, i % per_group) & mask;
        vector[i] = code.scale * (static_cast<float>(level) - middle);
    }
}

CodedQuery::CodedQuery(CodeFormat format, const float *vector)
    : format_(format), scan_(kernels().scan(format.bits)),
      levels_(format.groups() * format.dimensions_per_group()) {
    float longest = 0;
    for (std::size_t i = 0; i < format.dimensions; ++i)
        longest = std::max(longest, std::abs(vector[i]));
    if (longest == 0)
        return;
    scale_ = longest / 127;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < format.dimensions; ++i) {
        levels_[i] = static_cast<std::int8_t>(std::lround(vector[i] / scale_));
        sum += levels_[i];
    }
    offset_ = static_cast<float>(sum) * middle_of(format.levels());
}

CodedQuery::CodedQuery(CodeFormat format, const Codebook &book, const float *vector)
    : format_(format), scan_(nullptr), products_(4 * format.groups() * most_levels) {
    std::vector<float> const products = book.products(vector);
    float longest = 0;
    for (float const product : products)
        longest = std::max(longest, std::abs(product));
    if (longest == 0)
        return;
    scale_ = longest / 32'767;
    auto const levels = static_cast<std::size_t>(format.levels());
    for (std::size_t i = 0; i < products.size(); ++i)
        products_[i / levels * most_levels + i % levels] =
            static_cast<std::int32_t>(std::lround(products[i] / scale_));
}

void CodedQuery::look_up(const std::uint8_t *codes, std::size_t first, std::size_t groups,
                         std::int32_t *sums) const noexcept {
    std::fill_n(sums, lanes, 0);
    const std::int32_t *products = products_.data() + 4 * first * most_levels;
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, products += 4 * most_levels)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            for (std::size_t i = 0; i < 4; ++i)
                sums[lane] += products[i * most_levels + codes[lane * 4 + i]];
}

} // namespace steward::core
