#include "core/learn/logistic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace steward::core {

namespace {

constexpr std::size_t rows_per_stop = 256;
constexpr std::size_t rows_of_start = 16;

} // namespace

LinearModel::LinearModel(std::uint32_t places, std::uint32_t heads)
    : places_(places), heads_(heads), weights_((std::size_t{places} + 1) * heads, 0.0F) {
}

void LinearModel::score(std::span<const Feature> features, std::span<float> scores) const noexcept {
    std::copy_n(bias(), heads_, scores.begin());
    if (heads_ == 1) { // the usual case, in a register
        float sum = scores[0];
        for (const Feature &feature : features)
            sum += weights_[feature.place] * feature.value;
        scores[0] = sum;
        return;
    }
    for (const Feature &feature : features) {
        const float *const weights = at(feature.place);
        for (std::uint32_t head = 0; head < heads_; ++head)
            scores[head] += weights[head] * feature.value;
    }
}

double probability(double score) noexcept {
    return score >= 0 ? 1 / (1 + std::exp(-score)) : std::exp(score) / (1 + std::exp(score));
}

AdaGrad::AdaGrad(std::uint32_t places, std::uint32_t heads, AdaGradOptions options)
    : options_(options), model_(places, heads), squares_(places, heads), scores_(heads), slopes_(heads),
      sums_(options.batch_size > 1 ? places : 0, heads) {
    std::ranges::fill(squares_.all(), 1e-6F); // so that the first step has a length
    if (options.batch_size > 1) {
        met_.reserve(std::size_t{places} + 1);
        is_met_.resize(std::size_t{places} + 1);
    }
}

void AdaGrad::learn_one(std::span<const Feature> features) noexcept {
    float const slope = slopes_[0];
    if (slope == 0.0F)
        return;
    float *const weights = model_.all().data();
    float *const squares = squares_.all().data();
    auto const step = [&](std::uint32_t place, float gradient) {
        squares[place] += gradient * gradient;
        weights[place] -= options_.rate * gradient / std::sqrt(squares[place]);
    };
    for (const Feature &feature : features)
        step(feature.place, slope * feature.value + options_.decay * weights[feature.place]);
    step(model_.places(), slope);
}

void AdaGrad::learn_row(std::span<const Feature> features) noexcept {
    std::uint32_t const heads = model_.heads();
    auto const step = [&](float *weights, float *squares, float value, float decay) {
        for (std::uint32_t head = 0; head < heads; ++head) {
            if (slopes_[head] == 0.0F)
                continue;
            float const gradient = slopes_[head] * value + decay * weights[head];
            squares[head] += gradient * gradient;
            weights[head] -= options_.rate * gradient / std::sqrt(squares[head]);
        }
    };
    for (const Feature &feature : features)
        step(model_.at(feature.place), squares_.at(feature.place), feature.value, options_.decay);
    step(model_.bias(), squares_.bias(), 1.0F, 0.0F);
}

void AdaGrad::add_to_batch(std::uint32_t place, float value) noexcept {
    if (is_met_[place] == 0) {
        is_met_[place] = 1;
        met_.push_back(place);
    }
    float *const sums = sums_.at(place);
    for (std::uint32_t head = 0; head < model_.heads(); ++head)
        sums[head] += slopes_[head] * value;
}

void AdaGrad::add_to_batch(std::span<const Feature> features) noexcept {
    for (const Feature &feature : features)
        add_to_batch(feature.place, feature.value);
    add_to_batch(model_.places(), 1.0F);
}

void AdaGrad::step() noexcept {
    for (std::uint32_t const place : met_) {
        float *const sums = sums_.at(place);
        float *const weights = model_.at(place);
        float *const squares = squares_.at(place);
        float const decay = place == model_.places() ? 0.0F : options_.decay * static_cast<float>(rows_);
        for (std::uint32_t head = 0; head < model_.heads(); ++head) {
            if (sums[head] == 0.0F)
                continue;
            float const gradient = sums[head] + decay * weights[head];
            squares[head] += gradient * gradient;
            weights[head] -= options_.rate * gradient / std::sqrt(squares[head]);
            sums[head] = 0;
        }
        is_met_[place] = 0;
    }
    met_.clear();
    rows_ = 0;
}

double AdaGrad::look(const Example &example) noexcept {
    model_.score(example.features, scores_);
    double loss = 0;
    for (std::uint32_t head = 0; head < model_.heads(); ++head) {
        slopes_[head] = 0;
        if (example.truths[head] == Truth::unknown)
            continue;
        double const truth = example.truths[head] == Truth::yes ? 1 : 0;
        double const margin = truth > 0 ? scores_[head] : -scores_[head];
        loss += margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
        slopes_[head] = static_cast<float>(probability(scores_[head]) - truth);
    }
    return loss;
}

double AdaGrad::learn(const Example &example) noexcept {
    double const loss = look(example);
    if (options_.batch_size > 1) {
        add_to_batch(example.features);
        if (++rows_ == options_.batch_size)
            step();
    } else if (model_.heads() == 1) {
        learn_one(example.features);
    } else {
        learn_row(example.features);
    }
    return loss;
}

LinearModel train_adagrad(Examples &examples, std::uint32_t places, std::uint32_t heads,
                          AdaGradOptions options, Stop stop) {
    AdaGrad learner(places, heads, options);
    for (int pass = 0; pass < options.passes; ++pass) {
        examples.rewind();
        Example example{};
        for (std::size_t row = 0; examples.next(example); ++row) {
            if (row % rows_per_stop == 0)
                stop();
            learner.learn(example);
        }
        learner.step();
    }
    return std::move(learner.model());
}

float choose_rate(Examples &examples, std::uint32_t places, std::uint32_t heads, AdaGradOptions options,
                  std::size_t rows, Stop stop) {
    constexpr std::array rates = {0.02F, 0.05F, 0.1F, 0.2F, 0.5F, 1.0F};
    float best = rates[0];
    double least = std::numeric_limits<double>::infinity();
    for (float const rate : rates) {
        options.rate = rate;
        AdaGrad learner(places, heads, options);
        examples.rewind();
        Example example{};
        double loss = 0;
        for (std::size_t row = 0; row < rows && examples.next(example); ++row) {
            if (row % rows_per_stop == 0)
                stop();
            double const of_row = learner.learn(example);
            loss += row >= rows_of_start ? of_row : 0; // all start from nothing
        }
        if (loss < least) {
            least = loss;
            best = rate;
        }
    }
    return best;
}

} // namespace steward::core
