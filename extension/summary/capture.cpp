// The triggers that note which keys of summaries change.
#include "extension/summary/changes.hpp"
#include "extension/summary/watch.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace steward::summary {

namespace {

constexpr const char *component = "summary";

Datum evaluate(const Watched &watched, ExprState *expression, bool &is_null) {
    return ExecEvalExprSwitchContext(expression, watched.context, &is_null);
}

/// Refreshes of transactions that are older than that do not touch summaries with timers.
constexpr std::int64_t oldest_refresh = USECS_PER_MINUTE;

/// When the row that comes begins, or ceases, to count, its key, of `key`, is to be computed again: also if
/// that has just been, for a refresh may go by a time before it.
void note_timers(const Watched &watched, const Target &target, Datum *key) {
    for (int i = 0; i < target.instants; ++i) {
        bool is_null = false;
        Datum const at = evaluate(watched, target.begins_or_ends[i], is_null);
        if (is_null || DatumGetTimestampTz(at) <= GetCurrentTransactionStartTimestamp() - oldest_refresh)
            continue;
        key[target.keys] = at;
        note_key(target.timers, target.timer_columns, {key, static_cast<std::size_t>(target.keys) + 1}, {});
    }
}

/// The key of a row, and what it adds to the sums of the key if it comes (1) or takes away if it goes (-1).
/// A row with a null in its key belongs to none.
void note(const Watched &watched, const Target &target, TupleTableSlot *row, int sign) {
    Datum key[INDEX_MAX_KEYS + 1];
    core::Sum sums[core::most_sums];
    bool is_null = false;
    watched.context->ecxt_scantuple = row;
    if (target.condition != nullptr &&
        (!DatumGetBool(evaluate(watched, target.condition, is_null)) || is_null))
        return;
    for (int i = 0; i < target.keys; ++i) {
        key[i] = evaluate(watched, target.values[i], is_null);
        if (is_null)
            return;
    }
    for (int i = 0; i < target.width; ++i) {
        Datum const delta = evaluate(watched, target.deltas[i], is_null);
        sums[i] = is_null ? 0 : sign * static_cast<core::Sum>(DatumGetInt64(delta));
    }
    MemoryContext const caller = MemoryContextSwitchTo(watched.context->ecxt_per_tuple_memory);
    if (sign > 0)
        note_timers(watched, target, key);
    note_key(target.changes, target.columns, {key, static_cast<std::size_t>(target.keys)},
             {sums, static_cast<std::size_t>(target.width)});
    MemoryContextSwitchTo(caller);
}

void note_row(const Watched &watched, TupleTableSlot *row, int sign) {
    if (TupIsNull(row))
        return;
    for (int i = 0; i < watched.count; ++i)
        if (watched.targets[i].all)
            note_all(watched.targets[i].changes);
        else
            note(watched, watched.targets[i], row, sign);
    ResetExprContext(watched.context);
}

/// Whether an update has left alone whatever a summary reads.
bool is_same(const Watched &watched, TupleTableSlot *before, TupleTableSlot *after) {
    if (watched.all_columns)
        return false;
    TupleDesc const columns = before->tts_tupleDescriptor;
    for (int column = bms_next_member(watched.columns, -1); column >= 0;
         column = bms_next_member(watched.columns, column)) {
        FormData_pg_attribute const *const attribute = TupleDescAttr(columns, column - 1);
        bool was_null = false;
        bool is_null = false;
        Datum const old_value = slot_getattr(before, column, &was_null);
        Datum const new_value = slot_getattr(after, column, &is_null);
        if (was_null != is_null ||
            (!is_null && !datumIsEqual(old_value, new_value, attribute->attbyval, attribute->attlen)))
            return false;
    }
    return true;
}

} // namespace

/// Trigger of each relation that a summary reads: AFTER INSERT OR UPDATE OR DELETE of each row, and AFTER
/// TRUNCATE.
STEWARD_FUNCTION(steward_summary_capture) {
    if (!CALLED_AS_TRIGGER(fcinfo) ||
        !TRIGGER_FIRED_AFTER(reinterpret_cast<TriggerData *>(fcinfo->context)->tg_event))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("function \"summary_capture\" was not called as an AFTER trigger"));
    auto const *const call = reinterpret_cast<TriggerData *>(fcinfo->context);
    const Watched &relation = watched(call->tg_relation);
    if (TRIGGER_FIRED_FOR_STATEMENT(call->tg_event)) {
        for (int i = 0; i < relation.count; ++i)
            note_all(relation.targets[i].changes);
    } else if (!TRIGGER_FIRED_BY_UPDATE(call->tg_event)) {
        note_row(relation, call->tg_trigslot, TRIGGER_FIRED_BY_INSERT(call->tg_event) ? 1 : -1);
    } else if (!is_same(relation, call->tg_trigslot, call->tg_newslot)) {
        note_row(relation, call->tg_trigslot, -1);
        note_row(relation, call->tg_newslot, 1);
    }
    end_watched();
    return PointerGetDatum(nullptr);
}

/// Trigger of table steward.summary_source: every session reads it again.
STEWARD_FUNCTION(steward_summary_definition_changed) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                errmsg("function \"summary_definition_changed\" was not called as a trigger"));
    CacheInvalidateRelcache(reinterpret_cast<TriggerData *>(fcinfo->context)->tg_relation);
    return PointerGetDatum(nullptr);
}

/// (relation): notes the keys of all its rows, as if they were deleted -> how many rows
STEWARD_FUNCTION(steward_summary_mark_rows) {
    Oid const id = PG_GETARG_OID(0);
    if (!pg_class_ownercheck(id, GetUserId()))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(id));
    Relation const table = table_open(id, ShareLock); // until the end of the transaction no row comes
    const Watched &relation = watched(table);
    std::int64_t count = 0;
    if (relation.count > 0 && RELKIND_HAS_TABLE_AM(table->rd_rel->relkind)) {
        Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
        TupleTableSlot *const slot = table_slot_create(table, nullptr);
        TableScanDesc const scan = table_beginscan(table, snapshot, 0, nullptr);
        for (; table_scan_getnextslot(scan, ForwardScanDirection, slot); ++count) {
            check_interrupts();
            note_row(relation, slot, -1);
        }
        table_endscan(scan);
        ExecDropSingleTupleTableSlot(slot);
        UnregisterSnapshot(snapshot);
    }
    end_watched();
    table_close(table, NoLock);
    PG_RETURN_INT64(count);
}

/// (): writes what this transaction has changed
STEWARD_FUNCTION(steward_summary_flush) {
    flush_changes();
    PG_RETURN_VOID();
}

} // namespace steward::summary
