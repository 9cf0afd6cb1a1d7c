#include "core/stats/binomial.hpp"

#include <cmath>
#include <limits>

namespace steward::core {

namespace {

/// The continued fraction of the incomplete beta function, which converges fast below the mean of the
/// distribution. Evaluated from the front, each denominator kept away from zero (Lentz, Applied Optics 15,
/// 1976).
double continued_fraction(double a, double b, double x) {
    constexpr double least = 1e-300;
    constexpr double enough = 1e-15;
    constexpr int most_terms = 100000;
    auto const away = [](double value) { return std::fabs(value) < least ? least : value; };
    double upper = 1;
    double lower = 1 / away(1 - (a + b) * x / (a + 1));
    double value = lower;
    for (int m = 1; m <= most_terms; ++m) {
        double const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        lower = 1 / away(1 + even * lower);
        upper = away(1 + even / upper);
        value *= upper * lower;
        double const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        lower = 1 / away(1 + odd * lower);
        upper = away(1 + odd / upper);
        double const step = upper * lower;
        value *= step;
        if (std::fabs(step - 1) < enough)
            break;
    }
    return value;
}

} // namespace

double incomplete_beta(double a, double b, double x) {
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    // From the other side where the fraction would converge slowly.
    if (x > (a + 1) / (a + b + 2))
        return 1 - incomplete_beta(b, a, 1 - x);
    double const front =
        a * std::log(x) + b * std::log1p(-x) + std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b);
    return std::exp(front) * continued_fraction(a, b, x) / a;
}

double probability_upper_bound(std::uint64_t events, std::uint64_t trials, double confidence) {
    if (events >= trials)
        return 1;
    auto const a = static_cast<double>(events) + 1;
    auto const b = static_cast<double>(trials - events);
    double low = 0;
    double high = 1;
    while (high - low > high * std::numeric_limits<double>::epsilon()) {
        double const middle = (low + high) / 2;
        if (middle <= low || middle >= high)
            break;
        (incomplete_beta(a, b, middle) < confidence ? low : high) = middle;
    }
    return high;
}

} // namespace steward::core
