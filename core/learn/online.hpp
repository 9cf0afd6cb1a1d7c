// A model that goes on learning from examples, one by one.
#pragma once

#include "core/learn/model.hpp"

namespace steward::core {

/// Judges by each example before it learns from it: what has been learnt serves as long as it would have lost
/// no more by the examples than the model as it was. Source: Dawid, "Statistical Theory: The Prequential
/// Approach", J. R. Stat. Soc. A 147, 1984.
class Online {
  public:
    explicit Online(const Model &model) : model_(model), learnt_(model) {}

    /// Nothing if the model does not know one of the labels.
    void learn(std::span<const Feature> features, std::span<const std::string_view> labels);

    /// What serves. Good as long as this and the model are.
    const Model &best() const noexcept { return gained_ >= 0 ? learnt_ : model_; }

  private:
    const Model &model_;
    Model learnt_;
    double gained_ = 0;
};

} // namespace steward::core
