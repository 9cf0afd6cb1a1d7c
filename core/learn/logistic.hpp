// Logistic regression with several labels: one head each, over the same features.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "core/learn/features.hpp"
#include "core/stop.hpp"

namespace steward::core {

/// What is known of a label of a row.
enum class Truth : std::int8_t { no = 0, yes = 1, unknown = -1 };

/// A row to learn from: features in the order of their places, and a truth for each head.
struct Example {
    std::span<const Feature> features;
    std::span<const Truth> truths;
};

/// Rows that can be gone through again and again, in the same order each time.
class Examples {
  public:
    Examples() = default;
    Examples(const Examples &) = delete;
    Examples &operator=(const Examples &) = delete;
    virtual ~Examples() = default;

    virtual void rewind() = 0;
    /// The next row, whose spans are good until the next call; false at the end.
    virtual bool next(Example &example) = 0;
};

/// Weights of each head for each place. Those of one place lie together: a pass over the features of a row
/// touches a line of the cache for each, however many heads there are.
class LinearModel {
  public:
    LinearModel(std::uint32_t places, std::uint32_t heads);

    std::uint32_t places() const noexcept { return places_; }
    std::uint32_t heads() const noexcept { return heads_; }
    float *at(std::uint32_t place) noexcept { return weights_.data() + std::size_t{place} * heads_; }
    const float *at(std::uint32_t place) const noexcept {
        return weights_.data() + std::size_t{place} * heads_;
    }
    float *bias() noexcept { return at(places_); }
    const float *bias() const noexcept { return at(places_); }
    std::span<float> all() noexcept { return weights_; }
    std::span<const float> all() const noexcept { return weights_; }

    /// Adds up the weights of a row: the log odds of each head.
    void score(std::span<const Feature> features, std::span<float> scores) const noexcept;

  private:
    std::uint32_t places_;
    std::uint32_t heads_;
    std::vector<float> weights_; ///< the last place is the bias
};

/// 1 / (1 + e^-score), without overflow.
double probability(double score) noexcept;

struct AdaGradOptions {
    float rate = 0.5F;   ///< of the first steps
    float decay = 1e-6F; ///< how much a weight that is used is drawn to 0
    int passes = 10;     ///< over all rows
    int batch_size = 1;  ///< rows of a step, whose gradients are added up
    std::uint64_t seed = 1;
};

/// Learns by few rows at a time, with a step of its own for each weight: rare words keep long ones.
/// Source: Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
/// Optimization", JMLR 12, 2011.
class AdaGrad {
  public:
    AdaGrad(std::uint32_t places, std::uint32_t heads, AdaGradOptions options);

    /// Takes a row in; with the last one of a batch, makes the step. \return the loss of the row before
    /// it, over all heads that are known
    double learn(const Example &example) noexcept;
    /// Makes the step of a batch that is not full.
    void step() noexcept;
    const LinearModel &model() const noexcept { return model_; }
    LinearModel &model() noexcept { return model_; }
    /// Of each weight, the sum of the squares of its gradients: how short its steps have become.
    LinearModel &squares() noexcept { return squares_; }

  private:
    /// \return the loss of a row; slopes_ are those of its scores
    double look(const Example &example) noexcept;
    /// Steps of a row by itself, after slopes_ are known; learn_one() where there is one head.
    void learn_row(std::span<const Feature> features) noexcept;
    void learn_one(std::span<const Feature> features) noexcept;
    void add_to_batch(std::span<const Feature> features) noexcept;
    void add_to_batch(std::uint32_t place, float value) noexcept;

    AdaGradOptions options_;
    LinearModel model_;
    LinearModel squares_; ///< of all gradients so far
    std::vector<float> scores_;
    std::vector<float> slopes_;
    LinearModel sums_;                 ///< of the gradients of a batch
    std::vector<std::uint32_t> met_;   ///< places that the batch has met,
    std::vector<std::uint8_t> is_met_; ///< of all
    int rows_ = 0;                     ///< of the batch
};

/// Goes through the rows as often as the options say.
LinearModel train_adagrad(Examples &examples, std::uint32_t places, std::uint32_t heads,
                          AdaGradOptions options, Stop stop = Stop{});

/// The rate of those tried whose predictions of rows not yet seen are best, over the first rows.
float choose_rate(Examples &examples, std::uint32_t places, std::uint32_t heads, AdaGradOptions options,
                  std::size_t rows, Stop stop = Stop{});

} // namespace steward::core
