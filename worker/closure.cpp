#include "worker/closure.hpp"

#include "worker/state.hpp"

#include <csignal>

extern "C" {
#include "pgstat.h"
#include "storage/ipc.h"
}

namespace steward {

namespace {

/// Opens what this session has closed: one database, or all of them.
void open(Oid database) {
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        for (Closure &closure : state.closures) {
            if (closure.pid != MyProcPid || (OidIsValid(database) && closure.database != database))
                continue;
            closure = Closure{};
            ++state.reopenings;
            notify_launcher(state);
        }
    });
}

void open_at_exit() {
    static bool is_registered = false;
    if (is_registered)
        return;
    before_shmem_exit([](int, Datum) { boundary([] { open(InvalidOid); }); }, 0);
    is_registered = true;
}

/// A worker that has not begun finds its slot taken away; one that is idle is dismissed; one that runs is
/// terminated. A slot is held as long as its process lives, so that the signal reaches nobody else.
void stop_workers(WorkerState &state, Oid database) noexcept {
    for (WorkerSlot &slot : state.slots) {
        if (slot.key.database != database)
            continue;
        if (slot.phase == Phase::starting) {
            int const place = find_entry(state, slot.key);
            if (place >= 0)
                state.entries[place].dirty = true;
            free_slot(state, slot);
        } else if (slot.phase == Phase::idle) {
            dismiss(slot);
        } else if (slot.phase == Phase::running) {
            kill(slot.pid, SIGTERM);
        }
    }
}

} // namespace

ClosedDatabase::ClosedDatabase(Oid database) : database_(database) {
    open_at_exit();
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        auto *const place = std::find_if(std::begin(state.closures), std::end(state.closures),
                                         [](const Closure &closure) { return closure.pid == 0; });
        if (place == std::end(state.closures))
            return;
        *place = {database, MyProcPid};
        notify_launcher(state); // it looks after those who do not live to open it
        stop_workers(state, database);
    });
}

ClosedDatabase::~ClosedDatabase() {
    open(database_);
}

void ClosedDatabase::wait_until_empty() const {
    ConditionVariable *const changed = &worker_state().changed;
    ConditionVariablePrepareToSleep(changed);
    while (with_state(LW_SHARED, [&](const WorkerState &state) {
        return is_closed(state, database_) && workers_in(state, database_) > 0;
    }))
        ConditionVariableSleep(changed, PG_WAIT_EXTENSION);
    ConditionVariableCancelSleep();
}

} // namespace steward
