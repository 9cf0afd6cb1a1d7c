// How robust a principle is: the constitutional score, its parts and its levels.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace steward::core {

/// Changes with every change of a formula in this file.
inline constexpr std::string_view constitutional_formula_version = "constitutional-1";

/// The parts of the score, each in 0..1.
struct Components {
    double ambiguity;
    double formality;
    double reliability;
};

/// Share of each part in the score. Not negative, finite, and 1 together.
struct Weights {
    double clarity = 0.3;
    double formality = 0.4;
    double reliability = 0.3;
};

/// Reads weights in the order clarity, formality, reliability. Throws Error(invalid_argument) unless
/// there are three, none is negative or not finite, and they add up to 1 (within 1e-6).
Weights make_weights(std::span<const double> values);

/// Share of criteria that are complete, times 1.1 but at most 1 from three criteria on; 0 without any.
/// Source: ACGS, constitutional distance calculator. Throws Error(invalid_argument) unless
/// 0 <= complete <= total.
double criteria_formality(std::int64_t complete, std::int64_t total);

/// Expected rate of successful syntheses: (successes + 3) / (attempts + 4), the mean of a Beta
/// distribution whose prior weighs as much as four attempts with a rate of 0.75. Throws
/// Error(invalid_argument) unless 0 <= successes <= attempts.
double synthesis_reliability(std::int64_t successes, std::int64_t attempts);

/// clarity * (1 - ambiguity) + formality * formality + reliability * reliability, in 0..1; the higher,
/// the more robust. Source: ACGS, constitutional distance calculator (its code, not its description).
double constitutional_score(const Components &components, const Weights &weights) noexcept;

/// The risk that a score stands for: "high" below 0.3, "medium" below 0.6, "low" below 0.8, else
/// "minimal". Source: the thresholds of ACGS.
std::string_view risk_level(double score) noexcept;

} // namespace steward::core
