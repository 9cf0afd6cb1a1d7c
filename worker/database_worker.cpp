#include "worker/database_worker.hpp"

#include "worker/call.hpp"
#include "worker/clock.hpp"
#include "worker/session.hpp"
#include "worker/statement_jobs.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/dbcommands.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/ascii.h"
#include "utils/guc.h"
#include "utils/timeout.h"
}

namespace steward {

namespace {

/// The very entries that a person calls.
constexpr Entry duties{"CALL steward.worker_run()", "worker_run"};
constexpr Entry jobs{"CALL steward.jobs_run()", "jobs_run"};

/// Caches and what leaks go with the process.
constexpr uint64 longest_life_ns = 300ULL * 1000000000ULL;

/// So long a role has its slot for itself while others wait for one.
constexpr uint64 longest_turn_ns = 1000000000ULL;

bool is_worker = false;
Job job{};
Presence presence = Presence::unknown;
bool is_fit = false;
uint64 run_begun = 0;

const Entry &entry() noexcept {
    return job.key.is_role() ? jobs : duties;
}

void look() {
    presence = look_around(job, entry());
}

void look_at_role() {
    StartTransactionCommand();
    is_fit = is_role_unchanged(job);
    CommitTransactionCommand();
}

void forget() {
    is_fit = forget_run(job);
}

/// A background worker has to arm the time limit of a statement itself. Jobs have limits of their own.
void run_entry() {
    const char *const call = entry().call;
    debug_query_string = call;
    pgstat_report_activity(STATE_RUNNING, call);
    if (worker_settings.timeout_ms > 0 && !job.key.is_role())
        enable_timeout_after(STATEMENT_TIMEOUT, worker_settings.timeout_ms);
    run_statement(call);
    disable_timeout(STATEMENT_TIMEOUT, false);
}

void log_failure(const ErrorData *error) {
    StartTransactionCommand();
    const char *const database = get_database_name(MyDatabaseId);
    const char *const role = job.key.is_role() ? GetUserNameFromId(job.login, true) : nullptr;
    ereport(WARNING, errcode(error->sqlerrcode),
            role != nullptr ? errmsg("background work of role \"%s\" in database \"%s\" failed: %s", role,
                                     database != nullptr ? database : "", error->message)
                            : errmsg("background work in database \"%s\" failed: %s",
                                     database != nullptr ? database : "", error->message),
            error->detail != nullptr ? errdetail_internal("%s", error->detail) : 0,
            error->hint != nullptr ? errhint("%s", error->hint) : 0,
            error->context != nullptr ? errcontext("%s", error->context) : 0);
    CommitTransactionCommand();
}

void finish(Presence found, const ErrorData *error) {
    char message[sizeof(EntryState::message)] = "";
    if (error != nullptr) // another database, which may be of another encoding, shows it
        ascii_safe_strlcpy(message, error->message, sizeof(message));
    Outcome const outcome{found, error != nullptr ? error->sqlerrcode : 0, message};
    bool const is_news = with_state(
        LW_EXCLUSIVE, [&](WorkerState &state) { return record(state, job, outcome, worker_now()); });
    if (is_news)
        log_failure(error);
}

/// One run. True if there may be another one in this process.
bool work() {
    run_begun = now_ns();
    const ErrorData *error = attempt(&look);
    if (error == nullptr && presence == Presence::present) {
        error = attempt(&run_entry);
        if (error == nullptr && job.key.is_role())
            error = attempt(&run_statement_jobs);
        // What fails because the extension was dropped or updated meanwhile is no failure.
        if (error != nullptr && attempt(&look) == nullptr && presence != Presence::present)
            error = nullptr;
    }
    debug_query_string = nullptr;
    pgstat_report_activity(STATE_IDLE, nullptr);
    bool const may_go_on = error == nullptr && presence == Presence::present &&
                           worker_settings.linger_ms > 0 && attempt(&forget) == nullptr && is_fit;
    (void)pgstat_report_stat(true); // or autovacuum would not hear of what was written
    finish(error != nullptr ? Presence::present : presence, error);
    return may_go_on;
}

/// What every process does when it is told to, although this one runs nothing.
void act_on_signals() {
    QueryCancelPending = false; // there is nothing to cancel
    check_interrupts();
    if (catchupInterruptPending)
        ProcessCatchupInterrupt();
    if (ConfigReloadPending) {
        ConfigReloadPending = 0;
        ProcessConfigFile(PGC_SIGHUP);
    }
}

Next look_for_more(bool is_over, uint64 now) {
    return with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        if (state.slots[job.slot].phase == Phase::running)
            state.slots[job.slot].idle_since = now;
        return go_on(state, job, is_over, worker_now());
    });
}

/// Waits for more work, holding nothing. False if it is time to leave.
bool linger(uint64 begun) {
    uint64 const since = now_ns();
    Next next = look_for_more(since - begun > longest_life_ns, since);
    while (next == Next::wait) {
        uint64 const passed = (now_ns() - since) / 1000000;
        auto const limit = static_cast<uint64>(worker_settings.linger_ms);
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                        static_cast<long>(limit > passed ? limit - passed : 0), PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        (void)attempt(&act_on_signals); // a cancel ends nothing here
        next =
            look_for_more((now_ns() - since) / 1000000 >= static_cast<uint64>(worker_settings.linger_ms), 0);
    }
    return next == Next::run;
}

/// A worker that has stayed may not be who it was. Then somebody else does what it was called for.
bool is_still_fit() {
    if (attempt(&look_at_role) == nullptr && is_fit)
        return true;
    with_state(LW_EXCLUSIVE, [](WorkerState &state) { give_back(state, job); });
    return false;
}

/// Runs when the process has left the list of those who are connected, because it was registered before
/// it entered: whoever waits for the slot finds the database empty.
void leave(int, Datum) {
    boundary([] { with_state(LW_EXCLUSIVE, [](WorkerState &state) { release(state, job, worker_now()); }); });
}

} // namespace

bool is_duty_worker() noexcept {
    return is_worker && !job.key.is_role();
}

EntryKey own_entry() noexcept {
    return is_worker ? job.key : EntryKey{MyDatabaseId, InvalidOid};
}

bool must_yield() {
    if (!is_worker || !job.key.is_role() || now_ns() - run_begun < longest_turn_ns)
        return false;
    bool const is_starved = with_state(LW_SHARED, [](const WorkerState &state) { return state.starved; });
    if (is_starved)
        wake_role(job.key.database, job.key.role);
    return is_starved;
}

STEWARD_MAIN(steward_worker_main) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    is_worker = true;
    memcpy(&job, MyBgworkerEntry->bgw_extra, sizeof(job));
    on_shmem_exit(&leave, 0);
    bool const is_in_time = with_state(LW_EXCLUSIVE, [](WorkerState &state) {
        return claim(state, job, MyProcPid, MyProc->pgprocno, worker_now());
    });
    if (!is_in_time)
        proc_exit(0);
    uint64 const begun = now_ns();
    connect(job);
    with_state(LW_EXCLUSIVE, [](WorkerState &state) { state.slots[job.slot].connected = true; });
    MemoryContext const context =
        AllocSetContextCreate(TopMemoryContext, "steward worker", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(context);
    while (work() && linger(begun) && is_still_fit()) {
        MemoryContextReset(context);
        QueryCancelPending = false;
    }
    proc_exit(0);
}

} // namespace steward
