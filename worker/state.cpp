#include "worker/state.hpp"

#include <atomic>

extern "C" {
#include "storage/latch.h"
#include "storage/proc.h"
}

namespace steward {

namespace {

constinit Shared<WorkerState> shared("steward worker 1", [](void *memory) {
    auto *const state = static_cast<WorkerState *>(memory);
    pg_atomic_init_u64(&state->clock, static_cast<uint64>(real_clock));
    ConditionVariableInit(&state->changed);
});

/// Nobody runs there or has asked for it.
bool is_idle(const WorkerState &state, int index) noexcept {
    const DatabaseState &database = state.databases[index];
    return !database.dirty && database.wanted == 0 && running_in(state, state.oids[index]) == 0;
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

int find_database(const WorkerState &state, Oid database) noexcept {
    const auto *const place = std::find(std::begin(state.oids), std::end(state.oids), database);
    return place == std::end(state.oids) ? -1 : static_cast<int>(place - state.oids);
}

int take_database(WorkerState &state, Oid database) noexcept {
    int place = find_database(state, database);
    if (place >= 0)
        return place;
    place = find_database(state, InvalidOid);
    if (place < 0) {
        for (int i = 0; i < most_databases; ++i)
            if (is_idle(state, i) &&
                (place < 0 || state.databases[i].started < state.databases[place].started))
                place = i;
        if (place < 0)
            return -1;
    }
    state.oids[place] = database;
    state.databases[place] = DatabaseState{};
    state.databases[place].next_due = DT_NOBEGIN; // at once
    return place;
}

int running_in(const WorkerState &state, Oid database) noexcept {
    return static_cast<int>(
        std::count_if(std::begin(state.slots), std::end(state.slots), [&](const WorkerSlot &slot) {
            return slot.phase != Phase::free && slot.database == database;
        }));
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
    ++state.changes;
    if (state.launcher_pid != 0)
        SetLatch(&GetPGProcByNumber(state.launcher_procno)->procLatch);
}

void wake(Oid database) {
    static int place = 0; // where this backend found its database the last time
    WorkerState &state = worker_state();
    // Whoever clears the flag takes its snapshot afterwards, and this commit is visible before this look.
    if (std::atomic_ref(state.oids[place]).load() == database &&
        std::atomic_ref(state.databases[place].dirty).load())
        return;
    with_state(LW_EXCLUSIVE, [&](WorkerState &locked) {
        int const taken = take_database(locked, database);
        if (taken >= 0) {
            place = taken;
            std::atomic_ref(locked.databases[taken].dirty).store(true);
        }
        notify_launcher(locked);
    });
}

} // namespace steward
