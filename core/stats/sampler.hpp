// Decides at random which calls are looked at closely, at the price of a multiplication a call.
#pragma once

#include <cstdint>

namespace steward::core {

/// Says yes with a fixed probability, independently each time. It counts nothing, so no loop of the caller
/// can fall into step with it. Generator: linear congruential, 64 bits, constants of Knuth's MMIX (The Art of
/// Computer Programming 2, 3.3.4); only its upper bits decide.
class Sampler {
  public:
    constexpr explicit Sampler(double rate) noexcept { set_rate(rate); }

    /// 0 never, 1 always; what lies outside counts as the nearer of the two.
    constexpr void set_rate(double rate) noexcept {
        if (rate >= 1.0)
            below_ = always;
        else
            below_ = rate > 0.0 ? static_cast<std::uint64_t>(rate * static_cast<double>(always)) : 0;
    }

    /// Two processes with different seeds pick different calls.
    constexpr void seed(std::uint64_t seed) noexcept { state_ = seed; }

    constexpr bool next() noexcept {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return state_ >> 1 < below_;
    }

  private:
    static constexpr std::uint64_t always = std::uint64_t{1} << 63;

    std::uint64_t below_ = 0;
    std::uint64_t state_ = 0;
};

} // namespace steward::core
