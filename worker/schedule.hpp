// Which database gets a worker next, and what the end of a run means for the next one. All of it works on
// the shared state, under its lock.
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

/// One start of a worker, as its main function gets it.
struct Job {
    Oid database;
    Oid role;
    int slot;
    uint64 ticket;
};

struct Outcome {
    Presence presence;
    int sqlstate;        ///< 0 if the run succeeded
    const char *message; ///< in ASCII
};

inline constexpr int64 longest_pause = 300 * USECS_PER_SEC;

inline int64 naptime() noexcept {
    return worker_settings.naptime_s * USECS_PER_SEC;
}

bool is_due(const DatabaseState &database, TimestampTz now) noexcept;

/// Brings the table in line with the databases that there are, and with the clock.
void update_table(WorkerState &state, Candidates candidates, TimestampTz now) noexcept;
/// Marks what is due as not served, until the next look: there is no role to serve it.
void skip_due(WorkerState &state, Presence why, TimestampTz now) noexcept;
/// Takes a slot for the database that is to be served next; false if none is due or no slot is free.
bool choose(WorkerState &state, TimestampTz now, Job &job) noexcept;
/// The next time after `now` at which something comes due by itself; DT_NOEND if nothing does.
TimestampTz next_time(const WorkerState &state, TimestampTz now) noexcept;

/// A worker has started: what is committed from here on is for the next one. False if it came too late.
bool claim(WorkerState &state, const Job &job, int pid, TimestampTz now) noexcept;
/// What a run came to. True if it failed by something that the server log does not have yet.
bool record(WorkerState &state, const Job &job, const Outcome &outcome, TimestampTz now) noexcept;
/// Gives the slot back, if the job still holds it. A run that was not recorded is to be done again.
void release(WorkerState &state, const Job &job, TimestampTz now) noexcept;

} // namespace steward
