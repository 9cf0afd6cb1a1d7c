// The weights that are best, not almost so.
#pragma once

#include "core/learn/logistic.hpp"

namespace steward::core {

struct ExactOptions {
    double strength = 1; ///< of what rows say against short weights: C, as others name it
    int iterations = 200;
    double tolerance = 1e-4; ///< of the gradient, as a share of the first one
};

/// Minimizes |w|^2 / 2 + strength * (sum of the losses of all rows) for each head by itself, so that memory
/// is for one: some twenty numbers for each place. The bias counts as a weight.
/// Source: Liu, Nocedal, "On the Limited Memory BFGS Method for Large Scale Optimization", Mathematical
/// Programming 45, 1989; line search by Armijo's rule. What is known of the curvature at first is that of
/// each weight by itself, at 0: features of any size do.
LinearModel train_exact(Examples &examples, std::uint32_t places, std::uint32_t heads, ExactOptions options,
                        Stop stop = Stop{});

} // namespace steward::core
