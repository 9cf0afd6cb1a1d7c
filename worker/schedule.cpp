#include "worker/schedule.hpp"

namespace steward {

namespace {

/// Jobs that come while a worker of their role is at a long one wait so long for it, and then get another.
constexpr int64 patience = USECS_PER_SEC;

struct Load {
    int busy;  ///< slots that are held, idle workers included
    int roles; ///< those of them held for roles
    int free;  ///< a free one, or -1
};

Load load_of(const WorkerState &state) noexcept {
    Load load{0, 0, -1};
    for (int i = 0; i < most_workers; ++i) {
        if (state.slots[i].phase == Phase::free)
            load.free = load.free < 0 ? i : load.free;
        else
            ++load.busy;
        if (state.slots[i].phase != Phase::free && state.slots[i].key.is_role())
            ++load.roles;
    }
    return load;
}

int most_at_once() noexcept {
    return std::min(worker_settings.max_workers, most_workers);
}

int most_for_roles() noexcept {
    return std::max(1, most_at_once() - 1);
}

/// When the jobs that wait behind a worker that is busy get one of their own.
TimestampTz end_of_patience(const EntryState &entry) noexcept {
    return entry.started + patience;
}

/// Ready for a worker of its own, or for one more beside those that work.
bool may_start(const WorkerState &state, int index, TimestampTz now, Oid login, bool as_helper) noexcept {
    EntryKey const key = state.keys[index];
    const EntryState &entry = state.entries[index];
    if (!key.is_valid() || !is_due(entry, now) || is_closed(state, key.database))
        return false;
    if (key.is_role() ? !entry.vetted : !OidIsValid(login))
        return false;
    int const active = active_of(state, key);
    if (!as_helper)
        return active == 0;
    bool const is_impatient =
        key.is_role() && entry.dirty && (now >= end_of_patience(entry) || now < entry.started);
    return active > 0 && (entry.wanted > 0 || is_impatient);
}

/// The first entry after `last` that is ready, going round; those without a worker come first.
int next_ready(const WorkerState &state, TimestampTz now, Oid login, int last, bool no_roles) noexcept {
    int const count = no_roles ? most_databases : most_entries;
    for (bool const as_helper : {false, true}) {
        for (int step = 1; step <= count; ++step) {
            int const index = (last + step) % count;
            if (may_start(state, index, now, login, as_helper))
                return index;
        }
    }
    return -1;
}

/// What a start, or a call, takes from the entry.
void note_start(WorkerState &state, int index, TimestampTz now) noexcept {
    EntryState &entry = state.entries[index];
    entry.wanted = std::max(0, entry.wanted - 1);
    if (!state.keys[index].is_role())
        entry.next_due = now + naptime();
    else
        entry.started = now; // patience begins
}

/// Hands what is ready to idle workers of the same entry.
void call_idle_workers(WorkerState &state, TimestampTz now, Oid login) noexcept {
    for (WorkerSlot &slot : state.slots) {
        if (slot.phase != Phase::idle || slot.called || slot.leaving)
            continue;
        int const index = find_entry(state, slot.key);
        bool const is_first = index >= 0 && may_start(state, index, now, login, false);
        if (!is_first && (index < 0 || !may_start(state, index, now, login, true)))
            continue;
        if (is_first)
            state.entries[index].dirty = true; // should the worker not live to do it
        note_start(state, index, now);
        call_worker(slot);
    }
}

} // namespace

int most_for(EntryKey key) noexcept {
    return key.is_role() ? most_for_roles() : most_at_once();
}

bool is_due(const EntryState &entry, TimestampTz now) noexcept {
    return now >= entry.not_before && (entry.dirty || entry.wanted > 0 || now >= entry.next_due);
}

bool choose(WorkerState &state, TimestampTz now, Oid login, Job &job) noexcept {
    static int last = 0;
    call_idle_workers(state, now, login);
    Load const load = load_of(state);
    if (load.busy >= most_at_once() || load.free < 0)
        return false;
    int const index = next_ready(state, now, login, last, load.roles >= most_for_roles());
    if (index < 0)
        return false;
    last = index;
    note_start(state, index, now);
    job.key = state.keys[index];
    job.login = job.key.is_role() ? job.key.role : login;
    job.slot = load.free;
    job.ticket = ++state.tickets;
    WorkerSlot &slot = state.slots[load.free];
    slot = WorkerSlot{};
    slot.key = job.key;
    slot.login = job.login;
    slot.phase = Phase::starting;
    slot.ticket = job.ticket;
    return true;
}

bool dismiss_longest_idle(WorkerState &state, bool only_roles) noexcept {
    WorkerSlot *found = nullptr;
    for (WorkerSlot &slot : state.slots)
        if (slot.phase == Phase::idle && !slot.called && !slot.leaving &&
            (!only_roles || slot.key.is_role()) && (found == nullptr || slot.idle_since < found->idle_since))
            found = &slot;
    if (found != nullptr)
        dismiss(*found);
    return found != nullptr;
}

void make_room(WorkerState &state, TimestampTz now, Oid login) noexcept {
    int waiting_duties = 0;
    int waiting_roles = 0;
    for (int i = 0; i < most_entries; ++i)
        if (may_start(state, i, now, login, false) || may_start(state, i, now, login, true))
            ++(state.keys[i].is_role() ? waiting_roles : waiting_duties);
    Load const load = load_of(state);
    bool const is_full = load.busy >= most_at_once() || load.free < 0;
    int waiting = is_full ? waiting_duties + waiting_roles : 0;
    bool only_roles = false;
    if (!is_full && load.roles >= most_for_roles()) {
        waiting = waiting_roles;
        only_roles = true;
    }
    state.starved = waiting > 0;
    for (const WorkerSlot &slot : state.slots)
        waiting -= slot.leaving ? 1 : 0;
    while (waiting-- > 0 && dismiss_longest_idle(state, only_roles)) {
    }
}

TimestampTz next_time(const WorkerState &state, TimestampTz now) noexcept {
    TimestampTz next = DT_NOEND;
    for (int i = 0; i < most_entries; ++i) {
        if (!state.keys[i].is_valid())
            continue;
        const EntryState &entry = state.entries[i];
        bool const has_work = entry.dirty || entry.wanted > 0;
        TimestampTz due = has_work ? entry.not_before : std::max(entry.next_due, entry.not_before);
        if (state.keys[i].is_role() && entry.dirty && active_of(state, state.keys[i]) > 0)
            due = std::max(due, end_of_patience(entry));
        // What is due already waits for a slot or for the end of a closure, which wake the launcher.
        if (due > now)
            next = std::min(next, due);
    }
    return next;
}

} // namespace steward
