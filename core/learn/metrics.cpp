#include "core/learn/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr double least_probability = 1e-15;
constexpr double z_of_five_percent = 1.6448536269514722;

void sort_by_probability(std::span<Judged> rows) {
    std::ranges::sort(rows, {}, &Judged::probability);
}

} // namespace

double area_under_curve(std::span<Judged> rows) {
    sort_by_probability(rows);
    double ranks = 0; // of those that are true; equal ones share the mean of theirs
    double yes = 0;
    for (std::size_t from = 0; from < rows.size();) {
        std::size_t to = from;
        double yes_here = 0;
        for (; to < rows.size() && rows[to].probability == rows[from].probability; ++to)
            yes_here += rows[to].truth ? 1 : 0;
        ranks += yes_here * static_cast<double>(from + to + 1) / 2;
        yes += yes_here;
        from = to;
    }
    double const no = static_cast<double>(rows.size()) - yes;
    return yes == 0 || no == 0 ? 0.5 : (ranks - yes * (yes + 1) / 2) / (yes * no);
}

double log_loss_of(const Judged &row) {
    return -std::log(std::max(row.truth ? row.probability : 1 - row.probability, least_probability));
}

double log_loss(std::span<const Judged> rows) {
    double sum = 0;
    for (const Judged &row : rows)
        sum += log_loss_of(row);
    return rows.empty() ? 0 : sum / static_cast<double>(rows.size());
}

double brier_score(std::span<const Judged> rows) {
    double sum = 0;
    for (const Judged &row : rows)
        sum += (row.probability - (row.truth ? 1 : 0)) * (row.probability - (row.truth ? 1 : 0));
    return rows.empty() ? 0 : sum / static_cast<double>(rows.size());
}

double calibration_error(std::span<Judged> rows, std::size_t groups) {
    sort_by_probability(rows);
    double sum = 0;
    for (std::size_t group = 0; group < groups; ++group) {
        std::size_t const from = rows.size() * group / groups;
        std::size_t const to = rows.size() * (group + 1) / groups;
        double difference = 0;
        for (std::size_t i = from; i < to; ++i)
            difference += rows[i].probability - (rows[i].truth ? 1 : 0);
        sum += std::abs(difference);
    }
    return rows.empty() ? 0 : sum / static_cast<double>(rows.size());
}

Estimate mean_of(std::span<const double> values) {
    auto const n = static_cast<double>(values.size());
    double mean = 0;
    double squares = 0; // of the differences from the mean so far. Source: Welford, 1962
    for (std::size_t i = 0; i < values.size(); ++i) {
        double const before = values[i] - mean;
        mean += before / static_cast<double>(i + 1);
        squares += before * (values[i] - mean);
    }
    double const error = n > 1 ? z_of_five_percent * std::sqrt(squares / (n - 1) / n) : HUGE_VAL;
    return {mean, mean - error, mean + error, values.size()};
}

Estimate log_loss_gained(std::span<const Judged> champion, std::span<const Judged> challenger) {
    if (champion.size() != challenger.size())
        throw Error(ErrorKind::invalid_argument, "the models were judged by different rows");
    std::vector<double> gained(champion.size());
    for (std::size_t i = 0; i < champion.size(); ++i)
        gained[i] = log_loss_of(champion[i]) - log_loss_of(challenger[i]);
    return mean_of(gained);
}

} // namespace steward::core
