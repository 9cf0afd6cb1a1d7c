// Waiting until there is nothing left to do.
#include "worker/clock.hpp"
#include "worker/schedule.hpp"

extern "C" {
#include "pgstat.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "worker";

/// The launcher has looked since `change`, nothing is due and nobody works; idle workers rest.
bool is_at_rest(const WorkerState &state, uint64 change, TimestampTz now) noexcept {
    if (state.seen < change)
        return false;
    for (const WorkerSlot &slot : state.slots)
        if (slot.phase == Phase::starting || slot.phase == Phase::running || slot.called)
            return false;
    for (int i = 0; i < most_entries; ++i)
        if (state.keys[i].is_valid() && is_due(state.entries[i], now) &&
            !is_closed(state, state.keys[i].database))
            return false;
    return true;
}

int64 microseconds(const Interval *interval) noexcept {
    int64 const days = static_cast<int64>(interval->month) * DAYS_PER_MONTH + interval->day;
    constexpr int64 most = static_cast<int64>(INT_MAX) * 1000;
    if (days > 24) // beyond what a wait can take
        return most;
    return std::clamp<int64>(days * USECS_PER_DAY + std::clamp(interval->time, -most, most), 0, most);
}

} // namespace

STEWARD_FUNCTION(steward_worker_wait) {
    require_worker();
    TimestampTz const end = GetCurrentTimestamp() + microseconds(PG_GETARG_INTERVAL_P(0));
    uint64 const change = with_state(LW_EXCLUSIVE, [](WorkerState &state) {
        notify_launcher(state);
        return state.changes;
    });
    ConditionVariable *const changed = &worker_state().changed;
    ConditionVariablePrepareToSleep(changed);
    bool result = true;
    while (!with_state(LW_SHARED,
                       [&](const WorkerState &state) { return is_at_rest(state, change, worker_now()); })) {
        int64 const left = end - GetCurrentTimestamp();
        if (left <= 0) {
            result = false;
            break;
        }
        (void)ConditionVariableTimedSleep(changed, static_cast<long>((left + 999) / 1000), PG_WAIT_EXTENSION);
    }
    ConditionVariableCancelSleep();
    PG_RETURN_BOOL(result);
}

} // namespace steward
