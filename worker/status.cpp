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

constexpr std::size_t columns = 9;
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

Datum pids_in(const WorkerState &state, Oid database) {
    Datum pids[most_workers];
    int count = 0;
    for (const WorkerSlot &slot : state.slots)
        if (slot.phase == Phase::running && slot.database == database)
            pids[count++] = Int32GetDatum(slot.pid);
    return PointerGetDatum(construct_array(pids, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

NullableDatum name_datum(const char *name) {
    auto *const datum = static_cast<Name>(palloc(NAMEDATALEN));
    namestrcpy(datum, name);
    return of(NameGetDatum(datum));
}

NullableDatum error_of(const DatabaseState &database) {
    if (database.sqlstate == 0)
        return null;
    return of(CStringGetTextDatum(psprintf("%s: %s", unpack_sql_state(database.sqlstate), database.message)));
}

Row database_row(const WorkerState &state, int place, const char *name) {
    const DatabaseState &database = state.databases[place];
    bool const closed = is_closed(state, state.oids[place]);
    bool const has_work = database.dirty || database.wanted > 0;
    TimestampTz const due = has_work ? database.not_before : std::max(database.next_due, database.not_before);
    return {name_datum(name),
            of(CStringGetTextDatum(closed ? "closed" : word(database.presence))),
            of(pids_in(state, state.oids[place])),
            TIMESTAMP_IS_NOBEGIN(due) || due == 0 ? of(TimestampTzGetDatum(worker_now())) : time_or_null(due),
            time_or_null(database.started),
            time_or_null(database.ended),
            of(Int64GetDatum(database.runs)),
            of(Int64GetDatum(database.failures)),
            error_of(database)};
}

Row launcher_row(const WorkerState &state) {
    Datum pid = Int32GetDatum(state.launcher_pid);
    bool const runs = state.launcher_pid != 0;
    ArrayType *const pids = construct_array(&pid, runs ? 1 : 0, INT4OID, sizeof(int32), true, TYPALIGN_INT);
    return {null,
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

/// One row for the launcher, whose database is null, and one for each database that it knows.
STEWARD_FUNCTION(steward_worker_status) {
    ResultRows const rows = start_rows(fcinfo);
    if (!worker_is_preloaded())
        return 0;
    auto *const copy = static_cast<WorkerState *>(palloc(sizeof(WorkerState)));
    with_state(LW_SHARED,
               [&](const WorkerState &state) { memcpy(static_cast<void *>(copy), &state, sizeof(state)); });
    rows.add_nullable([&] { return launcher_row(*copy); });
    for (int i = 0; i < most_databases; ++i) {
        const char *const name = OidIsValid(copy->oids[i]) ? get_database_name(copy->oids[i]) : nullptr;
        if (name != nullptr)
            rows.add_nullable([&] { return database_row(*copy, i, name); });
    }
    return 0; // the rows are in the tuplestore
}

} // namespace steward
