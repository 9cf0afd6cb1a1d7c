// What the launcher, its workers and every session share about background work.
#pragma once

#include "core/stats/ticks.hpp"
#include "extension/shared.hpp"

#include <atomic>

extern "C" {
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
}

namespace steward {

inline constexpr int most_databases = 1024; ///< more take turns, see schedule.cpp
inline constexpr int most_roles = 1024;     ///< that have work at once
inline constexpr int most_entries = most_databases + most_roles;
inline constexpr int most_workers = 64;
inline constexpr int most_closures = 32;

/// What a worker is for: the duties of a database, or the jobs of one role in it.
struct alignas(8) EntryKey {
    Oid database;
    Oid role; ///< InvalidOid for the duties

    bool operator==(const EntryKey &) const = default;
    bool is_valid() const noexcept { return OidIsValid(database); }
    bool is_role() const noexcept { return OidIsValid(role); }
};

/// What a worker found in its database, or what kept the launcher from starting one.
enum class Presence : uint8 { unknown, absent, present, version_differs, no_role, no_connect, no_grant };

struct EntryState {
    TimestampTz next_due;   ///< when it is looked at without being woken; never, if it is a role's
    TimestampTz not_before; ///< after a failure: not even if it is woken
    TimestampTz wish;       ///< when the run that goes on, or the last one, wants the next
    TimestampTz started;    ///< of the last run; 0 if there was none
    TimestampTz ended;
    int64 runs;
    int64 failures;
    int failures_in_row;
    int wanted; ///< workers asked for beside the one that runs
    Presence presence;
    bool dirty;  ///< somebody committed work; read without the lock by wake()
    bool vetted; ///< a role that the launcher has seen to be one that may work
    int sqlstate;
    char message[160];
    uint32 logged[8]; ///< hashes of the errors that the server log has already
};

enum class Phase : uint8 { free, starting, running, idle };

struct WorkerSlot {
    EntryKey key;
    Oid login; ///< the role that it is connected as
    Phase phase;
    bool connected; ///< an end before that is no fault of the run
    bool finished;  ///< the run was recorded
    bool called;    ///< idle, and told that there is work
    bool leaving;   ///< idle, and told or about to end: nobody counts on it
    int pid;
    int procno;
    uint64 idle_since; ///< in nanoseconds of the machine's steady clock
    uint64 ticket;     ///< of the start that holds the slot: one that comes too late finds another
};

/// No worker may be in this database while the session does what needs it empty.
struct Closure {
    Oid database;
    int pid;
};

/// The first half of the table is for duties, the second one for roles: neither takes the other's room.
struct WorkerState {
    pg_atomic_uint64 clock;    ///< a TimestampTz; real_clock for the clock of the machine
    ConditionVariable changed; ///< after each round and when a worker ends or rests
    int launcher_pid;          ///< 0 if there is none
    int launcher_procno;
    uint64 tickets;
    uint64 changes;    ///< counts what the launcher has to look at
    uint64 seen;       ///< the count up to which it has
    uint64 requests;   ///< calls for help: each is worth a round before the next tick
    uint64 reopenings; ///< counts closures that ended: lists of databases from before are stale
    bool starved;      ///< somebody waits for a slot: no worker stays for itself
    TimestampTz ticking_since;
    core::TickCounts ticks;
    EntryKey keys[most_entries];
    EntryState entries[most_entries];
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

/// The half of the table in which an entry lies.
struct Places {
    int first;
    int end;
};
inline constexpr Places duty_places{0, most_databases};
inline constexpr Places role_places{most_databases, most_entries};

/// -1 if there is no such entry.
int find_entry(const WorkerState &state, EntryKey key) noexcept;
/// The same, but makes it: in a free place, or in that of the entry that can best do without. -1 if none can.
int take_entry(WorkerState &state, EntryKey key) noexcept;

/// Workers in a database, whatever they are for and whatever they do.
int workers_in(const WorkerState &state, Oid database) noexcept;
/// Workers of an entry, idle ones included.
int workers_of(const WorkerState &state, EntryKey key) noexcept;
/// Those of them that work or are about to.
int active_of(const WorkerState &state, EntryKey key) noexcept;
/// The worker of the entry that has been idle for the shortest time and may be called; nullptr if there is
/// none.
WorkerSlot *idle_of(WorkerState &state, EntryKey key) noexcept;

bool is_closed(const WorkerState &state, Oid database) noexcept;
/// Frees the slot and lets those know who wait for that; the caller holds the lock.
void free_slot(WorkerState &state, WorkerSlot &slot) noexcept;

/// Counts a change and wakes the launcher; the caller holds the lock.
void notify_launcher(WorkerState &state) noexcept;
/// The same for what is worth a round before the next tick.
void hurry_launcher(WorkerState &state) noexcept;
/// Tells an idle worker that there is work, or to end. The caller holds the lock: as long as the slot is
/// held, the process is there.
void call_worker(WorkerSlot &slot) noexcept;
void dismiss(WorkerSlot &slot) noexcept;

/// Marks an entry as having work. An idle worker of it begins at once, without the launcher.
void wake(EntryKey key);
/// The duties of a database.
inline void wake(Oid database) {
    wake(EntryKey{database, InvalidOid});
}
/// The jobs of a role. Does nothing in a server that does not preload the library.
void wake_role(Oid database, Oid role);

} // namespace steward
