#include "core/learn/survey.hpp"

#include <algorithm>
#include <cmath>

namespace steward::core {

namespace {

constexpr std::size_t rows_per_stop = 256;
constexpr double number_unit =
    0.1; ///< a deviation, beside words of about 0.1: a first step is the same for all

/// Mean and variance. Source: Welford, 1962.
struct Moments {
    double n = 0;
    double mean = 0;
    double squares = 0;

    void add(double value) noexcept {
        n += 1;
        double const before = value - mean;
        mean += before / n;
        squares += before * (value - mean);
    }
};

NumberScale scale_from(std::uint32_t place, const Moments &moments) {
    double const deviation = std::sqrt(moments.squares / std::max(moments.n, 1.0));
    bool const varies = deviation > 1e-6 * (1 + std::abs(moments.mean));
    return {place, static_cast<float>(moments.mean),
            varies ? static_cast<float>(number_unit / deviation) : 0.0F};
}

} // namespace

Survey survey(Examples &rows, std::size_t heads, Stop stop) {
    Survey found{std::vector<double>(heads), {}, std::vector<float>(input_places), 0};
    std::vector<Moments> moments(input_places - word_places);
    rows.rewind();
    Example row{};
    for (; rows.next(row); ++found.rows) {
        if (found.rows % rows_per_stop == 0)
            stop();
        for (const Feature &feature : row.features)
            if (is_number_place(feature.place))
                moments[feature.place - word_places].add(static_cast<double>(feature.value));
            else
                found.energy[feature.place] += feature.value * feature.value;
        for (std::size_t head = 0; head < heads; ++head)
            found.shares[head] += row.truths[head] == Truth::yes ? 1 : 0;
    }
    for (double &share : found.shares)
        share /= std::max(1.0, static_cast<double>(found.rows));
    for (std::uint32_t i = 0; i < moments.size(); ++i)
        if (moments[i].n > 0) {
            found.scales.push_back(scale_from(word_places + i, moments[i]));
            found.energy[word_places + i] =
                found.scales.back().per_unit > 0 ? static_cast<float>(moments[i].n) : 0.0F;
        }
    return found;
}

} // namespace steward::core
