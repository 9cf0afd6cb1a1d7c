// The inner loops of vector search: chosen for the processor once, the same results whichever is chosen.
#pragma once

#include <cstddef>
#include <cstdint>

namespace steward::core {

/// So many vectors are scanned side by side.
inline constexpr std::size_t lanes = 16;

/// Codes of as many vectors as there are lanes lie interleaved, 64 bytes a group: four bytes of each lane.
/// With 4 bits a dimension these are 8 dimensions, the low halves of the bytes being the first four of them;
/// with 8 bits they are 4.
inline constexpr std::size_t group_bytes = 64;

struct Kernels {
    const char *name;

    /// Sum of products.
    float (*dot)(const float *a, const float *b, std::size_t dimensions) noexcept;

    /// Sum of squares of differences.
    float (*squared_distance)(const float *a, const float *b, std::size_t dimensions) noexcept;

    /// Products of one vector with those of a block, which has dimension by dimension the value of each lane.
    void (*dot_block)(const float *vector, const float *block, std::size_t dimensions,
                      float *products) noexcept;

    /// Sums of products of codes from 0 to 15 with a query, 8 dimensions a group.
    void (*scan4)(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                  std::int32_t *sums) noexcept;

    /// The same of codes from 0 to 255, 4 dimensions a group.
    void (*scan8)(const std::uint8_t *codes, const std::int8_t *query, std::size_t groups,
                  std::int32_t *sums) noexcept;
};

/// For any processor.
const Kernels &portable_kernels() noexcept;
/// For those that have AVX2 and FMA, or AVX-512 with VNNI; null if this one has not.
const Kernels *avx2_kernels() noexcept;
const Kernels *avx512_kernels() noexcept;

/// The fastest that this processor can run.
const Kernels &kernels() noexcept;

} // namespace steward::core
