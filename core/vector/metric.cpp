#include "core/vector/metric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/vector/kernels.hpp"

namespace steward::core {

namespace {

/// In double precision: what is too long or too short for squares in floats has an angle all the same.
double exact_cosine_distance(const float *a, const float *b, std::size_t dimensions) noexcept {
    double product = 0;
    double a_squares = 0;
    double b_squares = 0;
    for (std::size_t i = 0; i < dimensions; ++i) {
        auto const x = static_cast<double>(a[i]);
        auto const y = static_cast<double>(b[i]);
        product += x * y;
        a_squares += x * x;
        b_squares += y * y;
    }
    if (a_squares == 0 || b_squares == 0)
        return std::numeric_limits<double>::quiet_NaN();
    return 1 - std::clamp(product / std::sqrt(a_squares) / std::sqrt(b_squares), -1.0, 1.0);
}

/// The same for the other two.
double exact_distance(Metric metric, const float *a, const float *b, std::size_t dimensions) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < dimensions; ++i) {
        auto const x = static_cast<double>(a[i]);
        auto const y = static_cast<double>(b[i]);
        sum += metric == Metric::l2 ? (x - y) * (x - y) : x * y;
    }
    return metric == Metric::l2 ? std::sqrt(sum) : -sum;
}

bool is_ordinary(float squares) noexcept {
    return squares > 1e-30F && squares < 1e30F;
}

double cosine_distance(const float *a, const float *b, std::size_t dimensions) noexcept {
    const Kernels &kernel = kernels();
    float const a_squares = kernel.dot(a, a, dimensions);
    float const b_squares = kernel.dot(b, b, dimensions);
    if (!is_ordinary(a_squares) || !is_ordinary(b_squares))
        return exact_cosine_distance(a, b, dimensions);
    double const product = static_cast<double>(kernel.dot(a, b, dimensions));
    double const lengths = std::sqrt(static_cast<double>(a_squares) * static_cast<double>(b_squares));
    return 1 - std::clamp(product / lengths, -1.0, 1.0);
}

} // namespace

double distance(Metric metric, const float *a, const float *b, std::size_t dimensions) noexcept {
    switch (metric) {
    case Metric::l2: {
        float const squares = kernels().squared_distance(a, b, dimensions);
        return is_ordinary(squares) ? std::sqrt(static_cast<double>(squares))
                                    : exact_distance(metric, a, b, dimensions);
    }
    case Metric::inner_product: {
        float const product = kernels().dot(a, b, dimensions);
        return std::isfinite(product) ? -static_cast<double>(product)
                                      : exact_distance(metric, a, b, dimensions);
    }
    default:
        return cosine_distance(a, b, dimensions);
    }
}

float normalize(float *vector, std::size_t dimensions) noexcept {
    double squares = 0;
    for (std::size_t i = 0; i < dimensions; ++i)
        squares += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
    auto const length = std::sqrt(squares);
    if (length > 0)
        for (std::size_t i = 0; i < dimensions; ++i)
            vector[i] = static_cast<float>(static_cast<double>(vector[i]) / length);
    return static_cast<float>(length);
}

} // namespace steward::core
