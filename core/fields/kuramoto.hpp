// Coupled oscillators after Kuramoto.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>

#include "core/error.hpp"
#include "core/fields/aligned.hpp"
#include "core/fields/kernels.hpp"
#include "core/stop.hpp"

namespace steward::core {

enum class Frequencies : std::uint8_t { lorentzian, normal, uniform };

/// d theta_i/dt = omega_i + coupling mean_j sin(theta_j - theta_i), all of it without units.
struct KuramotoParameters {
    double coupling = 1;
    double dt = 0.05;    ///< time of a step
    double spread = 0.5; ///< of frequencies: half width at half maximum, deviation, or half of the interval
    double omega = 0;    ///< middle of the frequencies
    double synchronised = 0.9; ///< the order parameter from which on they are
    Frequencies frequencies = Frequencies::lorentzian;
};

inline constexpr std::size_t most_oscillators = 1000000;

/// Throws Error(invalid_argument) unless these are those of oscillators that can be solved.
void check(std::size_t oscillators, const KuramotoParameters &parameters);

/// Oscillators on their way through time.
///
/// The mean field r exp(i psi) = mean_j exp(i theta_j) stands for all others (Kuramoto, "Self-entrainment of
/// a population of coupled non-linear oscillators", Lect. Notes Phys. 39, 1975), so a step takes time in
/// proportion to their number; it is Runge and Kutta's of fourth order.
class Oscillators {
  public:
    /// At phase and frequency zero; throws as check() and std::bad_alloc.
    Oscillators(std::size_t size, const KuramotoParameters &parameters, std::pmr::memory_resource *memory,
                Stop stop);

    /// Draws frequencies, and phases anywhere, as the seed determines them.
    void draw(std::int64_t seed);
    /// Sets them. Throws Error(invalid_argument) for a number beyond 1,000,000, or none.
    void set(std::span<const double> phases, std::span<const double> frequencies);

    struct Course {
        double mean_order;             ///< mean of the order parameter over the last half of the steps
        std::optional<double> reached; ///< time from which on it was first as high as `synchronised`
    };
    /// So many steps on.
    Course advance(std::uint64_t steps);

    struct Order {
        double r;   ///< 0: all over the circle; 1: in one place
        double psi; ///< mean phase, -pi to pi
    };
    Order order() const noexcept;

    /// Phases, -pi to pi.
    std::span<const double> phases() const noexcept { return {theta_.data(), size_}; }
    std::span<const double> frequencies() const noexcept { return {omega_.data(), size_}; }

  private:
    OscillatorArrays arrays() noexcept;
    OscillatorStage stage(double ahead, double weight) const noexcept;
    void step();

    std::size_t size_;
    KuramotoParameters parameters_;
    Stop stop_;
    AlignedDoubles theta_;
    AlignedDoubles omega_;
    AlignedDoubles sine_;
    AlignedDoubles cosine_;
    AlignedDoubles rates_;
    CircleSums sums_{};
};

} // namespace steward::core
