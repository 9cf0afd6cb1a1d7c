// How far vectors are from one another.
#pragma once

#include <cstddef>
#include <cstdint>

namespace steward::core {

enum class Metric : std::uint8_t {
    cosine,        ///< 1 - cosine of the angle
    l2,            ///< length of the difference
    inner_product, ///< the product, negative, so that less is nearer
};

/// The distance of two vectors. NaN by the cosine if one has no direction.
double distance(Metric metric, const float *a, const float *b, std::size_t dimensions) noexcept;

/// Makes a vector as long as 1, and returns how long it was; nothing is done to one without a direction.
float normalize(float *vector, std::size_t dimensions) noexcept;

} // namespace steward::core
