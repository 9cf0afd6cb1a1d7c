// Which of several strategies to try: each as often as it may be the best, by what is known of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/stop.hpp"

namespace steward::core {

/// What is known of the share of successes of a strategy: a beta distribution.
struct Belief {
    double successes; ///< and one for what was believed beforehand
    double failures;
    double cost; ///< of a trial, in units of what a success is worth
};

inline constexpr std::size_t most_beliefs = 100;
inline constexpr double least_evidence = 0.05;
inline constexpr double most_evidence = 1e9;

/// How likely it is of each that its success less its cost is the greatest: by how Thompson sampling chooses.
/// Computed by integration, not by drawing, to about 1e-4; they add up to 1. Source: Thompson, Biometrika 25,
/// 1933.
std::vector<double> thompson_odds(std::span<const Belief> beliefs, Stop stop = Stop{});

/// Leaves each at least `floor`, or an even share if that is less, so that whatever is done is known to
/// happen.
void raise_to_floor(std::span<double> odds, double floor) noexcept;

} // namespace steward::core
