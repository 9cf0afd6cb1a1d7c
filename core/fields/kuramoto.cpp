#include "core/fields/kuramoto.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/fields/draws.hpp"
#include "core/fields/ranges.hpp"

namespace steward::core {

namespace {

/// Beyond it the sine of a phase would lose digits.
constexpr double most_frequency = 1e6;

std::size_t padded_size(std::size_t size) noexcept {
    return (size + padded - 1) / padded * padded;
}

double drawn_frequency(const KuramotoParameters &parameters, Draws &draws) noexcept {
    switch (parameters.frequencies) {
    case Frequencies::normal:
        return parameters.omega + parameters.spread * draws.normal().first;
    case Frequencies::uniform:
        return parameters.omega + parameters.spread * (2 * draws.uniform() - 1);
    case Frequencies::lorentzian:
        break;
    }
    double const offset = parameters.spread * std::tan(std::numbers::pi * (draws.uniform() - 0.5));
    return parameters.omega + std::clamp(offset, -most_frequency / 2, most_frequency / 2);
}

void check_numbers(const char *what, std::span<const double> numbers) {
    if (!std::ranges::all_of(numbers, [](double number) { return std::abs(number) <= most_frequency; }))
        throw Error(ErrorKind::invalid_argument, std::string("invalid ") + what, {},
                    "Each is a number from -1000000 to 1000000.");
}

} // namespace

void check(std::size_t oscillators, const KuramotoParameters &parameters) {
    constexpr double most = 1e4;
    if (oscillators < 1 || oscillators > most_oscillators)
        throw Error(ErrorKind::invalid_argument, "invalid number of oscillators", {},
                    "It is 1 to " + std::to_string(most_oscillators) + ".");
    check_range("coupling", parameters.coupling, -most, most);
    check_range("dt", parameters.dt, 0, 1, true);
    check_range("spread", parameters.spread, 0, most);
    check_range("omega", parameters.omega, -most, most);
    check_range("synchronised", parameters.synchronised, 0, 1);
}

Oscillators::Oscillators(std::size_t size, const KuramotoParameters &parameters,
                         std::pmr::memory_resource *memory, Stop stop)
    : size_((check(size, parameters), size)), parameters_(parameters), stop_(stop),
      theta_(padded_size(size), memory), omega_(padded_size(size), memory), sine_(padded_size(size), memory),
      cosine_(padded_size(size), memory), rates_(padded_size(size), memory) {
}

void Oscillators::draw(std::int64_t seed) {
    Draws draws(seed);
    for (std::size_t i = 0; i < size_; ++i) {
        omega_.data()[i] = drawn_frequency(parameters_, draws);
        theta_.data()[i] = std::numbers::pi * (2 * draws.uniform() - 1);
    }
}

void Oscillators::set(std::span<const double> phases, std::span<const double> frequencies) {
    check_numbers("phases", phases);
    check_numbers("frequencies", frequencies);
    std::ranges::copy(phases, theta_.data());
    std::ranges::copy(frequencies, omega_.data());
}

OscillatorArrays Oscillators::arrays() noexcept {
    return {theta_.data(), omega_.data(), sine_.data(), cosine_.data(), rates_.data(), size_};
}

OscillatorStage Oscillators::stage(double ahead, double weight) const noexcept {
    double const pull = parameters_.coupling / static_cast<double>(size_);
    return {pull * sums_.cosine, pull * sums_.sine, ahead, weight};
}

void Oscillators::step() {
    const FieldKernels &kernels = field_kernels();
    OscillatorArrays const all = arrays();
    double const dt = parameters_.dt;
    sums_ = kernels.stage(all, stage(dt / 2, 1), true);
    sums_ = kernels.stage(all, stage(dt / 2, 2), false);
    stop_();
    sums_ = kernels.stage(all, stage(dt, 2), false);
    sums_ = kernels.finish(all, stage(dt / 6, 1));
}

Oscillators::Course Oscillators::advance(std::uint64_t steps) {
    Course course{0, std::nullopt};
    sums_ = field_kernels().begin(arrays());
    std::uint64_t const half = steps / 2;
    for (std::uint64_t taken = 0;; ++taken) {
        stop_();
        double const r = order().r;
        if (!course.reached && r >= parameters_.synchronised)
            course.reached = static_cast<double>(taken) * parameters_.dt;
        if (taken >= half)
            course.mean_order += r / static_cast<double>(steps - half + 1);
        if (taken == steps)
            return course;
        step();
    }
}

Oscillators::Order Oscillators::order() const noexcept {
    double const x = sums_.cosine / static_cast<double>(size_);
    double const y = sums_.sine / static_cast<double>(size_);
    return {std::min(std::hypot(x, y), 1.0), std::atan2(y, x)};
}

} // namespace steward::core
