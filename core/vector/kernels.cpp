#include "core/vector/kernels.hpp"

#include <algorithm>

namespace steward::core {

namespace {

/// In as many sums as there are lanes, so that rounding does not grow with the dimensions.
template <class Term> float sum_of(std::size_t dimensions, Term term) noexcept {
    float sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= dimensions; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            sums[lane] += term(i + lane);
    for (; i < dimensions; ++i)
        sums[i % lanes] += term(i);
    float sum = 0;
    for (float const part : sums)
        sum += part;
    return sum;
}

float dot(const float *a, const float *b, std::size_t dimensions) noexcept {
    return sum_of(dimensions, [&](std::size_t i) { return a[i] * b[i]; });
}

float squared_distance(const float *a, const float *b, std::size_t dimensions) noexcept {
    return sum_of(dimensions, [&](std::size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); });
}

void dot_block(const float *vector, const float *block, std::size_t dimensions, float *products) noexcept {
    std::fill_n(products, lanes, 0.0F);
    for (std::size_t i = 0; i < dimensions; ++i)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            products[lane] += vector[i] * block[i * lanes + lane];
}

void dot_block4(const float *vectors, const float *block, std::size_t dimensions, float *products) noexcept {
    for (std::size_t i = 0; i < 4; ++i)
        dot_block(vectors + i * dimensions, block, dimensions, products + i * lanes);
}

void keep_nearest(const float *products, const float *less, std::uint32_t first, float *most,
                  std::uint32_t *at) noexcept {
    for (std::size_t lane = 0; lane < lanes; ++lane)
        if (float const near = products[lane] - less[lane]; near > most[lane]) {
            most[lane] = near;
            at[lane] = first;
        }
}

std::uint32_t nearer(const std::int32_t *sums, const float *scales, const float *squares, Line line,
                     float least, float *nearness) noexcept {
    std::uint32_t found = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        nearness[lane] = scales[lane] * (static_cast<float>(sums[lane]) * line.of_sum + line.constant);
        if (squares != nullptr)
            nearness[lane] -= squares[lane];
        found |= nearness[lane] > least ? 1U << lane : 0U;
    }
    return found;
}

void scan1(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
           std::int32_t *sums) noexcept {
    std::fill_n(sums, lanes, 0);
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 32)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            for (std::size_t i = 0; i < 32; ++i)
                sums[lane] += ((codes[lane * 4 + i % 4] >> (i / 4)) & 1) * query[i];
}

void scan4(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
           std::int32_t *sums) noexcept {
    std::fill_n(sums, lanes, 0);
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 8)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            for (std::size_t i = 0; i < 4; ++i) {
                std::uint8_t const both = codes[lane * 4 + i];
                sums[lane] += (both & 15) * query[i] + (both >> 4) * query[4 + i];
            }
}

void scan8(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
           std::int32_t *sums) noexcept {
    std::fill_n(sums, lanes, 0);
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 4)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            for (std::size_t i = 0; i < 4; ++i)
                sums[lane] += codes[lane * 4 + i] * query[i];
}

} // namespace

const Kernels &portable_kernels() noexcept {
    static constexpr Kernels portable{
        "portable", dot, squared_distance, dot_block, dot_block4, keep_nearest, nearer, scan1, scan4, scan8};
    return portable;
}

const Kernels &kernels() noexcept {
    static const Kernels &best = []() -> const Kernels & {
        if (const Kernels *const wide = avx512_kernels())
            return *wide;
        if (const Kernels *const half = avx2_kernels())
            return *half;
        return portable_kernels();
    }();
    return best;
}

} // namespace steward::core
