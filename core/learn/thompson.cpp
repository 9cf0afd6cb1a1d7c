#include "core/learn/thompson.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace steward::core {

namespace {

// Log odds t = log(p / (1 - p)) have a density without poles whatever the evidence, near to a normal one
// where there is much: its mean and deviation say where to look.

/// Derivative of log gamma. Source: Abramowitz, Stegun 6.3.5 and 6.3.18.
double digamma(double x) {
    double sum = 0;
    for (; x < 10; ++x)
        sum -= 1 / x;
    double const square = 1 / (x * x);
    return sum + std::log(x) - 1 / (2 * x) -
           square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square / 240)));
}

/// Its derivative. Source: Abramowitz, Stegun 6.4.6 and 6.4.12.
double trigamma(double x) {
    double sum = 0;
    for (; x < 10; ++x)
        sum += 1 / (x * x);
    double const square = 1 / (x * x);
    return sum + 1 / x + square / 2 +
           square / x * (1.0 / 6 - square * (1.0 / 30 - square * (1.0 / 42 - square / 30)));
}

/// log(1 + e^t) without overflow.
double softplus(double t) {
    return t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t));
}

double share_of(double t) {
    return t > 0 ? 1 / (1 + std::exp(-t)) : std::exp(t) / (1 + std::exp(t));
}

/// The log odds of a share; infinite where it is none between 0 and 1.
double odds_of(double share) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (share <= 0)
        return -infinite;
    return share >= 1 ? infinite : std::log(share) - std::log1p(-share);
}

constexpr double near_deviations = 6; ///< of the mean: beyond, a density falls like a power of e
constexpr double least_log_density = -25;
constexpr int most_tail_steps = 400;

/// The distribution of the log odds of one belief, as a table.
class Distribution {
  public:
    explicit Distribution(const Belief &belief)
        : a_(belief.successes), b_(belief.failures), cost_(belief.cost), mean_(digamma(a_) - digamma(b_)),
          deviation_(std::sqrt(trigamma(a_) + trigamma(b_))) {
        double const mode = std::log(a_ / b_);
        peak_ = log_density(mode);
        add_nodes();
        integrate();
    }

    double cost() const { return cost_; }

    /// Places between which others are compared with this one.
    void add_places(std::vector<double> &places) const {
        for (double z = -near_deviations; z <= near_deviations; z += 0.5)
            places.push_back(mean_ + z * deviation_);
        for (double t = nodes_.front(); t < mean_ - near_deviations * deviation_; t += deviation_ / 2)
            places.push_back(t);
        for (double t = nodes_.back(); t > mean_ + near_deviations * deviation_; t -= deviation_ / 2)
            places.push_back(t);
    }

    double first() const { return nodes_.front(); }

    /// The share below t, for values of t that never fall from call to call.
    double below(double t) {
        if (t <= nodes_.front())
            return 0;
        if (t >= nodes_.back())
            return 1;
        while (nodes_[at_ + 1] < t)
            ++at_;
        // A cubic that has both the shares and the densities at its ends.
        double const width = nodes_[at_ + 1] - nodes_[at_];
        double const s = (t - nodes_[at_]) / width;
        double const rise = shares_[at_ + 1] - shares_[at_];
        double const share = shares_[at_] + s * s * (3 - 2 * s) * rise +
                             s * (1 - s) * width * ((1 - s) * densities_[at_] - s * densities_[at_ + 1]);
        return std::clamp(share, shares_[at_], shares_[at_ + 1]);
    }

  private:
    double log_density(double t) const { return -(a_ + b_) * softplus(-t) - b_ * t - peak_; }

    void add_nodes() {
        for (double z = -near_deviations; z <= near_deviations; z += 0.125)
            nodes_.push_back(mean_ + z * deviation_);
        // Little evidence has long tails.
        for (double const side : {-1.0, 1.0}) {
            double t = mean_ + side * near_deviations * deviation_;
            for (int i = 0; i < most_tail_steps && log_density(t) > least_log_density; ++i) {
                t += side * deviation_ / 6;
                nodes_.push_back(t);
            }
        }
        std::ranges::sort(nodes_);
    }

    void integrate() {
        double share = 0;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            densities_.push_back(std::exp(log_density(nodes_[i])));
            if (i > 0) { // Simpson's rule
                double const middle = std::exp(log_density((nodes_[i - 1] + nodes_[i]) / 2));
                share += (nodes_[i] - nodes_[i - 1]) / 6 * (densities_[i - 1] + 4 * middle + densities_[i]);
            }
            shares_.push_back(share);
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            densities_[i] /= share;
            shares_[i] /= share;
        }
    }

    double a_;
    double b_;
    double cost_;
    double mean_;
    double deviation_;
    double peak_ = 0;
    std::size_t at_ = 0;
    std::vector<double> nodes_;
    std::vector<double> densities_;
    std::vector<double> shares_;
};

/// What is compared at one place: of each belief the share below it, and that of all others together.
struct Place {
    std::vector<double> below;
    std::vector<double> others;
};

/// The integral of `others` over the shares of belief i from one place to the next, which has one in the
/// middle: of the parabola through the three.
double between(const Place &from, const Place &middle, const Place &to, std::size_t i) {
    double const width = to.below[i] - from.below[i];
    if (width <= 0)
        return 0;
    double const r = (middle.below[i] - from.below[i]) / width;
    if (r < 0.1 || r > 0.9)
        return (r * (from.others[i] + middle.others[i]) + (1 - r) * (middle.others[i] + to.others[i])) *
               width / 2;
    double const of_first = 0.5 - 1 / (6 * r);
    double const of_last = 0.5 - 1 / (6 * (1 - r));
    return width *
           (of_first * from.others[i] + (1 - of_first - of_last) * middle.others[i] + of_last * to.others[i]);
}

/// Places are log odds, or shares less costs where costs differ.
class Comparison {
  public:
    explicit Comparison(std::span<const Belief> beliefs) {
        for (const Belief &belief : beliefs) {
            distributions_.emplace_back(belief);
            by_cost_ = by_cost_ || belief.cost != beliefs.front().cost;
        }
    }

    std::vector<double> places() const {
        std::vector<double> found;
        std::vector<double> own;
        double first = -std::numeric_limits<double>::infinity(); // below it one that is surely greater
        for (const Distribution &each : distributions_) {
            own.clear();
            each.add_places(own);
            for (double const t : own)
                found.push_back(by_cost_ ? share_of(t) - each.cost() : t);
            first = std::max(first, by_cost_ ? share_of(each.first()) - each.cost() : each.first());
            if (by_cost_) {
                found.push_back(-each.cost());
                found.push_back(1 - each.cost());
            }
        }
        std::erase_if(found, [first](double place) { return place < first; });
        std::ranges::sort(found);
        return found;
    }

    void look(double place, Place &seen) {
        std::size_t const n = distributions_.size();
        seen.below.resize(n);
        seen.others.assign(n, 1);
        for (std::size_t i = 0; i < n; ++i)
            seen.below[i] =
                distributions_[i].below(by_cost_ ? odds_of(place + distributions_[i].cost()) : place);
        double before = 1;
        for (std::size_t i = 0; i < n; before *= seen.below[i++])
            seen.others[i] = before;
        double after = 1;
        for (std::size_t i = n; i-- > 0; after *= seen.below[i])
            seen.others[i] *= after;
    }

  private:
    std::vector<Distribution> distributions_;
    bool by_cost_ = false;
};

void check(std::span<const Belief> beliefs) {
    if (beliefs.size() > most_beliefs)
        throw Error(ErrorKind::invalid_argument, "there may be 100 strategies to choose from");
    for (const Belief &belief : beliefs)
        if (!(belief.successes >= least_evidence && belief.successes <= most_evidence &&
              belief.failures >= least_evidence && belief.failures <= most_evidence))
            throw Error(ErrorKind::invalid_argument, "evidence must lie between 0.05 and 1000000000");
        else if (!std::isfinite(belief.cost))
            throw Error(ErrorKind::invalid_argument, "a cost must be finite");
}

} // namespace

std::vector<double> thompson_odds(std::span<const Belief> beliefs, Stop stop) {
    check(beliefs);
    std::vector<double> odds(beliefs.size(), 1);
    if (beliefs.size() < 2)
        return odds;
    Comparison comparison(beliefs);
    std::vector<double> const places = comparison.places();
    Place from;
    Place middle;
    Place to;
    std::ranges::fill(odds, 0);
    comparison.look(places.front(), from);
    for (std::size_t place = 1; place < places.size(); ++place) {
        if (place % 64 == 0)
            stop();
        if (places[place] == places[place - 1])
            continue;
        comparison.look((places[place - 1] + places[place]) / 2, middle);
        comparison.look(places[place], to);
        for (std::size_t i = 0; i < odds.size(); ++i)
            odds[i] += between(from, middle, to, i);
        std::swap(from, to);
    }
    double sum = 0;
    for (double &each : odds)
        sum += each = std::max(each, 0.0);
    for (double &each : odds)
        each /= sum;
    return odds;
}

void raise_to_floor(std::span<double> odds, double floor) noexcept {
    auto const n = static_cast<double>(odds.size());
    double const least = std::min(floor, 1 / n);
    for (double &each : odds)
        each = least + (1 - least * n) * each;
}

} // namespace steward::core
