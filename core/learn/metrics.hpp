// How good probabilities are, on rows that were kept aside.
#pragma once

#include <cstddef>
#include <span>

namespace steward::core {

/// What was predicted of a row, and what is true.
struct Judged {
    double probability;
    bool truth;
};

/// The probability that a row which is true has a higher prediction than one which is not; equal ones count
/// half. 0.5 where all rows are alike. Sorts the rows.
/// Source: Mann, Whitney 1947; Hanley, McNeil, "The Meaning and Use of the Area under a ROC Curve", 1982.
double area_under_curve(std::span<Judged> rows);

/// The mean of -log of the probability of what is true; probabilities count as at least 1e-15.
double log_loss(std::span<const Judged> rows);
double log_loss_of(const Judged &row);

/// The mean of the squared difference. Source: Brier, 1950.
double brier_score(std::span<const Judged> rows);

/// By how much predictions differ from how often they come true: the mean over groups of rows with like
/// predictions, as many rows in each. Sorts the rows.
/// Source: Naeini, Cooper, Hauskrecht, AAAI 2015, with groups of equal size.
double calibration_error(std::span<Judged> rows, std::size_t groups = 10);

/// A mean and the bounds that it lies between with a probability of 90 %: below each with 5 %.
struct Estimate {
    double mean;
    double low;
    double high;
    std::size_t n;
};

/// The mean of values, and the bounds that it lies between.
Estimate mean_of(std::span<const double> values);

/// How much less one model loses than another, row by row on the same rows: positive if the challenger is
/// better. Pairs cancel out what is hard about a row, which two means do not.
Estimate log_loss_gained(std::span<const Judged> champion, std::span<const Judged> challenger);

} // namespace steward::core
