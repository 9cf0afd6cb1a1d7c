#include "core/stats/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace steward::core {

namespace {

constexpr std::size_t first_power = 7; // the first bucket ends at 2^7 ns

/// Where bucket `i` begins; the first one as if it were as wide as the others.
double lower_bound(std::size_t i) noexcept {
    return i == 0 ? static_cast<double>(duration_bounds[0]) / std::sqrt(2.0)
                  : static_cast<double>(duration_bounds[i - 1]);
}

} // namespace

std::size_t duration_bucket(std::uint64_t nanoseconds) noexcept {
    if (nanoseconds <= duration_bounds[0])
        return 0;
    // 2^(power) < nanoseconds <= 2^(power + 1): one of two buckets.
    auto const power = static_cast<std::size_t>(std::bit_width(nanoseconds - 1)) - 1;
    std::size_t const lower = 2 * (power - first_power) + 1;
    if (lower >= duration_buckets - 1)
        return duration_buckets - 1;
    return nanoseconds <= duration_bounds[lower] ? lower : lower + 1;
}

double duration_quantile(std::span<const std::uint64_t, duration_buckets> counts, double q) noexcept {
    std::uint64_t const total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    if (total == 0)
        return std::numeric_limits<double>::quiet_NaN();
    double const share = q > 0.0 ? std::min(q, 1.0) : 0.0;
    double const rank = std::max(1.0, std::ceil(share * static_cast<double>(total)));
    double before = 0.0;
    std::size_t bucket = 0;
    while (bucket < duration_buckets - 1 && before + static_cast<double>(counts[bucket]) < rank)
        before += static_cast<double>(counts[bucket++]);
    double const lower = lower_bound(bucket);
    if (bucket == duration_buckets - 1)
        return lower;
    double const upper = static_cast<double>(duration_bounds[bucket]);
    double const part = (rank - before) / static_cast<double>(counts[bucket]);
    return lower * std::pow(upper / lower, part);
}

} // namespace steward::core
