// Processors with AVX2 and FMA: since Haswell and Zen.
#include "core/vector/kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#define STEWARD_AVX2 __attribute__((target("avx2,fma")))

namespace steward::core {

namespace {

constexpr std::size_t half_lanes = lanes / 2;

STEWARD_AVX2 float sum_of(__m256 sums) noexcept {
    __m128 const four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
    __m128 const two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

STEWARD_AVX2 float dot(const float *a, const float *b, std::size_t dimensions) noexcept {
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    std::size_t i = 0;
    for (; i + lanes <= dimensions; i += lanes)
        for (std::size_t j = 0; j < 2; ++j)
            sums[j] = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + j * half_lanes),
                                      _mm256_loadu_ps(b + i + j * half_lanes), sums[j]);
    float sum = sum_of(_mm256_add_ps(sums[0], sums[1]));
    for (; i < dimensions; ++i)
        sum += a[i] * b[i];
    return sum;
}

STEWARD_AVX2 float squared_distance(const float *a, const float *b, std::size_t dimensions) noexcept {
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    std::size_t i = 0;
    for (; i + lanes <= dimensions; i += lanes)
        for (std::size_t j = 0; j < 2; ++j) {
            __m256 const difference = _mm256_sub_ps(_mm256_loadu_ps(a + i + j * half_lanes),
                                                    _mm256_loadu_ps(b + i + j * half_lanes));
            sums[j] = _mm256_fmadd_ps(difference, difference, sums[j]);
        }
    float sum = sum_of(_mm256_add_ps(sums[0], sums[1]));
    for (; i < dimensions; ++i)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

STEWARD_AVX2 void dot_block(const float *vector, const float *block, std::size_t dimensions,
                            float *products) noexcept {
    __m256 sums[2][2] = {{_mm256_setzero_ps(), _mm256_setzero_ps()},
                         {_mm256_setzero_ps(), _mm256_setzero_ps()}};
    for (std::size_t i = 0; i < dimensions; ++i, block += lanes) {
        __m256 const value = _mm256_set1_ps(vector[i]);
        for (std::size_t j = 0; j < 2; ++j)
            sums[i % 2][j] = _mm256_fmadd_ps(value, _mm256_loadu_ps(block + j * half_lanes), sums[i % 2][j]);
    }
    for (std::size_t j = 0; j < 2; ++j)
        _mm256_storeu_ps(products + j * half_lanes, _mm256_add_ps(sums[0][j], sums[1][j]));
}

STEWARD_AVX2 void dot_block4(const float *vectors, const float *block, std::size_t dimensions,
                             float *products) noexcept {
    __m256 sums[4][2];
#pragma GCC unroll 4
    for (auto &both : sums)
        both[0] = both[1] = _mm256_setzero_ps();
    for (std::size_t i = 0; i < dimensions; ++i, block += lanes) {
        __m256 const low = _mm256_loadu_ps(block);
        __m256 const high = _mm256_loadu_ps(block + half_lanes);
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 4; ++j) {
            __m256 const value = _mm256_set1_ps(vectors[j * dimensions + i]);
            sums[j][0] = _mm256_fmadd_ps(value, low, sums[j][0]);
            sums[j][1] = _mm256_fmadd_ps(value, high, sums[j][1]);
        }
    }
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j)
        for (std::size_t half = 0; half < 2; ++half)
            _mm256_storeu_ps(products + j * lanes + half * half_lanes, sums[j][half]);
}

STEWARD_AVX2 std::uint32_t nearer(const std::int32_t *sums, const float *scales, const float *squares,
                                  Line line, float least, float *nearness) noexcept {
    std::uint32_t found = 0;
    for (std::size_t half = 0; half < lanes; half += half_lanes) {
        __m256 near = _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(sums + half)));
        near = _mm256_fmadd_ps(near, _mm256_set1_ps(line.of_sum), _mm256_set1_ps(line.constant));
        near = _mm256_mul_ps(near, _mm256_loadu_ps(scales + half));
        if (squares != nullptr)
            near = _mm256_sub_ps(near, _mm256_loadu_ps(squares + half));
        _mm256_storeu_ps(nearness + half, near);
        auto const mask = _mm256_movemask_ps(_mm256_cmp_ps(near, _mm256_set1_ps(least), _CMP_GT_OQ));
        found |= static_cast<std::uint32_t>(mask) << half;
    }
    return found;
}

STEWARD_AVX2 void keep_nearest(const float *products, const float *less, std::uint32_t first, float *most,
                               std::uint32_t *at) noexcept {
    for (std::size_t half = 0; half < lanes; half += half_lanes) {
        __m256 const near = _mm256_sub_ps(_mm256_loadu_ps(products + half), _mm256_loadu_ps(less + half));
        __m256 const nearer = _mm256_cmp_ps(near, _mm256_loadu_ps(most + half), _CMP_GT_OQ);
        _mm256_maskstore_ps(most + half, _mm256_castps_si256(nearer), near);
        _mm256_maskstore_epi32(reinterpret_cast<int *>(at + half), _mm256_castps_si256(nearer),
                               _mm256_set1_epi32(static_cast<int>(first)));
    }
}

STEWARD_AVX2 __m256i four_of(const std::int8_t *query) noexcept {
    std::int32_t four = 0;
    std::memcpy(&four, query, sizeof four);
    return _mm256_set1_epi32(four);
}

/// Sums of four products each, of codes below 16: these fit into 16 bits.
STEWARD_AVX2 __m256i products(__m256i codes, __m256i query) noexcept {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, query), _mm256_set1_epi16(1));
}

struct Halves {
    __m256i low;
    __m256i high;
};

STEWARD_AVX2 Halves halves_of(const std::uint8_t *codes) noexcept {
    __m256i const half = _mm256_set1_epi8(15);
    __m256i const both = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes));
    return {_mm256_and_si256(both, half), _mm256_and_si256(_mm256_srli_epi16(both, 4), half)};
}

STEWARD_AVX2 void store(std::int32_t *sums, __m256i value) noexcept {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(sums), value);
}

STEWARD_AVX2 void scan1(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                        std::int32_t *sums) noexcept {
    __m256i const lowest = _mm256_set1_epi8(1);
    __m256i all[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 32)
        for (std::size_t j = 0; j < 2; ++j) {
            __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes + j * group_bytes / 2));
            for (std::size_t i = 0; i < 8; ++i, bits = _mm256_srli_epi16(bits, 1))
                all[j] = _mm256_add_epi32(all[j],
                                          products(_mm256_and_si256(bits, lowest), four_of(query + 4 * i)));
        }
    store(sums, all[0]);
    store(sums + half_lanes, all[1]);
}

STEWARD_AVX2 void scan4(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                        std::int32_t *sums) noexcept {
    __m256i all[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 8)
        for (std::size_t j = 0; j < 2; ++j) {
            Halves const code = halves_of(codes + j * group_bytes / 2);
            all[j] = _mm256_add_epi32(all[j], products(code.low, four_of(query)));
            all[j] = _mm256_add_epi32(all[j], products(code.high, four_of(query + 4)));
        }
    store(sums, all[0]);
    store(sums + half_lanes, all[1]);
}

/// As two halves of a byte: whole ones would not fit into 16 bits.
STEWARD_AVX2 void scan8(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                        std::int32_t *sums) noexcept {
    __m256i low[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i high[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 4)
        for (std::size_t j = 0; j < 2; ++j) {
            Halves const code = halves_of(codes + j * group_bytes / 2);
            low[j] = _mm256_add_epi32(low[j], products(code.low, four_of(query)));
            high[j] = _mm256_add_epi32(high[j], products(code.high, four_of(query)));
        }
    for (std::size_t j = 0; j < 2; ++j)
        store(sums + j * half_lanes, _mm256_add_epi32(low[j], _mm256_slli_epi32(high[j], 4)));
}

} // namespace

const Kernels *avx2_kernels() noexcept {
    static constexpr Kernels half{
        "avx2", dot, squared_distance, dot_block, dot_block4, keep_nearest, nearer, scan1, scan4, scan8};
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &half : nullptr;
}

} // namespace steward::core

#else

const steward::core::Kernels *steward::core::avx2_kernels() noexcept {
    return nullptr;
}

#endif
