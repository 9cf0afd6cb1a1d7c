#include "sidecar/load/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace steward::sidecar::load {
namespace {

constexpr double least_seconds = 1e-6;
constexpr double steps_a_doubling = 128;
constexpr std::size_t most_steps = 36 * 128; // up to 19 hours

std::size_t step_of(double seconds) {
    double const step =
        std::floor(std::log2(std::max(seconds, least_seconds) / least_seconds) * steps_a_doubling);
    return std::min(static_cast<std::size_t>(step), most_steps - 1);
}

double middle_of(std::size_t step) {
    return least_seconds * std::exp2((static_cast<double>(step) + 0.5) / steps_a_doubling);
}

} // namespace

void Durations::add(double seconds) {
    std::size_t const step = step_of(seconds);
    if (steps_.size() <= step)
        steps_.resize(step + 1);
    ++steps_[step];
    least_ = count_ == 0 ? seconds : std::min(least_, seconds);
    most_ = std::max(most_, seconds);
    sum_ += seconds;
    ++count_;
}

void Durations::add(Durations const &others) {
    if (others.count_ == 0)
        return;
    steps_.resize(std::max(steps_.size(), others.steps_.size()));
    for (std::size_t step = 0; step < others.steps_.size(); ++step)
        steps_[step] += others.steps_[step];
    least_ = count_ == 0 ? others.least_ : std::min(least_, others.least_);
    most_ = std::max(most_, others.most_);
    sum_ += others.sum_;
    count_ += others.count_;
}

double Durations::quantile(double share) const {
    auto const rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t below = 0;
    for (std::size_t step = 0; step < steps_.size(); ++step)
        if (below += steps_[step]; below >= std::max<std::uint64_t>(rank, 1))
            return std::clamp(middle_of(step), least_, most_);
    return most_;
}

std::vector<std::pair<double, std::uint64_t>> Durations::steps() const {
    std::vector<std::pair<double, std::uint64_t>> all;
    for (std::size_t step = 0; step < steps_.size(); ++step)
        if (steps_[step] > 0)
            all.emplace_back(std::clamp(middle_of(step), least_, most_), steps_[step]);
    return all;
}

void Tally::add(Tally const &other) {
    requests += other.requests;
    for (auto const &[kind, count] : other.errors)
        errors[kind] += count;
    durations.add(other.durations);
}

std::uint64_t Tally::error_count() const {
    std::uint64_t all = 0;
    for (auto const &[kind, count] : errors)
        all += count;
    return all;
}

} // namespace steward::sidecar::load
