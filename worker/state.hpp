// What the launcher, its workers and every session share about background work.
#pragma once

#include "extension/shared.hpp"

extern "C" {
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
}

namespace steward {

inline constexpr int most_databases = 1024; ///< more take turns, see schedule.cpp
inline constexpr int most_workers = 64;
inline constexpr int most_closures = 32;

/// What a worker found in its database, or what kept the launcher from starting one.
enum class Presence : uint8 { unknown, absent, present, version_differs, no_role, no_connect, no_grant };

struct DatabaseState {
    TimestampTz next_due;   ///< when it is looked at without being woken
    TimestampTz not_before; ///< after a failure: not even if it is woken
    TimestampTz started;    ///< of the last run; 0 if there was none
    TimestampTz ended;
    int64 runs;
    int64 failures;
    int failures_in_row;
    int wanted; ///< workers asked for beside the one that runs
    Presence presence;
    bool dirty; ///< somebody committed work; read without the lock by wake()
    int sqlstate;
    char message[160];
    uint32 logged[8]; ///< hashes of the errors that the server log has already
};

enum class Phase : uint8 { free, starting, running };

struct WorkerSlot {
    Oid database;
    Phase phase;
    bool connected; ///< an end before that is no fault of the run
    bool finished;  ///< the run was recorded
    int pid;
    uint64 ticket; ///< of the start that holds the slot: one that comes too late finds another
};

/// No worker may be in this database while the session does what needs it empty.
struct Closure {
    Oid database;
    int pid;
};

struct WorkerState {
    pg_atomic_uint64 clock;    ///< a TimestampTz; real_clock for the clock of the machine
    ConditionVariable changed; ///< after each round and when a worker ends
    int launcher_pid;          ///< 0 if there is none
    int launcher_procno;
    uint64 tickets;
    uint64 changes;    ///< counts what the launcher has to look at
    uint64 seen;       ///< the count up to which it has
    uint64 requests;   ///< calls for help: each is worth a round before the next tick
    uint64 reopenings; ///< counts closures that ended: lists of databases from before are stale
    Oid oids[most_databases];
    DatabaseState databases[most_databases];
    WorkerSlot slots[most_workers];
    Closure closures[most_closures];
};

inline constexpr TimestampTz real_clock = DT_NOBEGIN;

/// The block to reserve while the library is preloaded.
SharedBlock &worker_block() noexcept;

/// False in a server that does not preload the library: there is neither launcher nor state.
bool worker_is_preloaded() noexcept;
/// Raises 55000 unless the library is preloaded.
void require_worker();

WorkerState &worker_state();
/// Runs `body` while this process holds the lock of the state. It raises no error.
template <class Body> auto with_state(LWLockMode mode, Body &&body) {
    WorkerState &state = worker_state();
    LWLock *const lock = worker_block().lock();
    LWLockAcquire(lock, mode);
    if constexpr (std::is_void_v<std::invoke_result_t<Body &, WorkerState &>>) {
        body(state);
        LWLockRelease(lock);
    } else {
        auto result = body(state);
        LWLockRelease(lock);
        return result;
    }
}

/// The entry of a database; -1 if it has none.
int find_database(const WorkerState &state, Oid database) noexcept;
/// The same, but makes it: in a free place, or in that of the database that has been idle longest.
int take_database(WorkerState &state, Oid database) noexcept;
int running_in(const WorkerState &state, Oid database) noexcept;
bool is_closed(const WorkerState &state, Oid database) noexcept;
/// Frees the slot and lets those know who wait for that; the caller holds the lock.
void free_slot(WorkerState &state, WorkerSlot &slot) noexcept;

/// Counts a change and wakes the launcher; the caller holds the lock.
void notify_launcher(WorkerState &state) noexcept;
/// Marks a database as having work.
void wake(Oid database);

} // namespace steward
