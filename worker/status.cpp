// What an operator sees of the worker.
#include "worker/clock.hpp"
#include "worker/schedule.hpp"

#include "extension/rows.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace {

constexpr const char *component = "worker";

constexpr std::size_t columns = 10;
using Row = std::array<NullableDatum, columns>;
constexpr NullableDatum null{0, true};

NullableDatum of(Datum value) {
    return {value, false};
}

NullableDatum time_or_null(TimestampTz time) {
    return time == 0 || TIMESTAMP_NOT_FINITE(time) ? null : of(TimestampTzGetDatum(time));
}

const char *word(Presence presence) {
    switch (presence) {
    case Presence::unknown:
        return "unknown";
    case Presence::absent:
        return "absent";
    case Presence::present:
        return "present";
    case Presence::version_differs:
        return "version_differs";
    case Presence::no_role:
        return "no_role";
    case Presence::no_connect:
        return "no_connect";
    case Presence::no_grant:
        return "no_grant";
    }
    return "unknown";
}

/// Those that are there, idle ones included.
Datum pids_of(const WorkerState &state, EntryKey key) {
    Datum pids[most_workers];
    int count = 0;
    for (const WorkerSlot &slot : state.slots)
        if ((slot.phase == Phase::running || slot.phase == Phase::idle) && slot.key == key)
            pids[count++] = Int32GetDatum(slot.pid);
    return PointerGetDatum(construct_array(pids, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

NullableDatum name_datum(const char *name) {
    auto *const datum = static_cast<Name>(palloc(NAMEDATALEN));
    namestrcpy(datum, name);
    return of(NameGetDatum(datum));
}

NullableDatum error_of(const EntryState &entry) {
    if (entry.sqlstate == 0)
        return null;
    return of(CStringGetTextDatum(psprintf("%s: %s", unpack_sql_state(entry.sqlstate), entry.message)));
}

Row entry_row(const WorkerState &state, int place, const char *database, const char *role) {
    const EntryState &entry = state.entries[place];
    EntryKey const key = state.keys[place];
    bool const closed = is_closed(state, key.database);
    bool const has_work = entry.dirty || entry.wanted > 0;
    TimestampTz const due = has_work ? entry.not_before : std::max(entry.next_due, entry.not_before);
    return {name_datum(database),
            role == nullptr ? null : name_datum(role),
            of(CStringGetTextDatum(closed ? "closed" : word(entry.presence))),
            of(pids_of(state, key)),
            TIMESTAMP_IS_NOBEGIN(due) || due == 0 ? of(TimestampTzGetDatum(worker_now())) : time_or_null(due),
            time_or_null(entry.started),
            time_or_null(entry.ended),
            of(Int64GetDatum(entry.runs)),
            of(Int64GetDatum(entry.failures)),
            error_of(entry)};
}

Row launcher_row(const WorkerState &state) {
    Datum pid = Int32GetDatum(state.launcher_pid);
    bool const runs = state.launcher_pid != 0;
    ArrayType *const pids = construct_array(&pid, runs ? 1 : 0, INT4OID, sizeof(int32), true, TYPALIGN_INT);
    return {null,
            null,
            of(CStringGetTextDatum(runs ? "running" : "stopped")),
            of(PointerGetDatum(pids)),
            null,
            null,
            null,
            null,
            null,
            null};
}

} // namespace

/// One row for the launcher, whose database is null, then one for each database that it knows, then those of
/// the roles that have jobs.
STEWARD_FUNCTION(steward_worker_status) {
    ResultRows const rows = start_rows(fcinfo);
    if (!worker_is_preloaded())
        return 0;
    auto *const copy = static_cast<WorkerState *>(palloc(sizeof(WorkerState)));
    with_state(LW_SHARED,
               [&](const WorkerState &state) { memcpy(static_cast<void *>(copy), &state, sizeof(state)); });
    rows.add_nullable([&] { return launcher_row(*copy); });
    for (int i = 0; i < most_entries; ++i) {
        EntryKey const key = copy->keys[i];
        const char *const database = key.is_valid() ? get_database_name(key.database) : nullptr;
        const char *const role =
            database != nullptr && key.is_role() ? GetUserNameFromId(key.role, true) : nullptr;
        if (database != nullptr && (role != nullptr || !key.is_role()))
            rows.add_nullable([&] { return entry_row(*copy, i, database, role); });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward
