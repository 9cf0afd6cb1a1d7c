#include "core/stats/ticks.hpp"

#include <algorithm>

namespace steward::core {

namespace {

constexpr std::uint64_t second_ns = 1000000000;
/// A process that was stopped for days does not count each of its ticks: what is older is longer late than
/// the last bucket begins, at one tick in 5 ms or more.
constexpr std::uint64_t most_counted = 100000;

} // namespace

void begin_ticks(TickCounts &counts, std::uint64_t now) noexcept {
    counts = TickCounts{};
    counts.begun = now;
}

std::uint64_t count_tick(TickCounts &counts, std::uint64_t due, std::uint64_t interval,
                         std::uint64_t now) noexcept {
    std::uint64_t const missed = (now - due) / interval;
    ++counts.ticks;
    counts.missed += missed;
    counts.longest = std::max(counts.longest, now - due);
    // Each is an interval less late than the one before it.
    auto const times = static_cast<double>(missed + 1);
    counts.total_s += times *
                      (static_cast<double>(now - due) - static_cast<double>(interval) * (times - 1) / 2) /
                      static_cast<double>(second_ns);
    std::uint64_t const skipped = missed >= most_counted ? missed - most_counted + 1 : 0;
    counts.lateness.back() += skipped;
    std::uint64_t time = due + skipped * interval;
    for (; time <= now; time += interval)
        ++counts.lateness[duration_bucket(now - time)];
    TickCounts::Second &place = counts.seconds[now / second_ns % counts.seconds.size()];
    if (place.second != now / second_ns)
        place = {now / second_ns, 0};
    ++place.ticks;
    return time;
}

double tick_frequency(const TickCounts &counts, std::uint64_t now) noexcept {
    std::uint64_t const this_second = now / second_ns;
    bool const is_young = now - counts.begun < (tick_window_s + 1) * second_ns;
    // The second that has just begun is not over, and is left out where there are enough others.
    std::uint64_t const last = is_young ? this_second : this_second - 1;
    std::uint64_t ticks = 0;
    for (const TickCounts::Second &one : counts.seconds)
        if (one.second <= last && last - one.second < (is_young ? counts.seconds.size() : tick_window_s))
            ticks += one.ticks;
    double const span = is_young ? static_cast<double>(now - counts.begun) / static_cast<double>(second_ns)
                                 : double{tick_window_s};
    return span > 0.0 ? static_cast<double>(ticks) / span : 0.0;
}

} // namespace steward::core
