// Vectors in few bits a dimension, and what a query makes of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/vector/kernels.hpp"

namespace steward::core {

/// How codes are made: so many bits for each dimension of a rotated vector; or a byte, of which so many bits
/// are used, for each of some parts of the vector.
struct CodeFormat {
    std::size_t dimensions;
    int bits;              ///< 1, 4 or 8; of a part 1 to 8
    std::size_t parts = 0; ///< 0 for every dimension by itself

    std::size_t dimensions_per_group() const noexcept { return 32 / static_cast<std::size_t>(bits); }
    std::size_t groups() const noexcept {
        return parts > 0 ? (parts + 3) / 4
                         : (dimensions + dimensions_per_group() - 1) / dimensions_per_group();
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

/// The code in a lane of interleaved groups.
void take_lane(const std::uint8_t *groups, std::size_t lane, std::span<std::uint32_t> words) noexcept;

/// The vector that a code stands for.
void decode(CodeFormat format, const Code &code, float *vector) noexcept;

class Codebook;

/// A query in 8 bits a dimension, or its products with the values of a codebook, once for all codes.
class CodedQuery {
  public:
    CodedQuery(CodeFormat format, const float *vector);
    CodedQuery(CodeFormat format, const Codebook &book, const float *vector);

    /// Sums for some groups of a frame, of which `first` is the first.
    void scan(const std::uint8_t *codes, std::size_t first, std::size_t groups,
              std::int32_t *sums) const noexcept {
        if (products_.empty())
            scan_(codes, levels_.data() + first * format_.dimensions_per_group(), groups, sums);
        else
            look_up(codes, first, groups, sums);
    }

    /// How the kernels make a product of a sum, before the scale of the vector; `factor` times as large.
    Line line(float factor) const noexcept { return {factor * scale_, -factor * scale_ * offset_}; }

    /// The product with a vector, by its sum, and its scale.
    float product(std::int32_t sum, float scale) const noexcept {
        return scale * scale_ * (static_cast<float>(sum) - offset_);
    }

  private:
    void look_up(const std::uint8_t *codes, std::size_t first, std::size_t groups,
                 std::int32_t *sums) const noexcept;

    CodeFormat format_;
    ScanCodes scan_;
    std::vector<std::int8_t> levels_;
    std::vector<std::int32_t> products_; ///< 256 for each part, as whole numbers
    float scale_ = 0;
    float offset_ = 0; ///< the middle of all codes
};

} // namespace steward::core
