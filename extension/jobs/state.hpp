// What all sessions share about queues: where the next ready job stands, and who runs what.
#pragma once

#include "extension/shared.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace steward::jobs {

inline constexpr int priorities = 10;
inline constexpr std::size_t lines_in_set = 8;
inline constexpr std::size_t most_lines = 16 * lines_in_set;
inline constexpr int most_runs = 64;
inline constexpr std::size_t note_size = 80;

/// The jobs of one owner in one queue that one kind of runner takes.
struct Line {
    Oid database;
    Oid owner;
    uint64 queue; ///< hash of the name and the runner

    bool operator==(const Line &) const = default;
};

/// All ready jobs of a line and a priority stand behind the position of that priority, except those that
/// somebody has taken and not done yet. Without it each look for work would pass by all the dead entries that
/// the index keeps for as long as any transaction is open.
struct Cursors {
    Line line;
    uint64 used;       ///< for taking the place of the line of its set that was not used for longest
    uint64 generation; ///< changes with whatever may have become ready before or behind a position
    uint32 maybe;      ///< a bit for each priority: 0 if there was none, and nothing has become ready since
    std::array<int64, priorities> positions;

    bool may_have(int priority) const noexcept { return (maybe >> priority & 1U) != 0; }
};

/// A session that runs jobs which a row of job_run names.
struct Run {
    int64 run_id; ///< 0 if the place is free
    int pid;
    Oid database;
    Oid owner;
    bool cancel; ///< the job is to end as cancelled
    int64 job;   ///< that is being run now; 0 between two of them
    TimestampTz started;
    int64 done;
    int64 total; ///< 0 if the job has not said how far it is
    char note[note_size];
};

struct State {
    int64 boot;        ///< the start of the server
    uint64 generation; ///< the last that was given out
    uint64 uses;
    TimestampTz refreshed; ///< when all cursors were last set back
    Cursors cursors[most_lines];
    Run runs[most_runs];
};

SharedBlock &block() noexcept;
/// Raises 55000 where the server has no room for it.
State &state();

/// Runs `body` while this process holds the lock of the state. It raises no error.
template <class Body> auto with_state(LWLockMode mode, Body &&body) {
    State &shared = state();
    LWLock *const lock = block().lock();
    LWLockAcquire(lock, mode);
    if constexpr (std::is_void_v<std::invoke_result_t<Body &, State &>>) {
        body(shared);
        LWLockRelease(lock);
    } else {
        auto result = body(shared);
        LWLockRelease(lock);
        return result;
    }
}

Line line_of(Oid owner, std::string_view queue, char runner) noexcept;
/// The cursors of a line, made if need be; they may take the place of another line's.
Cursors &find_cursors(State &state, const Line &line) noexcept;
/// Something may have become ready from `position` on. The caller holds the lock.
void set_back(State &state, Cursors &cursors, int priority, int64 position) noexcept;

/// Whether the caller may look after what belongs to that role: its members, and whoever row security does
/// not hold.
bool may_act_for(Oid owner);

/// All lines of this database, as if nothing were known of them.
void forget_cursors();

} // namespace steward::jobs
