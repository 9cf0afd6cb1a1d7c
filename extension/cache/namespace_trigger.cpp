// The trigger of table steward.cache_namespace.
#include "extension/cache/namespace.hpp"
#include "extension/cache/transaction.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/rel.h"
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

char *name_in(HeapTuple row, TupleDesc columns) {
    return SPI_getvalue(row, columns, SPI_fnumber(columns, "namespace"));
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
    if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
        require_owner(trigger->tg_newtuple, columns);
    if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) && SPI_fnumber(columns, "owner") > 0)
        drop_at_commit(name_in(trigger->tg_trigtuple, columns));
    if (has_memory()) // what dependent namespaces hold was computed by other rules
        change_at_commit(slot_of(TagKind::space, 0, name_in(trigger->tg_trigtuple, columns)));
    PG_RETURN_POINTER(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
                                                                 : trigger->tg_trigtuple);
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
