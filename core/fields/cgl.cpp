#include "core/fields/cgl.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>
#include <string>

#include "core/fields/draws.hpp"
#include "core/fields/kernels.hpp"
#include "core/fields/ranges.hpp"
#include "core/fields/transforms.hpp"

namespace steward::core {

namespace {

using Complex = std::complex<double>;

/// As many as fill two cache lines of a row.
constexpr std::size_t columns_at_once = 8;
constexpr std::size_t row_slack = AlignedDoubles::alignment / sizeof(double);

/// (exp(z) - 1) / z and (exp(z) - 1 - z) / z^2. Near zero they are summed, for nothing is left of the
/// differences.
struct Phi {
    Complex one;
    Complex two;
};

Phi phi(Complex z) {
    constexpr double near = 1;
    constexpr int terms = 20; // 1 / 22! is below the last bit
    if (std::abs(z) >= near)
        return {(std::exp(z) - 1.0) / z, (std::exp(z) - 1.0 - z) / (z * z)};
    Complex two = 0;
    for (int k = terms; k >= 0; --k) // sum of z^k / (k + 2)!
        two = (z * two + 1.0) / static_cast<double>(k + 2);
    return {1.0 + z * two, two};
}

void put(double *place, Complex number) noexcept {
    place[0] = number.real();
    place[1] = number.imag();
}

/// Rows of so many columns become so many rows; `stride` doubles lie from row to row on both sides. Four
/// columns of four rows at a time: each is a cache line on one side.
void turn_over(const double *from, double *to, std::size_t stride, std::size_t length) noexcept {
    for (std::size_t y = 0; y < length; y += 4, from += 4 * stride, to += 8)
        for (std::size_t x = 0; x < columns_at_once; ++x) {
            double line[8];
            std::memcpy(line, from + 2 * x, 16);
            std::memcpy(line + 2, from + 2 * x + stride, 16);
            std::memcpy(line + 4, from + 2 * x + 2 * stride, 16);
            std::memcpy(line + 6, from + 2 * x + 3 * stride, 16);
            std::memcpy(to + x * stride, line, 64);
        }
}

/// The other way round.
void turn_back(const double *from, double *to, std::size_t stride, std::size_t length) noexcept {
    for (std::size_t y = 0; y < length; ++y, from += 2, to += stride)
        for (std::size_t x = 0; x < columns_at_once; x += 4) {
            double line[8];
            std::memcpy(line, from + x * stride, 16);
            std::memcpy(line + 2, from + (x + 1) * stride, 16);
            std::memcpy(line + 4, from + (x + 2) * stride, 16);
            std::memcpy(line + 6, from + (x + 3) * stride, 16);
            std::memcpy(to + 2 * x, line, 64);
        }
}

Complex at(const double *place) noexcept {
    return {place[0], place[1]};
}

} // namespace

void check(std::size_t side, const CglParameters &parameters) {
    constexpr double most_dispersion = 100;
    if (side < least_side || side > most_side || side % columns_at_once != 0)
        throw Error(ErrorKind::invalid_argument, "invalid size of a field", {},
                    "A side has " + std::to_string(least_side) + " to " + std::to_string(most_side) +
                        " points, a multiple of " + std::to_string(columns_at_once) + ".");
    check_range("c1", parameters.c1, -most_dispersion, most_dispersion);
    check_range("c3", parameters.c3, -most_dispersion, most_dispersion);
    check_range("length", parameters.length, 0, 1e6, true);
    check_range("dt", parameters.dt, 0, 1, true);
    check_range("noise", parameters.noise, 0, 10);
}

CglField::CglField(std::size_t side, const CglParameters &parameters, std::pmr::memory_resource *memory,
                   Stop stop)
    : side_((check(side, parameters), side)), stride_(2 * side + row_slack), parameters_(parameters),
      stop_(stop), field_(side * stride_, memory), carried_(2 * side * side, memory),
      tables_((side / 2 + 1) * 6 * side, memory), columns_(columns_at_once * stride_, memory),
      spectrum_(2 * side, memory) {
    make_tables();
}

double *CglField::tables(std::size_t column) noexcept {
    return tables_.data() + std::min(column, side_ - column) * 6 * side_;
}

/// h' = e h + (f + g) n - g n_before, of which e, p = f + g and q = -g are kept.
void CglField::make_tables() {
    double const unit = 2 * std::numbers::pi / parameters_.length;
    double const dt = parameters_.dt;
    for (std::size_t x = 0; x <= side_ / 2; ++x) {
        stop_();
        for (std::size_t y = 0; y < side_; ++y) {
            double const kx = unit * static_cast<double>(x);
            double const ky = unit * static_cast<double>(std::min(y, side_ - y));
            Complex const z = (1.0 - Complex(1, parameters_.c1) * (kx * kx + ky * ky)) * dt;
            auto const [one, two] = phi(z);
            double *const place = tables(x) + 2 * y;
            put(place, std::exp(z));
            put(place + 2 * side_, (one + two) * dt);
            put(place + 4 * side_, -two * dt);
        }
    }
}

void CglField::draw(std::int64_t seed) {
    Draws draws(seed);
    for (std::size_t y = 0; y < side_; ++y) {
        stop_();
        for (std::size_t x = 0; x < side_; ++x) {
            auto const [real, imaginary] = draws.normal();
            put(row(y) + 2 * x, {parameters_.noise * real, parameters_.noise * imaginary});
        }
    }
}

void CglField::set(std::span<const double> real, std::span<const double> imaginary) {
    for (std::size_t i = 0; i < side_ * side_; ++i)
        put(row(i / side_) + i % side_ * 2, {real[i], imaginary[i]});
}

void CglField::get(std::span<double> real, std::span<double> imaginary) const {
    for (std::size_t i = 0; i < side_ * side_; ++i) {
        Complex const number = at(row(i / side_) + i % side_ * 2);
        real[i] = number.real();
        imaginary[i] = number.imag();
    }
}

/// Transforms columns, hands them to `each`, and transforms them back: from both sides towards the middle,
/// for nearly the same tables belong to both, and are still near.
template <class Each> void CglField::spectrum(Each each) {
    std::size_t const blocks = side_ / columns_at_once;
    auto const place = [=](std::size_t turn) {
        return columns_at_once * (turn % 2 == 0 ? turn / 2 : blocks - 1 - turn / 2);
    };
    for (std::size_t turn = 0; turn < blocks; ++turn) {
        stop_();
        spectrum_of(place(turn), place(std::min(turn + 1, blocks - 1)), each);
    }
}

template <class Each> void CglField::spectrum_of(std::size_t first, std::size_t next, Each each) {
    const Transforms &transforms = Transforms::of(side_);
    turn_over(row(0) + 2 * first, columns_.data(), stride_, side_);
    for (std::size_t x = 0; x < columns_at_once; ++x) {
        for (std::size_t y = x * side_ / columns_at_once; y < (x + 1) * side_ / columns_at_once; ++y) {
            __builtin_prefetch(row(y) + 2 * next, 1);
            __builtin_prefetch(row(y) + 2 * next + row_slack, 1);
        }
        double *const column = columns_.data() + x * stride_;
        transforms.forward(column, spectrum_.data());
        each(spectrum_.data(), carried_.data() + (first + x) * 2 * side_, tables(first + x), 2 * side_);
        transforms.backward(spectrum_.data(), column);
    }
    turn_back(columns_.data(), row(0) + 2 * first, stride_, side_);
}

/// What the first step needs of the field as it stands. What it reacts to counts as that of before, too.
void CglField::start() {
    const Transforms &transforms = Transforms::of(side_);
    for (std::size_t y = 0; y < side_; ++y) {
        transforms.forward(row(y), spectrum_.data());
        std::copy_n(spectrum_.data(), 2 * side_, row(y));
    }
    spectrum([](const double *h, double *carried, const double *table, std::size_t values) {
        for (std::size_t i = 0; i < values; i += 2)
            put(carried + i, at(table + i) * at(h + i));
    });
}

void CglField::react() {
    const Transforms &transforms = Transforms::of(side_);
    const FieldKernels &kernels = field_kernels();
    double const scale = 1 / static_cast<double>(side_ * side_);
    for (std::size_t y = 0; y < side_; ++y) {
        if (y % columns_at_once == 0)
            stop_();
        transforms.backward(row(y), spectrum_.data());
        kernels.react(spectrum_.data(), 2 * side_, parameters_.c3, scale);
        transforms.forward(spectrum_.data(), row(y));
    }
}

void CglField::finish() {
    const Transforms &transforms = Transforms::of(side_);
    double const scale = 1 / static_cast<double>(side_ * side_);
    for (std::size_t y = 0; y < side_; ++y) {
        transforms.backward(row(y), spectrum_.data());
        std::transform(spectrum_.data(), spectrum_.data() + 2 * side_, row(y),
                       [=](double part) { return scale * part; });
    }
}

void CglField::advance(std::uint64_t steps) {
    if (steps == 0)
        return;
    const FieldKernels &kernels = field_kernels();
    start();
    for (std::uint64_t step = 0; step < steps; ++step) {
        react();
        if (step == 0)
            spectrum([&](double *n, double *carried, const double *table, std::size_t values) {
                for (std::size_t i = 0; i < values; i += 2)
                    put(carried + i, at(carried + i) + at(table + 2 * values + i) * at(n + i));
                kernels.advance(n, carried, table, values);
            });
        else
            spectrum(kernels.advance);
        // A transform spreads what is not finite to every number.
        if (!std::isfinite(*row(0)))
            throw Error(ErrorKind::out_of_range, "the field is no longer finite",
                        "It was lost in step " + std::to_string(step + 1) + ".", "Take a smaller dt.");
    }
    finish();
}

CglField::Amplitude CglField::amplitude() const {
    double sum = 0;
    double squares = 0;
    for (std::size_t y = 0; y < side_; ++y)
        for (std::size_t x = 0; x < side_; ++x) {
            double const square = std::norm(at(row(y) + 2 * x));
            sum += std::sqrt(square);
            squares += square;
        }
    auto const points = static_cast<double>(side_ * side_);
    double const mean = sum / points;
    return {mean, std::sqrt(std::max(squares / points - mean * mean, 0.0))};
}

} // namespace steward::core
