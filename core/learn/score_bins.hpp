// How probabilities are spread, and whether they still are so.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace steward::core {

/// Ranges of probabilities, and which share of rows each has.
struct ScoreBins {
    std::vector<float> edges;  ///< in ascending order; a range has its lower edge in it
    std::vector<float> shares; ///< one more than edges; none if nothing is known

    std::size_t bin_of(double probability) const noexcept;
};

/// Ranges with a tenth of the rows each, or fewer where many rows have the same probability. Sorts them.
ScoreBins bins_of(std::span<float> probabilities);

/// Population stability index: how far counts of rows in the ranges are from the shares there were. Below 0.1
/// nothing has changed, above 0.25 much has; by chance alone it is about ranges / rows.
/// Source: Siddiqi, "Credit Risk Scorecards", 2006; Yurdakul, Naranjo, "Statistical Properties of the
/// Population Stability Index", 2020.
double population_stability(const ScoreBins &bins, std::span<const double> counts);

} // namespace steward::core
