// Vectors in few bits a dimension, and what a query makes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/vector/kernels.hpp"

namespace steward::core {

/// How codes are made: so many bits for each dimension of a rotated vector.
struct CodeFormat {
    std::size_t dimensions;
    int bits; ///< 4 or 8

    std::size_t dimensions_per_group() const noexcept { return bits == 4 ? 8 : 4; }
    std::size_t groups() const noexcept {
        return (dimensions + dimensions_per_group() - 1) / dimensions_per_group();
    }
    int levels() const noexcept { return 1 << bits; }
};

/// Four bytes of each group, and the length that makes sums of them products. The level in the middle is 0.
struct Code {
    std::vector<std::uint32_t> words; ///< one a group
    float scale;                      ///< product with a vector y = scale * sum of (level - middle) * y
};

/// The code of a rotated vector. Its grid is as fine as suits it best; the scale makes the product of the
/// vector with itself exact, and that with others right in the mean. Source: Gao, Long, "RaBitQ", SIGMOD
/// 2024; Gao et al., "Practical and Asymptotically Optimal Quantization", 2024.
void encode(CodeFormat format, const float *vector, Code &code);

/// Writes a code into a lane of interleaved groups.
void put_lane(std::uint8_t *groups, std::size_t lane, std::span<const std::uint32_t> words) noexcept;

/// A query in 8 bits a dimension, once for all codes.
class CodedQuery {
  public:
    CodedQuery(CodeFormat format, const float *vector);

    const std::int8_t *levels() const noexcept { return levels_.data(); }

    /// How the kernels make a product of a sum, before the scale of the vector; `factor` times as large.
    Line line(float factor) const noexcept { return {factor * scale_, -factor * scale_ * offset_}; }

    /// The product with a vector, by its sum as the kernels give it, and its scale.
    float product(std::int32_t sum, float scale) const noexcept {
        return scale * scale_ * (static_cast<float>(sum) - offset_);
    }

  private:
    std::vector<std::int8_t> levels_;
    float scale_ = 0;
    float offset_ = 0; ///< the middle of all codes
};

} // namespace steward::core
