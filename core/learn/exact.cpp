#include "core/learn/exact.hpp"

#include <cmath>
#include <deque>
#include <numbers>
#include <numeric>

namespace steward::core {

namespace {

constexpr std::size_t rows_per_stop = 256;
constexpr std::size_t remembered = 8;

using Vector = std::vector<double>;

double dot(const Vector &a, const Vector &b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void add(Vector &to, double times, const Vector &from) {
    for (std::size_t i = 0; i < to.size(); ++i)
        to[i] += times * from[i];
}

/// In four sums, as an addition waits for the one before.
double sum_of(std::span<const Feature> features, const Vector &weights) {
    auto const part = [&](std::size_t i) {
        return weights[features[i].place] * static_cast<double>(features[i].value);
    };
    double sums[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= features.size(); i += 4)
        for (std::size_t j = 0; j < 4; ++j)
            sums[j] += part(i + j);
    for (; i < features.size(); ++i)
        sums[0] += part(i);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// What is minimized for a head, and its gradient.
class Objective {
  public:
    Objective(Examples &examples, std::uint32_t head, double strength, Stop stop)
        : examples_(examples), head_(head), strength_(strength), stop_(stop) {}

    /// At weights of 0, with how the gradient would change by each weight.
    double at_start(Vector &gradient, Vector &curvature) {
        double value = 0;
        each_row([&](const Example &example) {
            double const pull = (example.truths[head_] == Truth::yes ? -0.5 : 0.5) * strength_;
            for (const Feature &feature : example.features) {
                auto const x = static_cast<double>(feature.value);
                gradient[feature.place] += pull * x;
                curvature[feature.place] += strength_ / 4 * x * x;
            }
            gradient.back() += pull;
            curvature.back() += strength_ / 4;
            value += strength_ * std::numbers::ln2;
        });
        return value;
    }

    double operator()(const Vector &weights, Vector &gradient) {
        double value = dot(weights, weights) / 2;
        gradient = weights;
        each_row([&](const Example &example) { value += add_row(example, weights, gradient); });
        return value;
    }

  private:
    template <class Visit> void each_row(Visit visit) {
        examples_.rewind();
        Example example{};
        for (std::size_t row = 0; examples_.next(example); ++row) {
            if (row % rows_per_stop == 0)
                stop_();
            if (example.truths[head_] != Truth::unknown)
                visit(example);
        }
    }

    double add_row(const Example &example, const Vector &weights, Vector &gradient) const {
        double const score = weights.back() + sum_of(example.features, weights);
        double const sign = example.truths[head_] == Truth::yes ? 1 : -1;
        double const margin = sign * score;
        double const pull = -strength_ * sign * probability(-margin);
        for (const Feature &feature : example.features)
            gradient[feature.place] += pull * static_cast<double>(feature.value);
        gradient.back() += pull;
        return strength_ *
               (margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin);
    }

    Examples &examples_;
    std::uint32_t head_;
    double strength_;
    Stop stop_;
};

/// A step, and how the gradient changed over it.
struct Pair {
    Vector step;
    Vector change;
    double curvature;
    double scale; ///< see scale_of()
};

/// The gradient, turned and stretched by what is known of the curvature: that of each weight at the start,
/// and what the last steps say.
Vector direction_of(const Vector &gradient, const Vector &curvature, const std::deque<Pair> &pairs,
                    Stop stop) {
    Vector direction = gradient;
    std::vector<double> shares(pairs.size());
    for (std::size_t i = pairs.size(); i-- > 0;) {
        stop();
        shares[i] = dot(pairs[i].step, direction) / pairs[i].curvature;
        add(direction, -shares[i], pairs[i].change);
    }
    double const scale = pairs.empty() ? 1 : pairs.back().scale;
    for (std::size_t i = 0; i < direction.size(); ++i)
        direction[i] *= scale / curvature[i];
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        stop();
        add(direction, shares[i] - dot(pairs[i].change, direction) / pairs[i].curvature, pairs[i].step);
    }
    return direction;
}

/// How much less steep it was over a step than at the start.
double scale_of(const Pair &pair, const Vector &curvature) {
    double changes = 0;
    for (std::size_t i = 0; i < curvature.size(); ++i)
        changes += pair.change[i] * pair.change[i] / curvature[i];
    return pair.curvature / changes;
}

Vector minimize(Objective &objective, std::size_t size, const ExactOptions &options, Stop stop) {
    Vector weights(size, 0.0);
    Vector gradient(size, 0.0);
    Vector curvature(size, 1.0); // of the weights themselves
    Vector there;
    Vector gradient_there;
    double value = objective.at_start(gradient, curvature);
    double const least = options.tolerance * options.tolerance * dot(gradient, gradient);
    std::deque<Pair> pairs;
    for (int iteration = 0; iteration < options.iterations && dot(gradient, gradient) > least; ++iteration) {
        Vector const direction = direction_of(gradient, curvature, pairs, stop);
        double const descent = dot(gradient, direction);
        double length = 1;
        double value_there = 0;
        for (int shorter = 0; shorter < 30; ++shorter, length /= 2) {
            there = weights;
            add(there, -length, direction);
            value_there = objective(there, gradient_there);
            if (value_there <= value - 1e-4 * length * descent)
                break;
        }
        if (!(value_there < value))
            break; // as good as numbers of this size can tell
        Pair pair{there, gradient_there, 0, 0};
        add(pair.step, -1, weights);
        add(pair.change, -1, gradient);
        pair.curvature = dot(pair.step, pair.change);
        pair.scale = scale_of(pair, curvature);
        if (pair.curvature > 1e-12)
            pairs.push_back(std::move(pair));
        if (pairs.size() > remembered)
            pairs.pop_front();
        std::swap(weights, there);
        std::swap(gradient, gradient_there);
        value = value_there;
    }
    return weights;
}

} // namespace

LinearModel train_exact(Examples &examples, std::uint32_t places, std::uint32_t heads, ExactOptions options,
                        Stop stop) {
    LinearModel model(places, heads);
    for (std::uint32_t head = 0; head < heads; ++head) {
        Objective objective(examples, head, options.strength, stop);
        Vector const weights = minimize(objective, std::size_t{places} + 1, options, stop);
        for (std::uint32_t place = 0; place <= places; ++place)
            model.at(place)[head] = static_cast<float>(weights[place]);
    }
    return model;
}

} // namespace steward::core
