#include "worker/schedule.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace steward {

namespace {

/// 1 s after the first failure, twice as long after each further one.
int64 pause_after(int failures) noexcept {
    return failures <= 0 ? 0 : std::min(longest_pause, USECS_PER_SEC << std::min(failures - 1, 16));
}

/// True the first time since the last success that this error ends a run.
bool is_news(DatabaseState &database, const Outcome &outcome) noexcept {
    auto const *const text = reinterpret_cast<const unsigned char *>(outcome.message);
    uint32 hash =
        hash_bytes(text, static_cast<int>(strlen(outcome.message))) ^ static_cast<uint32>(outcome.sqlstate);
    hash += hash == 0 ? 1 : 0;
    if (std::find(std::begin(database.logged), std::end(database.logged), hash) != std::end(database.logged))
        return false;
    std::copy_backward(std::begin(database.logged), std::end(database.logged) - 1, std::end(database.logged));
    database.logged[0] = hash;
    return true;
}

void note_failure(DatabaseState &database, int sqlstate, const char *message) noexcept {
    ++database.failures;
    ++database.failures_in_row;
    database.dirty = true;
    database.sqlstate = sqlstate;
    strlcpy(database.message, message, sizeof(database.message));
}

} // namespace

bool claim(WorkerState &state, const Job &job, int pid, TimestampTz now) noexcept {
    WorkerSlot &slot = state.slots[job.slot];
    int const place = find_database(state, job.database);
    if (slot.phase != Phase::starting || slot.ticket != job.ticket || place < 0)
        return false;
    slot.phase = Phase::running;
    slot.pid = pid;
    state.databases[place].dirty = false;
    state.databases[place].started = now;
    return true;
}

bool record(WorkerState &state, const Job &job, const Outcome &outcome, TimestampTz now) noexcept {
    state.slots[job.slot].finished = true;
    int const place = find_database(state, job.database);
    if (place < 0)
        return false;
    DatabaseState &database = state.databases[place];
    database.presence = outcome.presence;
    database.ended = now;
    database.next_due = now + naptime();
    if (outcome.presence == Presence::present)
        ++database.runs;
    if (outcome.sqlstate != 0) {
        note_failure(database, outcome.sqlstate, outcome.message);
        database.not_before = now + pause_after(database.failures_in_row);
        return is_news(database, outcome);
    }
    database.failures_in_row = 0;
    database.not_before = DT_NOBEGIN;
    database.sqlstate = 0;
    database.message[0] = '\0';
    std::fill(std::begin(database.logged), std::end(database.logged), 0U);
    return false;
}

void release(WorkerState &state, const Job &job, TimestampTz now) noexcept {
    WorkerSlot &slot = state.slots[job.slot];
    if (slot.phase == Phase::free || slot.ticket != job.ticket)
        return;
    int const place = find_database(state, job.database);
    if (!slot.finished && place >= 0) {
        DatabaseState &database = state.databases[place];
        database.dirty = true;
        database.ended = now;
        if (!is_closed(state, job.database)) {
            note_failure(database, ERRCODE_ADMIN_SHUTDOWN, "the worker ended before its run did");
            // Somebody stopped it: the next one starts at once, unless that happens again and again.
            int const counted = database.failures_in_row - (slot.connected ? 1 : 0);
            database.not_before = now + pause_after(counted);
        }
    }
    free_slot(state, slot);
}

} // namespace steward
