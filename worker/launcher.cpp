// The process that starts workers. It belongs to no database. Its ticks stand in a fixed grid of time; most
// of them find nothing to do in shared memory, and end there.
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

constexpr uint64 second_ns = 1000000000;
constexpr uint64 longest_quiet = 60 * second_ns;
constexpr uint64 pause_without_slot = 5 * second_ns;
constexpr int64 least_step = USECS_PER_SEC;

/// A worker that this launcher started and that the server has not yet said to be gone.
struct Started {
    BackgroundWorkerHandle *handle;
    Job job;
};

std::array<Started, most_workers> started{};
bool pause_is_logged = false;
const char *logged_why_no_role = nullptr;

// The last round, and what ends the time without one. Nanoseconds are of the clock that never jumps.
uint64 round_begun = 0;
uint64 requests_seen = 0;
bool is_closing = false;
uint64 paused_until = 0; ///< the server had no room for a worker; 0 if it has
TimestampTz next_due = DT_NOBEGIN;
int64 clock_offset = 0; ///< what the wall clock was ahead of the other one, in microseconds

uint64 next_tick = 0;
uint64 interval = 0;

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
        paused_until = std::min<uint64>(paused_until, 1); // the server has room again
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

    BackgroundWorkerHandle *handle = nullptr;
    MemoryContext const caller = MemoryContextSwitchTo(TopMemoryContext); // the handle outlives the round
    bool const is_started = RegisterDynamicBackgroundWorker(&worker, &handle);
    MemoryContextSwitchTo(caller);
    if (!is_started)
        return false; // the one before it may not be quite gone: its end is waited for
    Started &place = started[static_cast<std::size_t>(job.slot)];
    if (place.handle != nullptr)
        pfree(place.handle);
    place = {handle, job};
    return true;
}

/// A worker has left its slot and the server does not know yet: its end, of which the server tells, makes
/// room.
bool one_is_leaving(const WorkerState &state) noexcept {
    for (int i = 0; i < most_workers; ++i)
        if (started[i].handle != nullptr && state.slots[i].ticket != started[i].job.ticket)
            return true;
    return false;
}

void pause(const Job &job) {
    bool is_leaving = false;
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        int const place = find_entry(state, job.key);
        if (place >= 0)
            state.entries[place].dirty = true;
        state.slots[job.slot] = WorkerSlot{};
        is_leaving = one_is_leaving(state);
        if (is_leaving)
            return;
        state.starved = true; // no worker stays for itself
        (void)dismiss_longest_idle(state, false);
    });
    paused_until = now_ns() + pause_without_slot;
    if (is_leaving)
        return;
    if (!pause_is_logged)
        ereport(LOG, errmsg("pg_steward could not start a worker: no slot is free"),
                errhint("You might need to increase max_worker_processes."));
    pause_is_logged = true;
}

/// Starts workers until nothing is due, no slot is free, or a database was opened since the list was read.
void start_due(Oid login, uint64 reopenings, TimestampTz now) {
    for (;;) {
        Job job{};
        bool const chosen = with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
            if (state.reopenings != reopenings)
                return false;
            bool const found = choose(state, now, login, job);
            if (!found)
                make_room(state, now, login);
            return found;
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

/// The roles that have jobs, sorted, in the memory context of the round.
std::span<RoleCandidate> copy_roles(const WorkerState &state, RoleCandidate *room) noexcept {
    std::size_t count = 0;
    for (int i = role_places.first; i < role_places.end; ++i)
        if (state.keys[i].is_valid())
            room[count++] = {state.keys[i], Verdict::gone};
    std::sort(room, room + count,
              [](const RoleCandidate &a, const RoleCandidate &b) { return is_before(a.key, b.key); });
    return {room, count};
}

int64 wall_clock_offset() {
    return GetCurrentTimestamp() - static_cast<int64>(now_ns() / 1000);
}

/// Looks at everything once.
void make_round() {
    round_begun = now_ns();
    clock_offset = wall_clock_offset();
    reap();
    drop_dead_closures();
    uint64 seen = 0;
    uint64 reopenings = 0;
    auto *const room = static_cast<RoleCandidate *>(palloc(sizeof(RoleCandidate) * most_roles));
    auto const roles = with_state(LW_SHARED, [&](const WorkerState &state) {
        seen = state.changes;
        reopenings = state.reopenings;
        requests_seen = state.requests;
        return copy_roles(state, room);
    });
    TimestampTz const now = worker_now();
    Catalog const catalog = read_catalog(roles);
    log_role(catalog);
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        update_duties(state, catalog.databases, catalog.role, now);
        update_roles(state, catalog.roles, now);
        if (!OidIsValid(catalog.role))
            skip_due(state, Presence::no_role, now);
    });
    if (now_ns() >= paused_until) {
        paused_until = 0;
        start_due(catalog.role, reopenings, now);
    }
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        state.seen = seen;
        next_due = next_time(state, now);
        is_closing = std::any_of(std::begin(state.closures), std::end(state.closures),
                                 [](const Closure &closure) { return closure.pid != 0; });
    });
    ConditionVariableBroadcast(&worker_state().changed);
}

/// Somebody has said since the last round that there is something to look at.
bool is_told() {
    return with_state(LW_SHARED, [](const WorkerState &state) { return state.seen != state.changes; });
}

/// A worker has asked for help since the last round: it has too much to do to wait for a tick.
bool help_is_asked() {
    return with_state(LW_SHARED, [](const WorkerState &state) { return state.requests != requests_seen; });
}

/// Whether this tick is worth a round.
bool is_round_due() {
    uint64 const now = now_ns();
    uint64 const quiet = now - round_begun;
    uint64 const limit = std::min(longest_quiet, static_cast<uint64>(worker_settings.naptime_s) * second_ns);
    return is_told() || worker_now() >= next_due || quiet >= limit || (is_closing && quiet >= second_ns) ||
           (paused_until != 0 && now >= paused_until) ||
           std::abs(wall_clock_offset() - clock_offset) >= least_step; // somebody has set the clock
}

/// The grid begins here, and anew when its width changes.
void set_grid() {
    uint64 const wanted = second_ns / static_cast<uint64>(worker_settings.tick_hz);
    if (interval == wanted)
        return;
    interval = wanted;
    next_tick = now_ns() + interval;
}

void begin_counting() {
    set_grid();
    with_state(LW_EXCLUSIVE, [](WorkerState &state) {
        core::begin_ticks(state.ticks, now_ns());
        state.ticking_since = GetCurrentTimestamp();
    });
}

/// Waits for the latch and acts on what is asked of every process. True if the latch was set.
bool nap(uint64 nanoseconds) {
    int const events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                 static_cast<long>((nanoseconds + 999999) / 1000000), PG_WAIT_EXTENSION);
    if ((events & WL_LATCH_SET) == 0)
        return false;
    ResetLatch(MyLatch);
    check_interrupts();
    if (ConfigReloadPending) {
        ConfigReloadPending = 0;
        ProcessConfigFile(PGC_SIGHUP);
        set_grid();
    }
    reap(); // the server tells of ends so
    return true;
}

/// Sleeps until the next time of the grid and counts the tick. Who is woken before that makes a round at once
/// if there was none since the last tick, so that there is at most one between two ticks, help apart: false
/// then.
bool sleep_until_tick() {
    uint64 const last_tick = next_tick - interval;
    for (uint64 now = now_ns(); now < next_tick; now = now_ns())
        if (nap(next_tick - now) && (help_is_asked() || (round_begun < last_tick && is_told())))
            return false;
    check_interrupts();
    with_state(LW_EXCLUSIVE, [](WorkerState &state) {
        next_tick = core::count_tick(state.ticks, next_tick, interval, now_ns());
    });
    return true;
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
    begin_counting();
    for (;;) {
        pgstat_report_activity(STATE_RUNNING, "looking for what is due");
        make_round();
        MemoryContextReset(context);
        pgstat_report_activity(STATE_IDLE, nullptr);
        while (sleep_until_tick() && !is_round_due()) {
        }
    }
}

} // namespace steward
