#include "core/vector/rotation.hpp"

#include <bit>
#include <cmath>

#include "core/hash.hpp"

namespace steward::core {

namespace {

/// Walsh and Hadamard's transform of a power of two of values, scaled so that lengths stay.
void transform(float *values, std::size_t count) noexcept {
    for (std::size_t half = 1; half < count; half *= 2)
        for (std::size_t start = 0; start < count; start += 2 * half)
            for (std::size_t i = start; i < start + half; ++i) {
                float const a = values[i];
                float const b = values[i + half];
                values[i] = a + b;
                values[i + half] = a - b;
            }
    float const scale = 1 / std::sqrt(static_cast<float>(count));
    for (std::size_t i = 0; i < count; ++i)
        values[i] *= scale;
}

} // namespace

Rotation::Rotation(std::size_t dimensions, std::uint64_t seed)
    : dimensions_(dimensions), power_(std::bit_floor(dimensions)) {
    std::uint64_t state = mix_hash(seed + 1);
    for (std::vector<float> &signs : signs_)
        for (std::size_t i = 0; i < dimensions; ++i)
            signs.push_back((mix_hash(++state) & 1) != 0 ? 1.0F : -1.0F);
}

void Rotation::apply(float *vector) const noexcept {
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < dimensions_; ++i)
            vector[i] *= signs_[round][i];
        transform(round % 2 == 0 ? vector : vector + (dimensions_ - power_), power_);
    }
}

} // namespace steward::core
