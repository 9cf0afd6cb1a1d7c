#include "core/stats/slowdown.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace steward::core {

namespace {

// The longest hundredth says little of a change and much of the moment; where the machine is busy with other
// things, so does the longest twentieth. But a change may be in there, so both are looked at.
constexpr double kept_share = 0.99;
constexpr double kept_of_busy = 0.95;
constexpr double looks = 2.0;
constexpr std::size_t most_values = 120; ///< a side: their pairs are sorted
constexpr std::size_t least_values = 6;
constexpr std::uint64_t calls_of_a_value = 30; ///< as many are put together where there are enough for it
constexpr std::size_t values_wanted = 24;
constexpr double most_resemblance = 0.9;

/// One value of the comparison: rounds that were put together.
struct Value {
    std::int64_t at; ///< of its first round
    double log;      ///< of what a call takes
};

double lower_end(std::size_t bucket) noexcept {
    return bucket == 0 ? 0.0 : static_cast<double>(duration_bounds[bucket - 1]);
}

double middle(std::size_t bucket) noexcept {
    constexpr double half = 0.8408964152537145; // 2^(-1/4): half a bucket below its end
    return bucket == duration_buckets - 1 ? lower_end(bucket)
                                          : static_cast<double>(duration_bounds[bucket]) * half;
}

/// The last bucket that counts.
std::size_t find_cut(std::span<const Round> before, std::span<const Round> after, double share) noexcept {
    Durations all;
    for (std::span<const Round> const side : {before, after})
        for (const Round &round : side)
            all.add(round.durations);
    double const kept = share * static_cast<double>(all.count());
    double below = 0.0;
    for (std::size_t bucket = 0; bucket < duration_buckets; ++bucket) {
        below += static_cast<double>(all.buckets[bucket]);
        if (below >= kept)
            return bucket;
    }
    return duration_buckets - 1;
}

/// The mean of the durations up to the cut. What is beyond it is taken off the exact sum as if it lay in the
/// middle of its buckets; the buckets of the others bound what may come out.
double mean_below(const Durations &durations, std::size_t cut) noexcept {
    double sum = static_cast<double>(durations.nanoseconds);
    double count = 0.0;
    double least = 0.0;
    double most = 0.0;
    for (std::size_t bucket = 0; bucket < duration_buckets; ++bucket) {
        auto const here = static_cast<double>(durations.buckets[bucket]);
        if (bucket > cut) {
            sum -= here * middle(bucket);
            continue;
        }
        count += here;
        least += here * lower_end(bucket);
        most += here * (bucket == duration_buckets - 1 ? sum : static_cast<double>(duration_bounds[bucket]));
    }
    return count == 0.0 ? 0.0 : std::max(1.0, std::clamp(sum, least, std::max(least, most)) / count);
}

std::uint64_t count_of(std::span<const Round> rounds) noexcept {
    std::uint64_t count = 0;
    for (const Round &round : rounds)
        count += round.durations.count();
    return count;
}

std::vector<Value> values_of(std::span<const Round> rounds, std::size_t cut) {
    std::uint64_t const all = count_of(rounds);
    std::uint64_t const enough =
        std::max({std::min(calls_of_a_value, all / values_wanted), all / most_values, std::uint64_t{1}});
    std::size_t const least_rounds = rounds.size() / most_values + (rounds.size() % most_values != 0 ? 1 : 0);
    std::vector<Value> values;
    Durations gathered;
    std::size_t of_rounds = 0;
    std::int64_t first = 0;
    for (const Round &round : rounds) {
        if (of_rounds++ == 0)
            first = round.at;
        gathered.add(round.durations);
        if (of_rounds < least_rounds || gathered.count() < enough)
            continue;
        double const mean = mean_below(gathered, cut);
        if (mean > 0.0)
            values.push_back({first, std::log(mean)});
        gathered = {};
        of_rounds = 0;
    }
    return values;
}

double median(std::vector<double> numbers) {
    auto const half = static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), numbers.begin() + half, numbers.end());
    double const upper = numbers[static_cast<std::size_t>(half)];
    if (numbers.size() % 2 == 1)
        return upper;
    return (upper + *std::max_element(numbers.begin(), numbers.begin() + half)) / 2.0;
}

double median_of(std::span<const Value> values) {
    std::vector<double> logs;
    logs.reserve(values.size());
    for (const Value &value : values)
        logs.push_back(value.log);
    return median(std::move(logs));
}

/// How much the values of a side resemble the one before: their correlation around the median, which for few
/// values is estimated too low.
double resemblance(std::span<const Value> side) {
    double const center = median_of(side);
    double product = 0.0;
    double square = 0.0;
    for (std::size_t i = 0; i < side.size(); ++i) {
        double const here = side[i].log - center;
        square += here * here;
        if (i > 0)
            product += here * (side[i - 1].log - center);
    }
    if (square == 0.0)
        return 0.0;
    double const seen = product / square;
    return std::clamp(seen + (1.0 + 3.0 * seen) / static_cast<double>(side.size()), 0.0, most_resemblance);
}

std::vector<double> differences(std::span<const Value> before, std::span<const Value> after, Stop stop) {
    std::vector<double> all;
    all.reserve(before.size() * after.size());
    for (const Value &later : after)
        for (const Value &earlier : before)
            all.push_back(later.log - earlier.log);
    stop();
    std::sort(all.begin(), all.end());
    return all;
}

/// Where the two kinds of values part best: the split between whose sides the ranks vary most.
std::int64_t find_first(std::span<const Value> before, std::span<const Value> after) {
    constexpr std::size_t least_side = 3;
    std::vector<Value> all(before.begin(), before.end());
    all.insert(all.end(), after.begin(), after.end());
    double sum = 0.0;
    double best = -1.0;
    std::int64_t first = all.back().at;
    for (std::size_t i = 0; i + least_side < all.size(); ++i) {
        for (const Value &other : all) // twice the rank, from the middle
            sum += static_cast<double>((other.log < all[i].log) - (other.log > all[i].log));
        double const part = sum * sum / static_cast<double>((i + 1) * (all.size() - i - 1));
        if (i + 1 >= least_side && part > best) {
            best = part;
            first = all[i + 1].at;
        }
    }
    return first;
}

Verdict judge(double shift, double low, double high, double least) noexcept {
    if (shift >= least && low > 0.0)
        return Verdict::slower;
    if (shift <= -least && high < 0.0)
        return Verdict::faster;
    return low > -least && high < least ? Verdict::unchanged : Verdict::unclear;
}

/// By the calls up to a cut.
Comparison compare_below(std::span<const Round> before, std::span<const Round> after, double share,
                         const Caution &caution, Stop stop) {
    Comparison result;
    result.low = -1.0;
    result.high = std::numeric_limits<double>::infinity();
    result.n_before = count_of(before);
    result.n_after = count_of(after);
    std::size_t const cut = find_cut(before, after, share);
    std::vector<Value> const earlier = values_of(before, cut);
    stop();
    std::vector<Value> const later = values_of(after, cut);
    if (!earlier.empty())
        result.before = std::exp(median_of(earlier));
    if (!later.empty())
        result.after = std::exp(median_of(later));
    if (earlier.size() < least_values || later.size() < least_values)
        return result;

    std::vector<double> const shifts = differences(earlier, later, stop);
    double const shift = shifts.size() % 2 == 1
                             ? shifts[shifts.size() / 2]
                             : (shifts[shifts.size() / 2 - 1] + shifts[shifts.size() / 2]) / 2.0;
    // A change in the middle of a side looks like resemblance: the other side is as it always was.
    double const resembles = std::min(resemblance(earlier), resemblance(later));
    auto const n = static_cast<double>(earlier.size());
    auto const m = static_cast<double>(later.size());
    double const z = normal_excess(caution.false_alarms / looks / 2.0 /
                                   static_cast<double>(std::max<std::size_t>(caution.comparisons, 1)));
    double const deviation = std::sqrt(n * m * (n + m + 1.0) / 12.0 * (1.0 + resembles) / (1.0 - resembles));
    double const rank = std::floor(n * m / 2.0 - z * deviation);
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    if (rank >= 1.0) {
        auto const place = static_cast<std::size_t>(rank);
        low = shifts[place - 1];
        high = shifts[shifts.size() - place];
    }
    result.change = std::expm1(shift);
    result.low = std::expm1(low);
    result.high = std::expm1(high);
    result.verdict = judge(shift, low, high, std::log1p(caution.least_change));
    if (result.verdict == Verdict::slower || result.verdict == Verdict::faster)
        result.first_seen = find_first(earlier, later);
    return result;
}

bool is_change(const Comparison &found) noexcept {
    return found.verdict == Verdict::slower || found.verdict == Verdict::faster;
}

} // namespace

double normal_excess(double probability) noexcept {
    double low = 0.0;
    double high = 40.0;
    for (int i = 0; i < 100; ++i) {
        double const half = (low + high) / 2.0;
        (std::erfc(half / std::sqrt(2.0)) / 2.0 > probability ? low : high) = half;
    }
    return low;
}

Comparison compare_rounds(std::span<const Round> before, std::span<const Round> after, const Caution &caution,
                          Stop stop) {
    Comparison const nearly_all = compare_below(before, after, kept_share, caution, stop);
    if (is_change(nearly_all))
        return nearly_all;
    Comparison const most = compare_below(before, after, kept_of_busy, caution, stop);
    return is_change(most) ? most : nearly_all;
}

} // namespace steward::core
