// Vectors as one of some typical values for each part of them: a byte for several dimensions.
#pragma once

#include "core/stop.hpp"
#include "core/vector/codes.hpp"

namespace steward::core {

/// The typical values. Source: Jegou, Douze, Schmid, "Product Quantization for Nearest Neighbor Search", PAMI
/// 33(1), 2011.
class Codebook {
  public:
    /// None.
    Codebook() = default;

    /// `values`: for each part as many as the format has levels, each as wide as the part.
    Codebook(CodeFormat format, std::vector<float> values);

    /// Those of vectors that follow one another. The same vectors give the same.
    static Codebook learn(CodeFormat format, std::span<const float> vectors, std::uint64_t seed,
                          Stop stop = Stop{});

    bool is_there() const noexcept { return !values_.empty(); }
    std::span<const float> values() const noexcept { return values_; }

    /// The scale makes the product of the vector with itself exact.
    void encode(const float *vector, Code &code) const;
    void decode(const Code &code, float *vector) const noexcept;

    /// The products of parts of a vector with their values, part by part.
    std::vector<float> products(const float *vector) const;

  private:
    std::size_t begin(std::size_t part) const noexcept { return part * format_.dimensions / format_.parts; }
    std::size_t width(std::size_t part) const noexcept { return begin(part + 1) - begin(part); }
    const float *value(std::size_t part, std::size_t level) const noexcept {
        auto const levels = static_cast<std::size_t>(format_.levels());
        return values_.data() + begin(part) * levels + level * width(part);
    }
    std::size_t nearest(std::size_t part, const float *vector) const noexcept;

    CodeFormat format_{};
    std::vector<float> values_;
};

} // namespace steward::core
