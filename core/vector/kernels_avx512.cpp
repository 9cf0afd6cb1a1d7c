// Processors with AVX-512 and VNNI: since Ice Lake and Zen 4.
#include "core/vector/kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#define STEWARD_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,fma")))

namespace steward::core {

namespace {

STEWARD_AVX512 __mmask16 tail_of(std::size_t count) noexcept {
    return static_cast<__mmask16>((1U << count) - 1);
}

/// The compiler's own sums and casts warn of a value that they leave undefined (gcc 12).
STEWARD_AVX512 float sum_of(__m512 sums) noexcept {
    __m256 const low = _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(sums), 0));
    __m256 const high = _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(sums), 1));
    __m256 const eight = _mm256_add_ps(low, high);
    __m128 const four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 const two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

STEWARD_AVX512 float dot(const float *a, const float *b, std::size_t dimensions) noexcept {
    __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    std::size_t i = 0;
    for (; i + 2 * lanes <= dimensions; i += 2 * lanes) {
        sums[0] = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), sums[0]);
        sums[1] = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + lanes), _mm512_loadu_ps(b + i + lanes), sums[1]);
    }
    for (; i < dimensions; i += lanes) {
        __mmask16 const some = dimensions - i >= lanes ? tail_of(lanes) : tail_of(dimensions - i);
        sums[0] =
            _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, a + i), _mm512_maskz_loadu_ps(some, b + i), sums[0]);
    }
    return sum_of(_mm512_add_ps(sums[0], sums[1]));
}

STEWARD_AVX512 float squared_distance(const float *a, const float *b, std::size_t dimensions) noexcept {
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t i = 0; i < dimensions; i += lanes) {
        __mmask16 const some = dimensions - i >= lanes ? tail_of(lanes) : tail_of(dimensions - i);
        __m512 const difference =
            _mm512_sub_ps(_mm512_maskz_loadu_ps(some, a + i), _mm512_maskz_loadu_ps(some, b + i));
        sum = _mm512_fmadd_ps(difference, difference, sum);
    }
    return sum_of(sum);
}

/// In four sums, since each takes four cycles.
STEWARD_AVX512 void dot_block(const float *vector, const float *block, std::size_t dimensions,
                              float *products) noexcept {
    __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    std::size_t i = 0;
    for (; i + 4 <= dimensions; i += 4)
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 4; ++j)
            sums[j] = _mm512_fmadd_ps(_mm512_set1_ps(vector[i + j]), _mm512_loadu_ps(block + (i + j) * lanes),
                                      sums[j]);
    for (; i < dimensions; ++i)
        sums[0] = _mm512_fmadd_ps(_mm512_set1_ps(vector[i]), _mm512_loadu_ps(block + i * lanes), sums[0]);
    _mm512_storeu_ps(products,
                     _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

/// Each part of the block is loaded once for all four; even and odd dimensions in sums of their own.
STEWARD_AVX512 void dot_block4(const float *vectors, const float *block, std::size_t dimensions,
                               float *products) noexcept {
    __m512 sums[2][4];
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j)
        sums[0][j] = sums[1][j] = _mm512_setzero_ps();
    std::size_t i = 0;
    for (; i + 2 <= dimensions; i += 2) {
        __m512 const even = _mm512_loadu_ps(block + i * lanes);
        __m512 const odd = _mm512_loadu_ps(block + (i + 1) * lanes);
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 4; ++j) {
            sums[0][j] = _mm512_fmadd_ps(_mm512_set1_ps(vectors[j * dimensions + i]), even, sums[0][j]);
            sums[1][j] = _mm512_fmadd_ps(_mm512_set1_ps(vectors[j * dimensions + i + 1]), odd, sums[1][j]);
        }
    }
    for (; i < dimensions; ++i)
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 4; ++j)
            sums[0][j] = _mm512_fmadd_ps(_mm512_set1_ps(vectors[j * dimensions + i]),
                                         _mm512_loadu_ps(block + i * lanes), sums[0][j]);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j)
        _mm512_storeu_ps(products + j * lanes, _mm512_add_ps(sums[0][j], sums[1][j]));
}

STEWARD_AVX512 std::uint32_t nearer(const std::int32_t *sums, const float *scales, const float *squares,
                                    Line line, float least, float *nearness) noexcept {
    __m512 near = _mm512_maskz_cvtepi32_ps(tail_of(lanes), _mm512_loadu_si512(sums));
    near = _mm512_fmadd_ps(near, _mm512_set1_ps(line.of_sum), _mm512_set1_ps(line.constant));
    near = _mm512_mul_ps(near, _mm512_loadu_ps(scales));
    if (squares != nullptr)
        near = _mm512_sub_ps(near, _mm512_loadu_ps(squares));
    _mm512_storeu_ps(nearness, near);
    return _mm512_cmp_ps_mask(near, _mm512_set1_ps(least), _CMP_GT_OQ);
}

STEWARD_AVX512 void keep_nearest(const float *products, const float *less, std::uint32_t first, float *most,
                                 std::uint32_t *at) noexcept {
    __m512 const near = _mm512_sub_ps(_mm512_loadu_ps(products), _mm512_loadu_ps(less));
    __mmask16 const nearer = _mm512_cmp_ps_mask(near, _mm512_loadu_ps(most), _CMP_GT_OQ);
    _mm512_mask_storeu_ps(most, nearer, near);
    _mm512_mask_storeu_epi32(at, nearer, _mm512_set1_epi32(static_cast<int>(first)));
}

STEWARD_AVX512 __m512i four_of(const std::int8_t *query) noexcept {
    std::int32_t four = 0;
    std::memcpy(&four, query, sizeof four);
    return _mm512_set1_epi32(four);
}

STEWARD_AVX512 void scan1(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                          std::int32_t *sums) noexcept {
    __m512i const lowest = _mm512_set1_epi8(1);
    __m512i all = _mm512_setzero_si512();
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes) {
        __m512i bits = _mm512_loadu_si512(codes);
        for (std::size_t i = 0; i < 8; ++i, query += 4, bits = _mm512_srli_epi16(bits, 1))
            all = _mm512_dpbusd_epi32(all, _mm512_and_si512(bits, lowest), four_of(query));
    }
    _mm512_storeu_si512(sums, all);
}

STEWARD_AVX512 void scan4(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                          std::int32_t *sums) noexcept {
    __m512i const half = _mm512_set1_epi8(15);
    __m512i low = _mm512_setzero_si512();
    __m512i high = _mm512_setzero_si512();
    for (std::size_t group = 0; group < groups; ++group, codes += group_bytes, query += 8) {
        __m512i const both = _mm512_loadu_si512(codes);
        low = _mm512_dpbusd_epi32(low, _mm512_and_si512(both, half), four_of(query));
        high =
            _mm512_dpbusd_epi32(high, _mm512_and_si512(_mm512_srli_epi16(both, 4), half), four_of(query + 4));
    }
    _mm512_storeu_si512(sums, _mm512_add_epi32(low, high));
}

STEWARD_AVX512 void scan8(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                          std::int32_t *sums) noexcept {
    __m512i even = _mm512_setzero_si512();
    __m512i odd = _mm512_setzero_si512();
    std::size_t group = 0;
    for (; group + 2 <= groups; group += 2, codes += 2 * group_bytes, query += 8) {
        even = _mm512_dpbusd_epi32(even, _mm512_loadu_si512(codes), four_of(query));
        odd = _mm512_dpbusd_epi32(odd, _mm512_loadu_si512(codes + group_bytes), four_of(query + 4));
    }
    if (group < groups)
        even = _mm512_dpbusd_epi32(even, _mm512_loadu_si512(codes), four_of(query));
    _mm512_storeu_si512(sums, _mm512_add_epi32(even, odd));
}

} // namespace

const Kernels *avx512_kernels() noexcept {
    static constexpr Kernels wide{
        "avx512", dot, squared_distance, dot_block, dot_block4, keep_nearest, nearer, scan1, scan4, scan8};
    bool const can = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") &&
                     __builtin_cpu_supports("fma");
    return can ? &wide : nullptr;
}

} // namespace steward::core

#else

const steward::core::Kernels *steward::core::avx512_kernels() noexcept {
    return nullptr;
}

#endif
