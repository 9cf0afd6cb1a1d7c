// Durations in buckets: where one falls, where each ends, and the quantiles that can be read back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace steward::core {

inline constexpr std::size_t duration_buckets = 64;

/// Largest duration of each bucket, in nanoseconds: 128 * 2^(i/2), rounded down, so that bucket i holds
/// bound[i-1] < duration <= bound[i] and two buckets make a power of two. The first one also holds all that
/// is shorter; the last has no end. From 128 ns, what a look at the clock itself takes a part of, to 275 s,
/// which no call should take. The layout is our own; inclusive upper bounds are what Prometheus calls `le`.
inline constexpr std::array<std::uint64_t, duration_buckets> duration_bounds = [] {
    constexpr double root = 181.01933598375617; // 128 * sqrt(2)
    std::array<std::uint64_t, duration_buckets> bounds{};
    for (std::size_t i = 0; i < duration_buckets; ++i) {
        auto const power = std::uint64_t{1} << (i / 2);
        bounds[i] = i % 2 == 0 ? 128 * power : static_cast<std::uint64_t>(root * static_cast<double>(power));
    }
    bounds.back() = UINT64_MAX;
    return bounds;
}();

/// Those ends that are shown as series of a metric: powers of two only, half of them are enough.
constexpr bool is_bucket_shown(std::size_t bucket) noexcept {
    return bucket % 2 == 0 || bucket == duration_buckets - 1;
}

/// Where a bucket ends, in seconds.
constexpr double bucket_seconds(std::size_t bucket) noexcept {
    return bucket == duration_buckets - 1 ? std::numeric_limits<double>::infinity()
                                          : static_cast<double>(duration_bounds[bucket]) / 1e9;
}

/// The bucket of a duration in nanoseconds.
std::size_t duration_bucket(std::uint64_t nanoseconds) noexcept;

/// Estimates the duration in nanoseconds that the share `q` (0..1, cut to that) of the observations does not
/// exceed: the ceil(q * n)-th smallest one. Inside its bucket the observations are taken to lie evenly on a
/// logarithmic scale. The estimate stays in the bucket of the true value, so it is wrong by at most a factor
/// of sqrt(2) between 91 ns and 275 s; shorter durations are read as more than 90 ns, longer ones as 275 s.
/// Not a number if there are no observations.
double duration_quantile(std::span<const std::uint64_t, duration_buckets> counts, double q) noexcept;

} // namespace steward::core
