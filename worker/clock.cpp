#include "worker/clock.hpp"

#include "worker/state.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "worker";

TimestampTz set_time() {
    if (!worker_is_preloaded())
        return real_clock;
    return static_cast<TimestampTz>(pg_atomic_read_u64(&worker_state().clock));
}

} // namespace

TimestampTz worker_now() {
    TimestampTz const set = set_time();
    return set == real_clock ? GetCurrentTimestamp() : set;
}

bool clock_is_virtual() {
    return set_time() != real_clock;
}

STEWARD_FUNCTION(steward_worker_clock) {
    PG_RETURN_TIMESTAMPTZ(worker_now());
}

STEWARD_FUNCTION(steward_worker_clock_set) {
    require_worker();
    TimestampTz const at = PG_ARGISNULL(0) ? real_clock : PG_GETARG_TIMESTAMPTZ(0);
    if (!PG_ARGISNULL(0) && TIMESTAMP_NOT_FINITE(at))
        ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("the time must be finite"));
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        pg_atomic_write_u64(&state.clock, static_cast<uint64>(at));
        notify_launcher(state);
    });
    PG_RETURN_VOID();
}

} // namespace steward
