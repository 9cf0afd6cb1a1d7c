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
        return std::array<NullableDatum, 7>{
            NullableDatum{Int64GetDatum(static_cast<int64>(counts.ticks)), false},
            NullableDatum{Float8GetDatum(core::tick_frequency(counts, now_ns())), false},
            milliseconds(core::duration_quantile(counts.lateness, 0.5)),
            milliseconds(core::duration_quantile(counts.lateness, 0.95)),
            milliseconds(static_cast<double>(counts.longest)),
            NullableDatum{TimestampTzGetDatum(since), false},
            NullableDatum{Int64GetDatum(static_cast<int64>(counts.missed)), false}};
    });
    return 0; // the row is in the tuplestore
}

} // namespace steward
