// What was measured in a stretch of time, and whether something has become slower in it.
#include <unordered_map>

#include "core/stats/slowdown.hpp"

#include "extension/monitor/rounds.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "executor/spi.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr double nanoseconds_per_second = 1e9;

/// A series over all rounds of the window.
struct Gathered {
    std::uint64_t rounds = 0;
    double seconds = 0.0;
    bool is_histogram = false;
    double total = 0.0;
    double first = 0.0;
    double last = 0.0;
    double least = 0.0;
    double most = 0.0;
    core::Durations durations;

    void add(double amount, double of_seconds) noexcept {
        first = rounds == 0 ? amount : first;
        least = rounds == 0 ? amount : std::min(least, amount);
        most = rounds == 0 ? amount : std::max(most, amount);
        last = amount;
        total += amount;
        seconds += of_seconds;
        ++rounds;
    }
};

using Window = std::unordered_map<std::int64_t, Gathered>;

[[noreturn]] void raise_strange_bytes() {
    throw core::Error(core::ErrorKind::invalid_argument, "these bytes are no histogram");
}

const core::Durations &known(const std::optional<core::Durations> &durations) {
    if (!durations)
        raise_strange_bytes();
    return *durations;
}

void gather(Window &window, const monitor::RoundRow &round) {
    for (std::size_t i = 0; i < round.scalars.size(); ++i)
        window[round.scalars[i]].add(round.amounts[i], round.seconds);
    for (std::size_t i = 0; i < round.histograms.size(); ++i) {
        Gathered &gathered = window[round.histograms[i]];
        gathered.is_histogram = true;
        if (!core::add_packed(gathered.durations, monitor::view(DatumGetByteaPP(round.bins[i]))))
            raise_strange_bytes();
        ++gathered.rounds;
        gathered.seconds += round.seconds;
    }
}

monitor::RoundRow next_round(std::uint64_t row) {
    check_interrupts();
    return guarded([&] { return monitor::read_round(row); });
}

void return_window(const ResultRows &rows, const Window &window) {
    for (const auto &one : window) {
        std::int64_t const series = one.first;
        const Gathered &gathered = one.second;
        std::string packed;
        if (gathered.is_histogram)
            core::pack(gathered.durations, packed);
        auto const n =
            static_cast<int64>(gathered.is_histogram ? gathered.durations.count() : gathered.rounds);
        double const total = gathered.is_histogram ? static_cast<double>(gathered.durations.nanoseconds) /
                                                         nanoseconds_per_second
                                                   : gathered.total;
        bool const no_amounts = gathered.is_histogram;
        guarded([&] {
            rows.add_nullable([&] {
                return std::array<NullableDatum, 10>{
                    NullableDatum{Int64GetDatum(series), false},
                    NullableDatum{Int64GetDatum(static_cast<int64>(gathered.rounds)), false},
                    NullableDatum{Float8GetDatum(gathered.seconds), false},
                    NullableDatum{Int64GetDatum(n), false},
                    NullableDatum{Float8GetDatum(total), false},
                    NullableDatum{Float8GetDatum(gathered.first), no_amounts},
                    NullableDatum{Float8GetDatum(gathered.last), no_amounts},
                    NullableDatum{Float8GetDatum(gathered.least), no_amounts},
                    NullableDatum{Float8GetDatum(gathered.most), no_amounts},
                    NullableDatum{no_amounts ? PointerGetDatum(monitor::bytea_of(packed)) : Datum{0},
                                  !no_amounts}};
            });
        });
    }
}

struct Sides {
    std::vector<core::Round> before;
    std::vector<core::Round> after;
};

std::unordered_map<std::int64_t, Sides> read_sides(std::uint64_t count, TimestampTz at) {
    std::unordered_map<std::int64_t, Sides> all;
    for (std::uint64_t row = 0; row < count; ++row) {
        monitor::RoundRow const round = next_round(row);
        for (std::size_t i = 0; i < round.histograms.size(); ++i) {
            std::optional<core::Durations> const durations =
                core::unpack(monitor::view(DatumGetByteaPP(round.bins[i])));
            Sides &sides = all[round.histograms[i]];
            (round.at <= at ? sides.before : sides.after).push_back({round.at, known(durations)});
        }
    }
    return all;
}

/// What has calls on both sides could be found slower; what has not is no comparison.
std::size_t count_comparisons(const std::unordered_map<std::int64_t, Sides> &all) noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [](const auto &one) { return !one.second.before.empty() && !one.second.after.empty(); }));
}

const char *verdict_name(core::Verdict verdict) noexcept {
    switch (verdict) {
    case core::Verdict::too_little:
        return "too little data";
    case core::Verdict::unclear:
        return "unclear";
    case core::Verdict::unchanged:
        return "unchanged";
    case core::Verdict::slower:
        return "slower";
    case core::Verdict::faster:
        return "faster";
    }
    return "unclear";
}

void return_comparison(const ResultRows &rows, std::int64_t series, const core::Comparison &found) {
    auto const seconds = [](double nanoseconds) {
        return NullableDatum{Float8GetDatum(nanoseconds / nanoseconds_per_second), nanoseconds == 0.0};
    };
    bool const is_known = found.verdict != core::Verdict::too_little;
    bool const is_change = found.verdict == core::Verdict::slower || found.verdict == core::Verdict::faster;
    guarded([&] {
        rows.add_nullable([&] {
            return std::array<NullableDatum, 10>{
                NullableDatum{Int64GetDatum(series), false},
                seconds(found.before),
                seconds(found.after),
                NullableDatum{Float8GetDatum(found.change), !is_known},
                NullableDatum{Float8GetDatum(found.low), !is_known},
                NullableDatum{Float8GetDatum(found.high), !is_known},
                NullableDatum{CStringGetTextDatum(verdict_name(found.verdict)), false},
                NullableDatum{TimestampTzGetDatum(found.first_seen), !is_change},
                NullableDatum{Int64GetDatum(static_cast<int64>(found.n_before)), false},
                NullableDatum{Int64GetDatum(static_cast<int64>(found.n_after)), false}};
        });
    });
}

} // namespace

/// (since, until)
STEWARD_FUNCTION_UNMEASURED(steward_metric_window) {
    TimestampTz const since = PG_GETARG_TIMESTAMPTZ(0);
    TimestampTz const until = PG_GETARG_TIMESTAMPTZ(1);
    ResultRows const rows = start_rows(fcinfo);
    SPI_connect();
    std::uint64_t const count = monitor::find_rounds(since, until);
    {
        Window window;
        for (std::uint64_t row = 0; row < count; ++row)
            gather(window, next_round(row));
        return_window(rows, window);
    }
    SPI_finish();
    return 0; // the rows are in the tuplestore
}

/// (since, at, until)
STEWARD_FUNCTION_UNMEASURED(steward_metric_compare) {
    TimestampTz const since = PG_GETARG_TIMESTAMPTZ(0);
    TimestampTz const at = PG_GETARG_TIMESTAMPTZ(1);
    TimestampTz const until = PG_GETARG_TIMESTAMPTZ(2);
    ResultRows const rows = start_rows(fcinfo);
    SPI_connect();
    std::uint64_t const count = monitor::find_rounds(since, until);
    {
        std::unordered_map<std::int64_t, Sides> const all = read_sides(count, at);
        core::Caution caution;
        caution.comparisons = count_comparisons(all);
        for (const auto &[series, sides] : all)
            return_comparison(
                rows, series,
                core::compare_rounds(sides.before, sides.after, caution, core::Stop{on_interrupt}));
    }
    SPI_finish();
    return 0; // the rows are in the tuplestore
}

} // namespace steward
