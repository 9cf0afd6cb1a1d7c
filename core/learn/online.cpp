#include "core/learn/online.hpp"

#include "core/learn/judge.hpp"

namespace steward::core {

void Online::learn(std::span<const Feature> features, std::span<const std::string_view> labels) {
    std::vector<Truth> const truths = truths_of(model_, labels);
    if (truths.empty())
        return;
    gained_ += *loss_of(model_, features, labels) - *loss_of(learnt_, features, labels);
    learnt_.learn(features, truths);
}

} // namespace steward::core
