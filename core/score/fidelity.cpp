#include "core/score/fidelity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr double penalty_of_appeal = 0.85;
constexpr double least_change = 0.02;
// Means of halves that are 0.02 apart on paper miss that by some units in the last place.
constexpr double tolerated_error = 1e-12;

/// False for NaN.
bool is_share(double value) noexcept {
    return value >= 0.0 && value <= 1.0;
}

std::string of(const FidelityComponent &component) {
    return " of component \"" + std::string(component.name.substr(0, 63)) + "\"";
}

double mean(std::span<const double> values) noexcept {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

} // namespace

constexpr std::array<FidelityComponent, 6> fidelity_defaults = {{
    {"principle_coverage", 0.25, 0.80, Direction::up, "mean constitutional score of the principles"},
    {"synthesis_success", 0.20, 0.75, Direction::up, "share of finished attempts that succeeded"},
    {"enforcement_reliability", 0.20, 0.90, Direction::up,
     "share of decisions that were enforced as they should be"},
    {"adaptation_speed", 0.15, 0.60, Direction::up, "share of failures that were resolved in time"},
    {"stakeholder_satisfaction", 0.10, 0.70, Direction::up, "satisfaction of those concerned, 0 to 1"},
    {"appeal_frequency", 0.10, 0.70, Direction::down, "appeals for each finished attempt"},
}};

void check_fidelity_component(const FidelityComponent &component) {
    if (!std::isfinite(component.weight) || component.weight < 0.0)
        throw Error(ErrorKind::invalid_argument,
                    "weight" + of(component) + " must be finite and not negative");
    if (!is_share(component.minimum))
        throw Error(ErrorKind::invalid_argument, "minimum" + of(component) + " must lie between 0 and 1");
    if (component.value && !is_share(*component.value))
        throw Error(ErrorKind::invalid_argument, "value" + of(component) + " must lie between 0 and 1");
}

double fidelity_component_score(const FidelityComponent &component) noexcept {
    return component.direction == Direction::up ? *component.value : 1.0 - *component.value;
}

bool is_missing(const FidelityComponent &component) noexcept {
    return !component.value && component.weight > 0.0;
}

bool is_below_minimum(const FidelityComponent &component) noexcept {
    return component.value && component.weight > 0.0 &&
           fidelity_component_score(component) < component.minimum - tolerated_error;
}

std::optional<double> fidelity_score(std::span<const FidelityComponent> components,
                                     bool has_high_severity_appeal) {
    // Against the largest, so that no sum of weights is infinite.
    double largest = 0.0;
    for (const FidelityComponent &component : components) {
        check_fidelity_component(component);
        largest = std::max(largest, component.weight);
    }
    if (largest == 0.0)
        throw Error(ErrorKind::invalid_argument, "the weights of components must not all be 0");
    double known = 0.0;
    double sum = 0.0;
    for (const FidelityComponent &component : components) {
        if (!component.value)
            continue;
        double const weight = component.weight / largest;
        known += weight;
        sum += weight * fidelity_component_score(component);
    }
    if (known == 0.0)
        return std::nullopt;
    return std::clamp(sum / known * (has_high_severity_appeal ? penalty_of_appeal : 1.0), 0.0, 1.0);
}

std::string_view fidelity_level(double score) noexcept {
    if (score >= 0.85)
        return "green";
    if (score >= 0.70)
        return "amber";
    return score >= 0.55 ? "red" : "critical";
}

std::string_view fidelity_trend(std::span<const double> scores) {
    if (!std::ranges::all_of(scores, is_share))
        throw Error(ErrorKind::invalid_argument, "scores must lie between 0 and 1");
    if (scores.size() < 2)
        return {};
    std::size_t const half = scores.size() / 2;
    double const change = mean(scores.subspan(half)) - mean(scores.first(half));
    if (std::fabs(change) <= least_change + tolerated_error)
        return "stable";
    return change > 0.0 ? "improving" : "degrading";
}

} // namespace steward::core
