// The inner loops of vector search: chosen for the processor once, the same results whichever is chosen.
#pragma once

#include <cstddef>
#include <cstdint>

namespace steward::core {

/// So many vectors are scanned side by side.
inline constexpr std::size_t lanes = 16;

/// Codes of as many vectors as there are lanes lie interleaved, 64 bytes a group: four bytes of each lane.
/// With 4 bits a dimension these are 8 dimensions, the low halves of the bytes being the first four of them;
/// with 8 bits they are 4, and with one bit 32, the lowest bits of the bytes being the first four of them.
inline constexpr std::size_t group_bytes = 64;

/// From sums to products.
struct Line {
    float of_sum;
    float constant;
};

/// Sums of products of codes with a query, group by group.
using ScanCodes = void (*)(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                           std::int32_t *sums) noexcept;

struct Kernels {
    const char *name;

    /// Sum of products.
    float (*dot)(const float *a, const float *b, std::size_t dimensions) noexcept;

    /// Sum of squares of differences.
    float (*squared_distance)(const float *a, const float *b, std::size_t dimensions) noexcept;

    /// Products of one vector with those of a block, which has dimension by dimension the value of each lane.
    void (*dot_block)(const float *vector, const float *block, std::size_t dimensions,
                      float *products) noexcept;

    /// The same of four vectors that follow one another: their products with the block, one vector after the
    /// other.
    void (*dot_block4)(const float *vectors, const float *block, std::size_t dimensions,
                       float *products) noexcept;

    /// Keeps for each lane the nearest so far, and where its block began: products less something are
    /// nearness.
    void (*keep_nearest)(const float *products, const float *less, std::uint32_t first, float *most,
                         std::uint32_t *at) noexcept;

    /// Which lanes are nearer than some nearness, a bit each. That of a lane is its scale * (sum * of_sum +
    /// constant), less its square if there are squares.
    std::uint32_t (*nearer)(const std::int32_t *sums, const float *scales, const float *squares, Line line,
                            float least, float *nearness) noexcept;

    ScanCodes scan1; ///< of 0 or 1, 32 dimensions a group
    ScanCodes scan4; ///< of 0 to 15, 8 dimensions a group
    ScanCodes scan8; ///< of 0 to 255, 4 dimensions a group

    ScanCodes scan(int bits) const noexcept { return bits == 1 ? scan1 : bits == 4 ? scan4 : scan8; }
};

/// For any processor.
const Kernels &portable_kernels() noexcept;
/// For those that have AVX2 and FMA, or AVX-512 with VNNI; null if this one has not.
const Kernels *avx2_kernels() noexcept;
const Kernels *avx512_kernels() noexcept;

/// The fastest that this processor can run.
const Kernels &kernels() noexcept;

} // namespace steward::core
