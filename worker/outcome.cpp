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
bool is_news(EntryState &entry, const Outcome &outcome) noexcept {
    auto const *const text = reinterpret_cast<const unsigned char *>(outcome.message);
    uint32 hash =
        hash_bytes(text, static_cast<int>(strlen(outcome.message))) ^ static_cast<uint32>(outcome.sqlstate);
    hash += hash == 0 ? 1 : 0;
    if (std::find(std::begin(entry.logged), std::end(entry.logged), hash) != std::end(entry.logged))
        return false;
    std::copy_backward(std::begin(entry.logged), std::end(entry.logged) - 1, std::end(entry.logged));
    entry.logged[0] = hash;
    return true;
}

void note_failure(EntryState &entry, int sqlstate, const char *message) noexcept {
    ++entry.failures;
    ++entry.failures_in_row;
    entry.dirty = true;
    entry.sqlstate = sqlstate;
    strlcpy(entry.message, message, sizeof(entry.message));
}

/// What is committed from here on is for the next run.
void begin_run(WorkerState &state, WorkerSlot &slot, int place, TimestampTz now) noexcept {
    EntryState &entry = state.entries[place];
    bool const is_alone = active_of(state, slot.key) - (slot.phase == Phase::starting ? 1 : 0) == 0;
    slot.phase = Phase::running;
    slot.called = false;
    slot.finished = false;
    entry.dirty = false;
    entry.started = now;
    if (is_alone) // those who help do not take back what the others have wished
        entry.wish = DT_NOEND;
}

/// Whether an idle worker is wanted in this entry. Duties are done by one unless it asks for help.
bool has_work_for(const WorkerState &state, int place) noexcept {
    const EntryState &entry = state.entries[place];
    bool const is_one_more = active_of(state, state.keys[place]) > 0;
    return entry.wanted > 0 || (entry.dirty && (!is_one_more || state.keys[place].is_role()));
}

} // namespace

bool claim(WorkerState &state, const Job &job, int pid, int procno, TimestampTz now) noexcept {
    WorkerSlot &slot = state.slots[job.slot];
    int const place = find_entry(state, job.key);
    if (slot.phase != Phase::starting || slot.ticket != job.ticket || place < 0)
        return false;
    slot.pid = pid;
    slot.procno = procno;
    begin_run(state, slot, place, now);
    return true;
}

bool record(WorkerState &state, const Job &job, const Outcome &outcome, TimestampTz now) noexcept {
    state.slots[job.slot].finished = true;
    int const place = find_entry(state, job.key);
    if (place < 0)
        return false;
    EntryState &entry = state.entries[place];
    entry.presence = outcome.presence;
    entry.ended = now;
    if (!job.key.is_role())
        entry.next_due = std::min(entry.wish, now + naptime());
    if (entry.wish != DT_NOEND)
        notify_launcher(state); // it does not know of that time
    if (outcome.presence == Presence::present)
        ++entry.runs;
    if (outcome.sqlstate != 0) {
        note_failure(entry, outcome.sqlstate, outcome.message);
        entry.not_before = now + pause_after(entry.failures_in_row);
        return is_news(entry, outcome);
    }
    entry.failures_in_row = 0;
    entry.not_before = DT_NOBEGIN;
    entry.sqlstate = 0;
    entry.message[0] = '\0';
    std::fill(std::begin(entry.logged), std::end(entry.logged), 0U);
    return false;
}

void give_back(WorkerState &state, const Job &job) noexcept {
    state.slots[job.slot].finished = true;
    int const place = find_entry(state, job.key);
    if (place < 0)
        return;
    state.entries[place].dirty = true;
    state.entries[place].vetted = false;
}

Next go_on(WorkerState &state, const Job &job, bool is_over, TimestampTz now) noexcept {
    WorkerSlot &slot = state.slots[job.slot];
    bool const has_stayed = slot.phase == Phase::idle;
    bool const was_called = std::exchange(slot.called, false);
    slot.phase = Phase::idle;
    int const place = find_entry(state, job.key);
    bool const may_run = place >= 0 && !slot.leaving && (has_stayed || !is_over) &&
                         !is_closed(state, job.key.database) && now >= state.entries[place].not_before;
    // Somebody who waits for a slot comes before more work of the same kind.
    if (may_run && (was_called || (!state.starved && has_work_for(state, place)))) {
        EntryState &entry = state.entries[place];
        if (!was_called)
            entry.wanted = std::max(0, entry.wanted - 1);
        begin_run(state, slot, place, now);
        return Next::run;
    }
    if (is_over || state.starved || place < 0)
        slot.leaving = true;
    if (!has_stayed)
        ConditionVariableBroadcast(&state.changed);
    return slot.leaving ? Next::leave : Next::wait;
}

void release(WorkerState &state, const Job &job, TimestampTz now) noexcept {
    WorkerSlot &slot = state.slots[job.slot];
    if (slot.phase == Phase::free || slot.ticket != job.ticket)
        return;
    int const place = find_entry(state, job.key);
    if (!slot.finished && place >= 0) {
        EntryState &entry = state.entries[place];
        entry.dirty = true;
        entry.ended = now;
        if (!is_closed(state, job.key.database)) {
            note_failure(entry, ERRCODE_ADMIN_SHUTDOWN, "the worker ended before its run did");
            // Somebody stopped it: the next one starts at once, unless that happens again and again.
            int const counted = entry.failures_in_row - (slot.connected ? 1 : 0);
            entry.not_before = now + pause_after(counted);
        }
    }
    free_slot(state, slot);
}

} // namespace steward
