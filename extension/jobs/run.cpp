#include "extension/jobs/run.hpp"

#include <csignal>

#include "extension/jobs/transaction.hpp"
#include "extension/rows.hpp"

extern "C" {

#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

namespace steward::jobs {

namespace {

constexpr const char *component = "job";

Run *mine = nullptr;

Run *find_run(State &state, int64 run_id) noexcept {
    for (Run &run : state.runs)
        if (run_id != 0 && run.run_id == run_id && run.database == MyDatabaseId)
            return &run;
    return nullptr;
}

Run *take_place(State &state) noexcept {
    for (Run &run : state.runs)
        if (run.run_id == 0)
            return &run;
    return nullptr;
}

NullableDatum progress_of(const Run &run) {
    if (run.total == 0 && run.note[0] == '\0')
        return {0, true};
    return {CStringGetTextDatum(run.note), false};
}

} // namespace

Run *my_run() noexcept {
    return mine;
}

void leave_run() noexcept {
    if (mine == nullptr)
        return;
    with_state(LW_EXCLUSIVE, [](State &) { *mine = Run{}; });
    mine = nullptr;
}

bool take_cancel() noexcept {
    return mine != nullptr &&
           with_state(LW_EXCLUSIVE, [](State &) { return std::exchange(mine->cancel, false); });
}

void begin_job(int64 job) noexcept {
    if (mine == nullptr)
        return;
    bool const late = with_state(LW_EXCLUSIVE, [&](State &) {
        bool const asked = mine->cancel;
        mine->job = job;
        mine->started = GetCurrentTimestamp();
        mine->cancel = false;
        mine->done = 0;
        mine->total = 0;
        mine->note[0] = '\0';
        return asked;
    });
    if (late)
        QueryCancelPending = false; // the job had ended before the signal came
}

/// Says that this session does the jobs of that row of job_run, until job_run_end or the abort of a
/// transaction.
STEWARD_FUNCTION_UNMEASURED(steward_job_run_begin) {
    int64 const run_id = PG_GETARG_INT64(0);
    if (mine != nullptr)
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("this session runs jobs already"), errdetail("A handler cannot run other jobs."));
    mine = with_state(LW_EXCLUSIVE, [&](State &state) {
        Run *const place = take_place(state);
        if (place != nullptr) {
            *place = Run{};
            place->run_id = run_id;
            place->pid = MyProcPid;
            place->database = MyDatabaseId;
            place->owner = GetUserId();
        }
        return place;
    });
    if (mine == nullptr)
        ereport(ERROR, errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED), errmsg("too many sessions run jobs"),
                errdetail("There may be %d at once.", most_runs));
    PG_RETURN_VOID();
}

STEWARD_FUNCTION_UNMEASURED(steward_job_run_end) {
    settle_taken(PG_GETARG_BOOL(0));
    PG_RETURN_VOID();
}

/// The start of the server: a run of another one has ended with it.
STEWARD_FUNCTION_UNMEASURED(steward_job_boot) {
    PG_RETURN_INT64(with_state(LW_SHARED, [](const State &state) { return state.boot; }));
}

/// What runs in this database now: run_id, pid, job, started_at, done, total, note.
STEWARD_FUNCTION_UNMEASURED(steward_job_runs) {
    ResultRows const rows = start_rows(fcinfo);
    auto *const copy = static_cast<Run *>(palloc(sizeof(Run) * most_runs));
    with_state(LW_SHARED, [&](const State &state) { memcpy(copy, state.runs, sizeof(state.runs)); });
    for (const Run &run : std::span(copy, most_runs)) {
        if (run.run_id == 0 || run.database != MyDatabaseId || !may_act_for(run.owner))
            continue;
        rows.add_nullable([&] {
            return std::array<NullableDatum, 7>{{{Int64GetDatum(run.run_id), false},
                                                 {Int32GetDatum(run.pid), false},
                                                 {Int64GetDatum(run.job), run.job == 0},
                                                 {TimestampTzGetDatum(run.started), run.job == 0},
                                                 {Int64GetDatum(run.done), run.total == 0},
                                                 {Int64GetDatum(run.total), run.total == 0},
                                                 progress_of(run)}};
        });
    }
    return 0; // the rows are in the tuplestore
}

/// How far the job is that this session runs. False if it runs none, or another one.
STEWARD_FUNCTION_UNMEASURED(steward_job_run_progress) {
    int64 const job = PG_GETARG_INT64(0);
    int64 const done = PG_GETARG_INT64(1);
    int64 const total = PG_GETARG_INT64(2);
    char *const note = text_to_cstring(PG_GETARG_TEXT_PP(3));
    int const length = pg_mbcliplen(note, static_cast<int>(strlen(note)), note_size - 1);
    note[length] = '\0';
    if (mine == nullptr || mine->job != job)
        PG_RETURN_BOOL(false);
    with_state(LW_EXCLUSIVE, [&](State &) {
        mine->done = done;
        mine->total = total;
        strlcpy(mine->note, note, note_size);
    });
    PG_RETURN_BOOL(true);
}

/// Ends the job that a run does now; false if it does another one.
STEWARD_FUNCTION_UNMEASURED(steward_job_run_cancel) {
    int64 const run_id = PG_GETARG_INT64(0);
    int64 const job = PG_GETARG_INT64(1);
    Oid const owner = with_state(LW_SHARED, [&](State &state) {
        const Run *const run = find_run(state, run_id);
        return run == nullptr ? InvalidOid : run->owner;
    });
    if (!OidIsValid(owner) || !may_act_for(owner))
        PG_RETURN_BOOL(false);
    // The signal is sent under the lock that the job needs to end: it hits no other one.
    PG_RETURN_BOOL(with_state(LW_EXCLUSIVE, [&](State &state) {
        Run *const run = find_run(state, run_id);
        if (run == nullptr || run->job != job)
            return false;
        run->cancel = true;
        return kill(run->pid, SIGINT) == 0;
    }));
}

} // namespace steward::jobs
