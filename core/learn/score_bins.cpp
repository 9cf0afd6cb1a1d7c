#include "core/learn/score_bins.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace steward::core {

namespace {

constexpr std::size_t most_bins = 10;
constexpr double least_share = 1e-3; ///< as if a range were never quite empty

} // namespace

std::size_t ScoreBins::bin_of(double probability) const noexcept {
    return static_cast<std::size_t>(std::ranges::upper_bound(edges, static_cast<float>(probability)) -
                                    edges.begin());
}

ScoreBins bins_of(std::span<float> probabilities) {
    ScoreBins bins;
    if (probabilities.empty())
        return bins;
    std::ranges::sort(probabilities);
    for (std::size_t i = 1; i < most_bins; ++i) {
        float const edge = probabilities[probabilities.size() * i / most_bins];
        if (edge > probabilities.front() && (bins.edges.empty() || edge > bins.edges.back()))
            bins.edges.push_back(edge);
    }
    bins.shares.resize(bins.edges.size() + 1);
    for (float const probability : probabilities)
        bins.shares[bins.bin_of(static_cast<double>(probability))] += 1;
    for (float &share : bins.shares)
        share /= static_cast<float>(probabilities.size());
    return bins;
}

double population_stability(const ScoreBins &bins, std::span<const double> counts) {
    double const rows = std::accumulate(counts.begin(), counts.end(), 0.0);
    if (rows <= 0 || counts.size() != bins.shares.size())
        return 0;
    double sum = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        double const before = std::max(static_cast<double>(bins.shares[i]), least_share);
        double const now = std::max(counts[i] / rows, least_share);
        sum += (now - before) * std::log(now / before);
    }
    return sum;
}

} // namespace steward::core
