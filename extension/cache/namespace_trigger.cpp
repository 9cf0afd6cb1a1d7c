// The trigger of table steward.cache_namespace.
#include "extension/cache/lower.hpp"
#include "extension/cache/transaction.hpp"
#include "extension/migration.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

/// Names of namespaces that this transaction has dropped; they live as long as it does.
List *dropped = NIL;
bool has_changed = false;

void end_transaction(XactEvent event) {
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
        return;
    List *const names = std::exchange(dropped, NIL);
    bool const was_changed = std::exchange(has_changed, false);
    if (event == XACT_EVENT_ABORT || !has_memory())
        return;
    if (was_changed) // before complete_change()
        definition_changes().fetch_add(1);
    // A drop that a savepoint has undone empties the cache all the same, which costs no more than time.
    ListCell *cell = nullptr;
    foreach (cell, names)
        retire_pool(static_cast<const char *>(lfirst(cell)));
}

void watch() {
    static bool const is_watching = [] {
        watch_transactions(); // first: callbacks run from the last that was registered to the first
        RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); },
                             nullptr);
        return true;
    }();
    (void)is_watching;
}

void drop_at_commit(const char *name) {
    watch();
    MemoryContext const caller = MemoryContextSwitchTo(TopTransactionContext);
    dropped = lappend(dropped, pstrdup(name));
    MemoryContextSwitchTo(caller);
}

/// What sessions that do not know yet store until this transaction commits is not written below: it would be
/// found there afterwards, though it is of before.
void hold_off_saving() {
    Oid const table = has_memory() ? steward_table("cache_table") : InvalidOid;
    if (OidIsValid(table))
        LockRelationOid(table, ShareUpdateExclusiveLock);
}

/// What lies in tables goes with the row.
void drop_namespace(const char *name) {
    hold_off_saving();
    drop_at_commit(name);
    clear_lower(name);
}

char *name_in(HeapTuple row, TupleDesc columns) {
    return SPI_getvalue(row, columns, SPI_fnumber(columns, "namespace"));
}

bool has_column_changed(const TriggerData *trigger, const char *name) {
    TupleDesc const columns = RelationGetDescr(trigger->tg_relation);
    int const number = SPI_fnumber(columns, name);
    return number > 0 && strcmp(SPI_getvalue(trigger->tg_trigtuple, columns, number),
                                SPI_getvalue(trigger->tg_newtuple, columns, number)) != 0;
}

const TriggerData *trigger_data(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("not called as a trigger"));
    return reinterpret_cast<TriggerData *>(fcinfo->context);
}

/// Of the namespace that a row defines, or that it names.
Oid owner_in(HeapTuple row, TupleDesc columns) {
    int const number = SPI_fnumber(columns, "owner");
    if (number <= 0)
        return owner_of(name_in(row, columns));
    bool is_null = false;
    return DatumGetObjectId(SPI_getbinval(row, columns, number, &is_null));
}

/// The new row. With other tiers a namespace begins anew: what one of them had kept before, or while it was
/// none, would be found again.
HeapTuple with_tiers(const TriggerData *trigger, TupleDesc columns) {
    HeapTuple const row = trigger->tg_newtuple;
    int created = SPI_fnumber(columns, "created_at");
    if (created <= 0 || !has_column_changed(trigger, "tiers"))
        return row;
    drop_namespace(name_in(row, columns));
    Datum now = TimestampTzGetDatum(GetCurrentTimestamp());
    bool is_null = false;
    return heap_modify_tuple_by_cols(row, columns, 1, &created, &now, &is_null);
}

void require_owner(HeapTuple row, TupleDesc columns) {
    Oid const owner = owner_in(row, columns);
    if (!has_privs_of_role(GetUserId(), owner))
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("must be a member of the owner of cache namespace \"%s\"", name_in(row, columns)));
}

} // namespace

/// Only members of the owner change a namespace, or what it depends on; what is dropped leaves the memory.
STEWARD_FUNCTION(steward_cache_namespace_check) {
    const TriggerData *const trigger = trigger_data(fcinfo);
    if (!TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("not called as a trigger before a row changes"));
    TupleDesc const columns = RelationGetDescr(trigger->tg_relation);
    require_owner(trigger->tg_trigtuple, columns);
    HeapTuple result = trigger->tg_trigtuple;
    if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)) {
        require_owner(trigger->tg_newtuple, columns);
        result = with_tiers(trigger, columns);
    }
    if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) && SPI_fnumber(columns, "owner") > 0)
        drop_namespace(name_in(trigger->tg_trigtuple, columns));
    if (has_memory()) // what dependent namespaces hold was computed by other rules
        change_at_commit(slot_of(TagKind::space, 0, name_in(trigger->tg_trigtuple, columns)));
    PG_RETURN_POINTER(result);
}

/// Every session hears that the definitions have changed: by an invalidation of the table, or sooner by a
/// counter.
STEWARD_FUNCTION(steward_cache_definition_changed) {
    CacheInvalidateRelcache(trigger_data(fcinfo)->tg_relation);
    watch();
    has_changed = true;
    PG_RETURN_POINTER(nullptr);
}

} // namespace steward::cache
