// A random rotation that takes n log n steps: after it no dimension says more than another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace steward::core {

/// Signs are flipped at random, and Hadamard transforms applied to the first and to the last dimensions, as
/// many as a power of two has; twice. Lengths and angles stay. Source: Ailon, Chazelle, "The Fast
/// Johnson-Lindenstrauss Transform", 2009; for any number of dimensions by two transforms that overlap, as
/// Andoni et al., NIPS 2015, do it for powers of two.
class Rotation {
  public:
    Rotation(std::size_t dimensions, std::uint64_t seed);

    std::size_t dimensions() const noexcept { return dimensions_; }

    /// In place.
    void apply(float *vector) const noexcept;

  private:
    static constexpr std::size_t rounds = 4;

    std::size_t dimensions_;
    std::size_t power_;                ///< the largest power of two that is no more than the dimensions
    std::vector<float> signs_[rounds]; ///< 1 or -1
};

} // namespace steward::core
