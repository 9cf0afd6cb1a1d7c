// What a count of events says of how probable they are.
#pragma once

#include <cstdint>

namespace steward::core {

/// The upper end of the one-sided interval for a probability, of such confidence, after `events` in `trials`:
/// in so large a share of all cases the probability is not above it. `events` <= `trials`, 0 < `confidence` <
/// 1; 1 where there was no trial.
///
/// Source: Clopper, Pearson, "The use of confidence or fiducial limits illustrated in the case of the
/// binomial", Biometrika 26, 1934.
double probability_upper_bound(std::uint64_t events, std::uint64_t trials, double confidence);

/// The regularised incomplete beta function, a and b positive, 0 <= x <= 1.
double incomplete_beta(double a, double b, double x);

} // namespace steward::core
