// The session of a worker: how it is set up, what it may, and what is left of it between two runs.
#pragma once

#include "worker/schedule.hpp"

namespace steward {

/// What a worker runs.
struct Entry {
    const char *call;
    const char *procedure;
};

/// Connects as the job says.
void connect(const Job &job);

/// What the worker finds in its database before each run, in a short transaction that keeps no lock.
Presence look_around(const Job &job, const Entry &entry);

/// The role still is what it was when the worker connected as it. Within a transaction.
bool is_role_unchanged(const Job &job);

/// Gives up what a session holds beyond a transaction, and every setting that a run has made. In a
/// transaction of its own. False if the session is that of another role now.
bool forget_run(const Job &job);

} // namespace steward
