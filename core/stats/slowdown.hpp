// Whether something takes longer since a moment: durations by the minute, those before against those after.
#pragma once

#include <span>

#include "core/stats/durations.hpp"
#include "core/stop.hpp"

namespace steward::core {

/// The durations of a minute, or of another short time.
struct Round {
    std::int64_t at; ///< when it ended, in any unit
    Durations durations;
};

enum class Verdict : std::uint8_t { too_little, unclear, unchanged, slower, faster };

struct Comparison {
    Verdict verdict = Verdict::too_little;
    double before = 0.0; ///< the median over the rounds of what a call takes, in nanoseconds
    double after = 0.0;
    double change = 0.0; ///< as shares: 0.25 is a quarter slower
    double low = 0.0;    ///< the interval of the change; minus one and infinity where nothing is known
    double high = 0.0;
    std::int64_t first_seen = 0; ///< of the first round that is of the new kind; only where there is a change
    std::uint64_t n_before = 0;
    std::uint64_t n_after = 0;
};

/// How sure a verdict is: that of all `comparisons` that are made at once any says slower or faster where
/// nothing has changed has a probability below `false_alarms`. What is below `least_change` is no change.
struct Caution {
    double false_alarms = 0.01;
    double least_change = 0.10;
    std::size_t comparisons = 1;
};

/// A round is one value: the mean of its calls without the longest hundredth of all, because calls of a
/// minute are not independent of one another but minutes nearly are. Where nothing is found so, that without
/// the longest twentieth decides; half of the caution is for each. Rounds with few calls are put together.
/// The change is the Hodges-Lehmann shift of the logarithms, with its interval by ranks (as in Mann and
/// Whitney's test), made wider by what each value resembles the one before it. Both spans are in the order of
/// time.
Comparison compare_rounds(std::span<const Round> before, std::span<const Round> after, const Caution &caution,
                          Stop stop = Stop());

/// The number of standard deviations that a normal value exceeds with that probability, 0 < p < 0.5.
double normal_excess(double probability) noexcept;

} // namespace steward::core
