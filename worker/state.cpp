#include "worker/state.hpp"

extern "C" {
#include "storage/latch.h"
#include "storage/proc.h"
}

namespace steward {

namespace {

constinit Shared<WorkerState> shared("steward worker 2", [](void *memory) {
    auto *const state = static_cast<WorkerState *>(memory);
    pg_atomic_init_u64(&state->clock, static_cast<uint64>(real_clock));
    ConditionVariableInit(&state->changed);
});

/// Nobody works there or has asked for it. A failure keeps a role's entry, but not where room is short:
/// the duties wake the role again.
bool can_do_without(const WorkerState &state, int index) noexcept {
    const EntryState &entry = state.entries[index];
    bool const has_work = entry.dirty || entry.wanted > 0;
    return (!has_work || (state.keys[index].is_role() && entry.failures_in_row > 0)) &&
           workers_of(state, state.keys[index]) == 0;
}

template <class Condition> int count_slots(const WorkerState &state, Condition condition) noexcept {
    return static_cast<int>(
        std::count_if(std::begin(state.slots), std::end(state.slots),
                      [&](const WorkerSlot &slot) { return slot.phase != Phase::free && condition(slot); }));
}

void set_launchers_latch(const WorkerState &state) noexcept {
    if (state.launcher_pid != 0)
        SetLatch(&GetPGProcByNumber(state.launcher_procno)->procLatch);
}

} // namespace

SharedBlock &worker_block() noexcept {
    return shared.block();
}

bool worker_is_preloaded() noexcept {
    return shared.block().is_made();
}

void require_worker() {
    if (!worker_is_preloaded())
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("the background worker is not loaded"),
                errhint("Add pg_steward to shared_preload_libraries and restart the server."));
}

WorkerState &worker_state() {
    return shared.get();
}

int find_entry(const WorkerState &state, EntryKey key) noexcept {
    Places const places = key.is_role() ? role_places : duty_places;
    const auto *const end = state.keys + places.end;
    const auto *const place = std::find(state.keys + places.first, end, key);
    return place == end ? -1 : static_cast<int>(place - state.keys);
}

int take_entry(WorkerState &state, EntryKey key) noexcept {
    int place = find_entry(state, key);
    if (place >= 0)
        return place;
    Places const places = key.is_role() ? role_places : duty_places;
    for (int i = places.first; i < places.end; ++i) {
        if (!state.keys[i].is_valid()) {
            place = i;
            break;
        }
        if (can_do_without(state, i) &&
            (place < 0 || state.entries[i].started < state.entries[place].started))
            place = i;
    }
    if (place < 0)
        return -1;
    std::atomic_ref(state.keys[place]).store(key);
    state.entries[place] = EntryState{};
    state.entries[place].next_due = key.is_role() ? DT_NOEND : DT_NOBEGIN; // duties: at once
    state.entries[place].wish = DT_NOEND;
    return place;
}

int workers_in(const WorkerState &state, Oid database) noexcept {
    return count_slots(state, [&](const WorkerSlot &slot) { return slot.key.database == database; });
}

int workers_of(const WorkerState &state, EntryKey key) noexcept {
    return count_slots(state, [&](const WorkerSlot &slot) { return slot.key == key; });
}

int active_of(const WorkerState &state, EntryKey key) noexcept {
    return count_slots(state, [&](const WorkerSlot &slot) {
        return slot.key == key && !slot.leaving && (slot.phase != Phase::idle || slot.called);
    });
}

WorkerSlot *idle_of(WorkerState &state, EntryKey key) noexcept {
    WorkerSlot *found = nullptr;
    for (WorkerSlot &slot : state.slots)
        if (slot.phase == Phase::idle && slot.key == key && !slot.called && !slot.leaving &&
            (found == nullptr || slot.idle_since > found->idle_since))
            found = &slot;
    return found;
}

bool is_closed(const WorkerState &state, Oid database) noexcept {
    return std::any_of(std::begin(state.closures), std::end(state.closures), [&](const Closure &closure) {
        return closure.pid != 0 && closure.database == database;
    });
}

void free_slot(WorkerState &state, WorkerSlot &slot) noexcept {
    slot = WorkerSlot{};
    notify_launcher(state);
    ConditionVariableBroadcast(&state.changed);
}

void notify_launcher(WorkerState &state) noexcept {
    // What it has not seen yet it sees at its next tick anyway: one signal a round is enough.
    bool const is_first = state.changes == state.seen;
    ++state.changes;
    if (is_first)
        set_launchers_latch(state);
}

void hurry_launcher(WorkerState &state) noexcept {
    ++state.changes;
    ++state.requests;
    set_launchers_latch(state);
}

void call_worker(WorkerSlot &slot) noexcept {
    slot.called = true;
    SetLatch(&GetPGProcByNumber(slot.procno)->procLatch);
}

void dismiss(WorkerSlot &slot) noexcept {
    slot.leaving = true;
    SetLatch(&GetPGProcByNumber(slot.procno)->procLatch);
}

void wake(EntryKey key) {
    static int place = 0; // where this backend found its entry the last time
    WorkerState &state = worker_state();
    // Whoever clears the flag takes its snapshot afterwards, and this commit is visible before this look.
    if (std::atomic_ref(state.keys[place]).load() == key &&
        std::atomic_ref(state.entries[place].dirty).load())
        return;
    with_state(LW_EXCLUSIVE, [&](WorkerState &locked) {
        int const taken = take_entry(locked, key);
        if (taken >= 0) {
            place = taken;
            std::atomic_ref(locked.entries[taken].dirty).store(true);
            // Duties are done by one worker unless it asks for help; jobs by as many as are there.
            WorkerSlot *const idle = idle_of(locked, key);
            if (idle != nullptr && (key.is_role() || active_of(locked, key) == 0)) {
                call_worker(*idle);
                return;
            }
        }
        notify_launcher(locked);
    });
}

void wake_role(Oid database, Oid role) {
    if (worker_is_preloaded() && OidIsValid(role))
        wake(EntryKey{database, role});
}

} // namespace steward
