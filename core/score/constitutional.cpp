#include "core/score/constitutional.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace steward::core {

namespace {

constexpr double tolerated_error_of_sum = 1e-6;
constexpr std::int64_t criteria_for_bonus = 3;
constexpr double bonus = 1.1;

void check_weight(double weight) {
    if (!std::isfinite(weight) || weight < 0.0)
        throw Error(ErrorKind::invalid_argument, "weights must be finite and not negative");
}

} // namespace

Weights make_weights(std::span<const double> values) {
    if (values.size() != 3)
        throw Error(ErrorKind::invalid_argument, "weights must have exactly three elements",
                    "There are " + std::to_string(values.size()) + ".",
                    "Give the weights of clarity, formality and reliability, such as '{0.3,0.4,0.3}'.");
    for (double const weight : values)
        check_weight(weight);
    double const sum = values[0] + values[1] + values[2];
    if (std::fabs(sum - 1.0) > tolerated_error_of_sum)
        throw Error(ErrorKind::invalid_argument, "weights must add up to 1",
                    "They add up to " + std::to_string(sum) + ".");
    return {values[0], values[1], values[2]};
}

double criteria_formality(std::int64_t complete, std::int64_t total) {
    if (complete < 0 || complete > total)
        throw Error(ErrorKind::invalid_argument, "complete criteria must lie between 0 and all criteria");
    if (total == 0)
        return 0.0;
    double const share = static_cast<double>(complete) / static_cast<double>(total);
    return total >= criteria_for_bonus ? std::min(share * bonus, 1.0) : share;
}

double synthesis_reliability(std::int64_t successes, std::int64_t attempts) {
    if (successes < 0 || attempts < 0)
        throw Error(ErrorKind::invalid_argument, "successes and attempts must not be negative");
    if (successes > attempts)
        throw Error(ErrorKind::invalid_argument, "successes must not exceed attempts",
                    std::to_string(successes) + " successes were given for " + std::to_string(attempts) +
                        " attempts.");
    return (static_cast<double>(successes) + 3.0) / (static_cast<double>(attempts) + 4.0);
}

double constitutional_score(const Components &components, const Weights &weights) noexcept {
    double const score = weights.clarity * (1.0 - components.ambiguity) +
                         weights.formality * components.formality +
                         weights.reliability * components.reliability;
    return std::clamp(score, 0.0, 1.0);
}

std::string_view risk_level(double score) noexcept {
    if (score < 0.3)
        return "high";
    if (score < 0.6)
        return "medium";
    return score < 0.8 ? "low" : "minimal";
}

} // namespace steward::core
