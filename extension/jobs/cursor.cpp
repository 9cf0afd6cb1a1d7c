// Where in its line the next ready job is looked for.
#include "extension/jobs/transaction.hpp"
#include "extension/rows.hpp"
#include "extension/text.hpp"
#include "worker/wake.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/timestamp.h"
}

namespace steward::jobs {

namespace {

constexpr const char *component = "job";

int priority_argument(FunctionCallInfo fcinfo, int n) {
    int const priority = PG_GETARG_INT16(n);
    if (priority < 0 || priority >= priorities)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("priority must be from 0 to 9"));
    return priority;
}

Line line_argument(FunctionCallInfo fcinfo, int owner, int queue, int runner) {
    Oid const role = PG_GETARG_OID(owner);
    if (!may_act_for(role))
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("permission denied for jobs of another role"));
    return line_of(role, text_argument(fcinfo, queue), PG_GETARG_CHAR(runner));
}

} // namespace

/// (owner, queue, runner, priority, position): jobs from that position on are ready when this transaction
/// commits; then a worker of the owner does them, unless clients do.
STEWARD_FUNCTION_UNMEASURED(steward_job_ready) {
    Line const line = line_argument(fcinfo, 0, 1, 2);
    ready_at_commit(line, priority_argument(fcinfo, 3), PG_GETARG_INT64(4));
    if (PG_GETARG_CHAR(2) != 'c')
        wake_role_at_commit(line.owner);
    PG_RETURN_VOID();
}

/// (owner, queue, runner, first priority) -> priority, position, generation: where to look next; null if
/// there is nothing to be found from that priority on.
STEWARD_FUNCTION_UNMEASURED(steward_job_cursor) {
    Line const line = line_argument(fcinfo, 0, 1, 2);
    int const first = PG_GETARG_INT16(3);
    int found = -1;
    int64 position = 0;
    uint64 generation = 0;
    with_state(LW_EXCLUSIVE, [&](State &state) {
        const Cursors &cursors = find_cursors(state, line);
        for (int priority = std::max(first, 0); priority < priorities && found < 0; ++priority)
            if (cursors.may_have(priority))
                found = priority;
        if (found >= 0)
            position = cursors.positions[static_cast<std::size_t>(found)];
        generation = cursors.generation;
    });
    if (found < 0)
        PG_RETURN_NULL();
    return one_row(fcinfo, std::array{Int16GetDatum(static_cast<int16>(found)), Int64GetDatum(position),
                                      Int64GetDatum(static_cast<int64>(generation))});
}

/// (owner, queue, runner, priority, position, generation, last position, is the end, to be run, first
/// position): moves the cursor past what was found, if nobody else has moved it and nothing has become ready
/// since it was read; then what was found is this session's. False otherwise.
STEWARD_FUNCTION_UNMEASURED(steward_job_cursor_move) {
    Line const line = line_argument(fcinfo, 0, 1, 2);
    int const priority = priority_argument(fcinfo, 3);
    int64 const position = PG_GETARG_INT64(4);
    auto const generation = static_cast<uint64>(PG_GETARG_INT64(5));
    int64 const last = PG_GETARG_INT64(6);
    bool const is_end = PG_GETARG_BOOL(7);
    if (IsolationUsesXactSnapshot()) // sees less than there is: others look there as well
        PG_RETURN_BOOL(true);
    bool const moved = with_state(LW_EXCLUSIVE, [&](State &state) {
        Cursors &cursors = find_cursors(state, line);
        int64 &place = cursors.positions[static_cast<std::size_t>(priority)];
        if (cursors.generation != generation || place != position)
            return false;
        place = std::max(place, last);
        if (is_end)
            cursors.maybe &= ~(1U << priority);
        return true;
    });
    if (moved && last > position)
        note_taken(line, priority, PG_GETARG_INT64(9), PG_GETARG_BOOL(8));
    PG_RETURN_BOOL(moved);
}

/// Whether an owner may have ready jobs in a queue.
STEWARD_FUNCTION_UNMEASURED(steward_job_may_be_ready) {
    Line const line = line_argument(fcinfo, 0, 1, 2);
    PG_RETURN_BOOL(
        with_state(LW_EXCLUSIVE, [&](State &state) { return find_cursors(state, line).maybe != 0; }));
}

/// Nothing is known any more about the queues of this database, if that was not so `seconds` ago.
STEWARD_FUNCTION_UNMEASURED(steward_job_cursors_forget) {
    int64 const age = PG_GETARG_INT32(0) * USECS_PER_SEC;
    TimestampTz const now = GetCurrentTimestamp();
    TimestampTz const refreshed = with_state(LW_SHARED, [](const State &state) { return state.refreshed; });
    if (now - refreshed >= age || now < refreshed)
        forget_cursors();
    PG_RETURN_VOID();
}

} // namespace steward::jobs
