// From scores to probabilities that come true as often as they say.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/stop.hpp"

namespace steward::core {

/// The score of a row that the model has not learnt from, and what is true of it.
struct Observed {
    double score;
    bool truth;
};

/// From so many rows on a curve of steps is better than one of two parameters.
inline constexpr std::size_t isotonic_rows = 2000;

/// A curve from scores to probabilities that never falls: a logistic one, or one through points.
class Calibration {
  public:
    /// 1 / (1 + e^-score), as the model was made for.
    Calibration() = default;

    /// The logistic curve that fits best, with targets a little inside of 0 and 1.
    /// Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999, by the algorithm of Lin, Lin
    /// and Weng, Machine Learning 68, 2007.
    static Calibration logistic(std::span<const Observed> rows, Stop stop = Stop{});

    /// The curve of all that never fall that fits best, straight between the middles of its steps. Sorts the
    /// rows. Source: Ayer et al. 1955 (pool adjacent violators); Zadrozny, Elkan, KDD 2002.
    static Calibration isotonic(std::span<Observed> rows);

    double operator()(double score) const noexcept;

    struct Point {
        double score;
        double probability;
    };
    double slope = 1;
    double offset = 0;
    std::vector<Point> points; ///< if there are any, they are the curve
};

} // namespace steward::core
