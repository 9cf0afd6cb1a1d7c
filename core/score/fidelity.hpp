// How faithful a governed system is to its principles: one figure of several components, its level and its
// trend.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace steward::core {

/// Changes with every change of a formula in this file.
inline constexpr std::string_view fidelity_formula_version = "fidelity-1";

/// Which way a component points: a share of successes rises with fidelity, a rate of appeals falls.
enum class Direction { up, down };

/// A component: how it counts and, where it is known, its value. All lie in 0..1 but the weight.
struct FidelityComponent {
    std::string_view name;
    double weight;                              ///< against those of the others; 0 leaves it out
    double minimum;                             ///< of its score, not of its value
    Direction direction = Direction::up;        ///< of its value
    std::string_view description = {};          ///< what its value is
    std::optional<double> value = std::nullopt; ///< nothing where it is not known
};

/// The six components of ACGS, without values. Its largest rate of appeals, 0.30, is a minimum of 0.70 here.
/// Source: ACGS, constitutional fidelity monitor.
extern const std::array<FidelityComponent, 6> fidelity_defaults;

/// Throws Error(invalid_argument) unless the weight is finite and not negative, and the minimum and the
/// value, if there is one, lie in 0..1.
void check_fidelity_component(const FidelityComponent &component);

/// What a component adds: its value or, where that falls with fidelity, 1 - value. It must have one.
double fidelity_component_score(const FidelityComponent &component) noexcept;

/// Whether a component that counts has no value.
bool is_missing(const FidelityComponent &component) noexcept;

/// Whether a component has a value whose score lies below its minimum.
bool is_below_minimum(const FidelityComponent &component) noexcept;

/// The mean score of the components whose value is known, by their weights; times 0.85 if an appeal of high
/// severity is open. Nothing if no component that counts is known. Throws Error(invalid_argument) if a
/// component is not what it may be, or all weights are 0. Source: ACGS, constitutional fidelity monitor;
/// there, what is missing is made up.
std::optional<double> fidelity_score(std::span<const FidelityComponent> components,
                                     bool has_high_severity_appeal);

/// "green" from 0.85 on, "amber" from 0.70, "red" from 0.55, else "critical". Source: the thresholds of ACGS.
std::string_view fidelity_level(double score) noexcept;

/// Of scores, the oldest first: "improving" or "degrading" if the mean of the later half lies more than 0.02
/// above or below that of the earlier one, else "stable". Of an odd number, the one in the middle is of the
/// later half. Empty for fewer than two. Throws Error(invalid_argument) unless all lie in 0..1. Source: ACGS.
std::string_view fidelity_trend(std::span<const double> scores);

} // namespace steward::core
