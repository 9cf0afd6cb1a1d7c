// What an operator sees of the launcher's ticks.
#include "worker/state.hpp"

#include "extension/rows.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "worker";
constexpr double nanoseconds_per_millisecond = 1e6;

NullableDatum milliseconds(double nanoseconds) {
    return {Float8GetDatum(nanoseconds / nanoseconds_per_millisecond), false};
}

} // namespace

/// One row; none where no launcher has ticked.
STEWARD_FUNCTION(steward_tick_summary) {
    ResultRows const rows = start_rows(fcinfo);
    if (!worker_is_preloaded())
        return 0;
    TimestampTz since = 0;
    auto const counts = with_state(LW_SHARED, [&](const WorkerState &state) {
        since = state.ticking_since;
        return state.ticks;
    });
    if (counts.ticks == 0)
        return 0;
    rows.add_nullable([&] {
        return std::array<NullableDatum, 8>{
            NullableDatum{Int64GetDatum(static_cast<int64>(counts.ticks)), false},
            NullableDatum{Float8GetDatum(core::tick_frequency(counts, now_ns())), false},
            milliseconds(core::duration_quantile(counts.lateness, 0.5)),
            milliseconds(core::duration_quantile(counts.lateness, 0.95)),
            milliseconds(static_cast<double>(counts.longest)),
            NullableDatum{TimestampTzGetDatum(since), false},
            NullableDatum{Int64GetDatum(static_cast<int64>(counts.missed)), false},
            NullableDatum{Float8GetDatum(counts.total_s), false}};
    });
    return 0; // the row is in the tuplestore
}

/// Cumulative, by powers of two as operation_histogram(); no rows where no launcher has ticked.
STEWARD_FUNCTION(steward_tick_histogram) {
    ResultRows const rows = start_rows(fcinfo);
    if (!worker_is_preloaded())
        return 0;
    auto const counts = with_state(LW_SHARED, [](const WorkerState &state) { return state.ticks; });
    if (counts.ticks == 0)
        return 0;
    std::uint64_t observations = 0;
    for (std::size_t bucket = 0; bucket < core::duration_buckets; ++bucket) {
        observations += counts.lateness[bucket];
        if (core::is_bucket_shown(bucket))
            rows.add([&] {
                return std::array{Float8GetDatum(core::bucket_seconds(bucket)),
                                  Int64GetDatum(static_cast<int64>(observations))};
            });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward
