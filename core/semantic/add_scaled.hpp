// Sums of vectors.
#pragma once

#include <cstddef>

namespace steward::core {

/// Adds `factor` times one vector to another. Eight at a time, which compilers make into instructions for
/// several numbers.
inline void add_scaled(float *__restrict into, const float *__restrict from, float factor,
                       std::size_t count) noexcept {
    constexpr std::size_t step = 8;
    std::size_t i = 0;
    for (; i + step <= count; i += step)
        for (std::size_t j = 0; j < step; ++j)
            into[i + j] += factor * from[i + j];
    for (; i < count; ++i)
        into[i] += factor * from[i];
}

} // namespace steward::core
