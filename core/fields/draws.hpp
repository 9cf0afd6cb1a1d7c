// Random numbers that a seed determines, the same ones on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace steward::core {

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): each seed
/// has a sequence of its own, of period 2^64.
class Draws {
  public:
    explicit Draws(std::int64_t seed) noexcept : state_(static_cast<std::uint64_t>(seed)) {}

    /// In (0, 1), multiples of 2^-53 and a half of it.
    double uniform() noexcept { return (static_cast<double>(next() >> 11) + 0.5) * 0x1p-53; }

    /// Two from the normal distribution with mean 0 and deviation 1 (Box and Muller 1958).
    struct Pair {
        double first;
        double second;
    };
    Pair normal() noexcept {
        double const radius = std::sqrt(-2 * std::log(uniform()));
        double const angle = 2 * std::numbers::pi * uniform();
        return {radius * std::cos(angle), radius * std::sin(angle)};
    }

  private:
    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    std::uint64_t state_;
};

} // namespace steward::core
