// Which entry gets a worker next, and what the end of a run means for the next one. All of it works on the
// shared state, under its lock.
#pragma once

#include "extension/settings.hpp"
#include "worker/state.hpp"

namespace steward {

/// A database that could be served.
struct Candidate {
    Oid oid;
    bool may_connect;
};

/// The databases of the server, sorted by oid.
using Candidates = std::span<const Candidate>;

/// What becomes of the entry of a role.
enum class Verdict : uint8 { fit, gone, no_role, no_connect };

struct RoleCandidate {
    EntryKey key;
    Verdict verdict;
};

/// Sorted by database and role.
using RoleCandidates = std::span<const RoleCandidate>;

inline bool is_before(EntryKey a, EntryKey b) noexcept {
    return a.database != b.database ? a.database < b.database : a.role < b.role;
}

/// One start of a worker, as its main function gets it.
struct Job {
    EntryKey key;
    Oid login; ///< the role to connect as
    int slot;
    uint64 ticket;
};

struct Outcome {
    Presence presence;
    int sqlstate;        ///< 0 if the run succeeded
    const char *message; ///< in ASCII
};

/// What a worker does that has nothing to do.
enum class Next : uint8 { wait, run, leave };

inline constexpr int64 longest_pause = 300 * USECS_PER_SEC;

inline int64 naptime() noexcept {
    return worker_settings.naptime_s * USECS_PER_SEC;
}

bool is_due(const EntryState &entry, TimestampTz now) noexcept;

// table.cpp: the table against the catalogs

/// Brings the duties in line with the databases that there are, and with the clock. Idle workers that are
/// connected as anybody but `login` are dismissed.
void update_duties(WorkerState &state, Candidates candidates, Oid login, TimestampTz now) noexcept;
/// Brings the roles in line with what they may; drops those that have nothing to do.
void update_roles(WorkerState &state, RoleCandidates candidates, TimestampTz now) noexcept;
/// Marks what is due as not served, until the next look: there is no role to serve it.
void skip_due(WorkerState &state, Presence why, TimestampTz now) noexcept;

// schedule.cpp

/// How many workers an entry of that kind may have. Jobs may take hours: they leave one to the duties.
int most_for(EntryKey key) noexcept;
/// Takes a slot for the entry that is to be served next, duties by `login`; entries that have an idle worker
/// are handed to it. False if none is due or no slot is free.
bool choose(WorkerState &state, TimestampTz now, Oid login, Job &job) noexcept;
/// Sends idle workers away for those that wait for a slot, and lets everybody know whether somebody does.
void make_room(WorkerState &state, TimestampTz now, Oid login) noexcept;
/// Sends the worker away that has been idle longest; false if none is idle.
bool dismiss_longest_idle(WorkerState &state, bool only_roles) noexcept;
/// The next time after `now` at which something comes due by itself; DT_NOEND if nothing does.
TimestampTz next_time(const WorkerState &state, TimestampTz now) noexcept;

// outcome.cpp

/// A worker has started: what is committed from here on is for the next one. False if it came too late.
bool claim(WorkerState &state, const Job &job, int pid, int procno, TimestampTz now) noexcept;
/// What a run came to. True if it failed by something that the server log does not have yet.
bool record(WorkerState &state, const Job &job, const Outcome &outcome, TimestampTz now) noexcept;
/// The worker may not do what it was called for: somebody else is to.
void give_back(WorkerState &state, const Job &job) noexcept;
/// A worker that has nothing to do looks whether there is something, `is_over` for the last time.
Next go_on(WorkerState &state, const Job &job, bool is_over, TimestampTz now) noexcept;
/// Gives the slot back, if the job still holds it. A run that was not recorded is to be done again.
void release(WorkerState &state, const Job &job, TimestampTz now) noexcept;

} // namespace steward
