// The process that starts workers. It belongs to no database, and sleeps unless there is something to do.
#include "worker/launcher.hpp"

#include "worker/clock.hpp"
#include "worker/databases.hpp"

extern "C" {
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr int64 longest_sleep = 60 * USECS_PER_SEC;
constexpr int64 pause_without_slot = 5 * USECS_PER_SEC;

/// A worker that this launcher started and that the server has not yet said to be gone.
struct Started {
    BackgroundWorkerHandle *handle;
    Job job;
};

std::array<Started, most_workers> started{};
TimestampTz paused_until = 0; ///< by the machine's clock: the server had no room for a worker
bool pause_is_logged = false;
const char *logged_why_no_role = nullptr;
uint64 requests_seen = 0;

void set_launcher(int pid, int procno) {
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        state.launcher_pid = pid;
        state.launcher_procno = procno;
        for (WorkerSlot &slot : state.slots) // what an earlier launcher started comes too late
            if (slot.phase == Phase::starting)
                free_slot(state, slot);
        ConditionVariableBroadcast(&state.changed);
    });
}

/// Workers that ended, also those that never came to run.
void reap() {
    for (Started &one : started) {
        pid_t pid = 0;
        if (one.handle == nullptr || GetBackgroundWorkerPid(one.handle, &pid) != BGWH_STOPPED)
            continue;
        with_state(LW_EXCLUSIVE, [&](WorkerState &state) { release(state, one.job, worker_now()); });
        pfree(one.handle);
        one.handle = nullptr;
    }
}

/// The sessions that closed a database and did not live to open it again.
void drop_dead_closures() {
    with_state(LW_EXCLUSIVE, [](WorkerState &state) {
        for (Closure &closure : state.closures) {
            if (closure.pid == 0 || BackendPidGetProc(closure.pid) != nullptr)
                continue;
            closure = Closure{};
            ++state.reopenings;
        }
    });
}

bool start_worker(const Job &job) {
    BackgroundWorker worker;
    memset(&worker, 0, sizeof(worker));
    strlcpy(worker.bgw_name, "pg_steward worker", sizeof(worker.bgw_name));
    strlcpy(worker.bgw_type, "pg_steward worker", sizeof(worker.bgw_type));
    strlcpy(worker.bgw_library_name, "pg_steward", sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, "steward_worker_main", sizeof(worker.bgw_function_name));
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART; // or it would be restarted for ever in a dropped database
    worker.bgw_notify_pid = MyProcPid;
    static_assert(sizeof(Job) <= BGW_EXTRALEN);
    memcpy(worker.bgw_extra, &job, sizeof(job));

    Started &place = started[static_cast<std::size_t>(job.slot)];
    if (place.handle != nullptr)
        pfree(place.handle);
    place = {nullptr, job};
    MemoryContext const caller = MemoryContextSwitchTo(TopMemoryContext); // the handle outlives the round
    bool const is_started = RegisterDynamicBackgroundWorker(&worker, &place.handle);
    MemoryContextSwitchTo(caller);
    return is_started;
}

void pause(const Job &job) {
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        int const place = find_database(state, job.database);
        if (place >= 0)
            state.databases[place].dirty = true;
        state.slots[job.slot] = WorkerSlot{};
    });
    paused_until = GetCurrentTimestamp() + pause_without_slot;
    if (!pause_is_logged)
        ereport(LOG, errmsg("pg_steward could not start a worker: no slot is free"),
                errhint("You might need to increase max_worker_processes."));
    pause_is_logged = true;
}

/// Starts workers until nothing is due, no slot is free, or a database was opened since the list was read.
void start_due(Oid role, uint64 reopenings, TimestampTz now) {
    for (;;) {
        Job job{};
        job.role = role;
        bool const chosen = with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
            return state.reopenings == reopenings && choose(state, now, job);
        });
        if (!chosen)
            return;
        if (!start_worker(job)) {
            pause(job);
            return;
        }
        pause_is_logged = false;
    }
}

void log_role(const Catalog &catalog) {
    if (catalog.why_no_role != nullptr && catalog.why_no_role != logged_why_no_role)
        ereport(LOG, errmsg("pg_steward starts no worker: role \"steward_worker\" will not do"),
                errdetail_internal("%s", catalog.why_no_role),
                errhint("Deploy the migration that makes the roles."));
    logged_why_no_role = catalog.why_no_role;
}

/// Looks at everything once.
void make_round() {
    reap();
    drop_dead_closures();
    uint64 seen = 0;
    uint64 reopenings = 0;
    with_state(LW_SHARED, [&](const WorkerState &state) {
        seen = state.changes;
        reopenings = state.reopenings;
        requests_seen = state.requests;
    });
    TimestampTz const now = worker_now();
    Catalog const catalog = read_catalog();
    log_role(catalog);
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        update_table(state, catalog.databases, now);
        if (!OidIsValid(catalog.role))
            skip_due(state, Presence::no_role, now);
    });
    if (OidIsValid(catalog.role) && GetCurrentTimestamp() >= paused_until)
        start_due(catalog.role, reopenings, now);
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) { state.seen = seen; });
    ConditionVariableBroadcast(&worker_state().changed);
}

/// How long there is nothing to do, in microseconds.
int64 sleep_time() {
    TimestampTz const now = worker_now();
    TimestampTz next = DT_NOEND;
    bool is_closing = false;
    bool is_behind = false;
    with_state(LW_SHARED, [&](const WorkerState &state) {
        is_behind = state.seen != state.changes; // a wait for a lock may have taken the latch's signal
        next = next_time(state, now);
        is_closing = std::any_of(std::begin(state.closures), std::end(state.closures),
                                 [](const Closure &closure) { return closure.pid != 0; });
    });
    int64 sleep = is_behind ? 0 : longest_sleep;
    if (next != DT_NOEND && !clock_is_virtual())
        sleep = std::min(sleep, next - now);
    if (is_closing)
        sleep = std::min<int64>(sleep, USECS_PER_SEC);
    TimestampTz const real_now = GetCurrentTimestamp();
    if (paused_until > real_now)
        sleep = std::min(sleep, paused_until - real_now);
    return sleep;
}

/// Waits for the latch and acts on what is asked of every process.
void nap(int64 microseconds) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                    static_cast<long>((microseconds + 999) / 1000), PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    check_interrupts();
    if (ConfigReloadPending) {
        ConfigReloadPending = 0;
        ProcessConfigFile(PGC_SIGHUP);
    }
}

/// A worker has asked for help since the last round: it has too much to do to wait for a tick.
bool help_is_asked() {
    return with_state(LW_SHARED, [](const WorkerState &state) { return state.requests != requests_seen; });
}

/// Sleeps until something is due or somebody wakes, and then until the next tick: ticks stand in a grid
/// of time, so that they do not drift, and there is at most one round in each cell of it, help apart.
void sleep_until_due(TimestampTz round_started) {
    nap(sleep_time());
    int64 const cell = USECS_PER_SEC / worker_settings.tick_hz;
    TimestampTz const next_tick = (round_started / cell + 1) * cell;
    // A clock that is set back ends the wait.
    for (TimestampTz now = GetCurrentTimestamp(); now < next_tick && now >= round_started && !help_is_asked();
         now = GetCurrentTimestamp())
        nap(next_tick - now);
}

} // namespace

void register_launcher() {
    BackgroundWorker worker;
    memset(&worker, 0, sizeof(worker));
    strlcpy(worker.bgw_name, "pg_steward launcher", sizeof(worker.bgw_name));
    strlcpy(worker.bgw_type, "pg_steward launcher", sizeof(worker.bgw_type));
    strlcpy(worker.bgw_library_name, "pg_steward", sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, "steward_launcher_main", sizeof(worker.bgw_function_name));
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = 10;
    RegisterBackgroundWorker(&worker);
}

STEWARD_MAIN(steward_launcher_main) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    pgstat_report_appname(MyBgworkerEntry->bgw_name);
    set_launcher(MyProcPid, MyProc->pgprocno);
    on_shmem_exit([](int, Datum) { boundary([] { set_launcher(0, 0); }); }, 0);
    MemoryContext const context =
        AllocSetContextCreate(TopMemoryContext, "steward launcher round", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(context);
    for (;;) {
        TimestampTz const round_started = GetCurrentTimestamp();
        pgstat_report_activity(STATE_RUNNING, "looking for what is due");
        make_round();
        MemoryContextReset(context);
        pgstat_report_activity(STATE_IDLE, nullptr);
        sleep_until_due(round_started);
    }
}

} // namespace steward
