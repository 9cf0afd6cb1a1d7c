#include "core/learn/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "core/learn/logistic.hpp"

namespace steward::core {

namespace {

/// log(1 + e^-margin) without overflow
double loss_of(double margin) noexcept {
    return margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
}

/// What Platt's curve is to reach: with few rows nobody knows that a probability is 0 or 1.
struct Targets {
    double yes;
    double no;

    explicit Targets(std::span<const Observed> rows) {
        auto const positive = static_cast<double>(std::ranges::count_if(rows, &Observed::truth));
        auto const negative = static_cast<double>(rows.size()) - positive;
        yes = (positive + 1) / (positive + 2);
        no = 1 / (negative + 2);
    }
    double operator()(bool truth) const noexcept { return truth ? yes : no; }
};

double total_loss(std::span<const Observed> rows, const Targets &targets, double slope, double offset) {
    double sum = 0;
    for (const Observed &row : rows) {
        double const z = slope * row.score + offset;
        double const target = targets(row.truth);
        sum += target * loss_of(z) + (1 - target) * loss_of(-z);
    }
    return sum;
}

/// One step of Newton's method, shortened until it leads down. \return whether it was worth it
bool step(std::span<const Observed> rows, const Targets &targets, double &slope, double &offset,
          double &loss) {
    double g_slope = 0;
    double g_offset = 0;
    double h_slope = 1e-12;
    double h_offset = 1e-12;
    double h_both = 0;
    for (const Observed &row : rows) {
        double const p = probability(slope * row.score + offset);
        double const gradient = p - targets(row.truth);
        double const curvature = p * (1 - p);
        g_slope += gradient * row.score;
        g_offset += gradient;
        h_slope += curvature * row.score * row.score;
        h_offset += curvature;
        h_both += curvature * row.score;
    }
    double const determinant = h_slope * h_offset - h_both * h_both;
    if (std::abs(g_slope) + std::abs(g_offset) < 1e-6 || determinant <= 0)
        return false;
    double const d_slope = -(h_offset * g_slope - h_both * g_offset) / determinant;
    double const d_offset = -(h_slope * g_offset - h_both * g_slope) / determinant;
    for (double length = 1; length > 1e-10; length /= 2) {
        double const there = total_loss(rows, targets, slope + length * d_slope, offset + length * d_offset);
        if (there < loss + 1e-4 * length * (g_slope * d_slope + g_offset * d_offset)) {
            slope += length * d_slope;
            offset += length * d_offset;
            loss = there;
            return true;
        }
    }
    return false;
}

} // namespace

Calibration Calibration::logistic(std::span<const Observed> rows, Stop stop) {
    Calibration curve;
    if (rows.empty())
        return curve;
    Targets const targets(rows);
    double slope = 0;
    double offset =
        std::log(targets.yes / (1 - targets.yes)) / 2 + std::log(targets.no / (1 - targets.no)) / 2;
    double loss = total_loss(rows, targets, slope, offset);
    for (int i = 0; i < 100 && step(rows, targets, slope, offset, loss); ++i)
        stop();                         // some milliseconds a step, where rows are many
    curve.slope = std::max(slope, 0.0); // scores that say the opposite say nothing
    curve.offset =
        slope < 0
            ? std::log(static_cast<double>(std::ranges::count_if(rows, &Observed::truth) + 1) /
                       static_cast<double>(
                           std::ranges::count_if(rows, [](const Observed &row) { return !row.truth; }) + 1))
            : offset;
    return curve;
}

Calibration Calibration::isotonic(std::span<Observed> rows) {
    struct Step {
        double scores;
        double yes;
        double n;
    };
    std::ranges::sort(rows, {}, &Observed::score);
    std::vector<Step> steps;
    for (std::size_t from = 0; from < rows.size();) {
        Step step{0, 0, 0};
        for (double const score = rows[from].score; from < rows.size() && rows[from].score == score; ++from) {
            step.scores += score;
            step.yes += rows[from].truth ? 1 : 0;
            step.n += 1;
        }
        steps.push_back(step);
        while (steps.size() > 1) { // one that is lower than the one before becomes a part of it
            Step const last = steps.back();
            Step &before = steps[steps.size() - 2];
            if (before.yes / before.n <= last.yes / last.n)
                break;
            before = {before.scores + last.scores, before.yes + last.yes, before.n + last.n};
            steps.pop_back();
        }
    }
    Calibration curve;
    double const doubt = 0.5 / static_cast<double>(rows.size() + 1); // 0 and 1 would cost without end
    for (const Step &step : steps)
        curve.points.push_back({step.scores / step.n, std::clamp(step.yes / step.n, doubt, 1 - doubt)});
    return curve;
}

double Calibration::operator()(double score) const noexcept {
    if (points.empty())
        return probability(slope * score + offset);
    auto const right = std::ranges::lower_bound(points, score, {}, &Point::score);
    if (right == points.begin())
        return right->probability;
    if (right == points.end())
        return points.back().probability;
    auto const left = std::prev(right);
    double const share = (score - left->score) / (right->score - left->score);
    return left->probability + share * (right->probability - left->probability);
}

} // namespace steward::core
