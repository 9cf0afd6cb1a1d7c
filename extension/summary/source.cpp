#include "extension/summary/source.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace steward::summary {

namespace {

List *texts_of(Datum array) {
    Datum *values = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, nullptr, &count);
    List *texts = NIL;
    for (int i = 0; i < count; ++i)
        texts = lappend(texts, TextDatumGetCString(values[i]));
    return texts;
}

List *numbers_of(Datum array) {
    Datum *values = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(array), INT2OID, sizeof(int16), true, TYPALIGN_SHORT, &values,
                      nullptr, &count);
    List *numbers = NIL;
    for (int i = 0; i < count; ++i)
        numbers = lappend_int(numbers, DatumGetInt16(values[i]));
    return numbers;
}

Source *source_of(TupleTableSlot *slot, TupleDesc columns) {
    auto const column = [&](const char *name, bool &is_null) {
        for (int i = 0; i < columns->natts; ++i)
            if (strcmp(NameStr(TupleDescAttr(columns, i)->attname), name) == 0)
                return slot_getattr(slot, i + 1, &is_null);
        elog(ERROR, "table steward.summary_source has no column \"%s\"", name);
    };
    auto *const source = static_cast<Source *>(palloc0(sizeof(Source)));
    bool is_null = false;
    source->changes = DatumGetObjectId(column("changes", is_null));
    Datum const keys = column("keys", is_null);
    source->keys = is_null ? NIL : texts_of(keys);
    Datum const names = column("columns", is_null);
    source->columns = is_null ? NIL : texts_of(names);
    source->relation = DatumGetObjectId(column("relation", is_null));
    Datum const named = column("named", is_null);
    source->named = is_null ? NIL : texts_of(named);
    Datum const numbers = column("numbers", is_null);
    source->numbers = is_null ? NIL : numbers_of(numbers);
    Datum const condition = column("condition", is_null);
    source->condition = is_null ? nullptr : TextDatumGetCString(condition);
    Datum const timers = column("timers", is_null);
    source->timers = is_null ? InvalidOid : DatumGetObjectId(timers);
    Datum const instants = column("instants", is_null);
    source->instants = is_null ? NIL : texts_of(instants);
    Datum const deltas = column("deltas", is_null);
    source->deltas = is_null ? NIL : texts_of(deltas);
    return source;
}

/// A relation of somebody else may be read, but is not watched.
bool is_watched(TupleTableSlot *slot, TupleDesc columns) {
    bool is_null = false;
    for (int i = 0; i < columns->natts; ++i)
        if (strcmp(NameStr(TupleDescAttr(columns, i)->attname), "partitions") == 0)
            return ARR_NDIM(DatumGetArrayTypeP(slot_getattr(slot, i + 1, &is_null))) > 0;
    return false;
}

} // namespace

List *sources_of(Oid table_of_sources, Oid relation) {
    List *sources = NIL;
    if (!OidIsValid(table_of_sources))
        return NIL;
    List *const ancestors = get_rel_relispartition(relation)
                                ? lcons_oid(relation, get_partition_ancestors(relation))
                                : list_make1_oid(relation);
    Relation const table = table_open(table_of_sources, AccessShareLock);
    TupleDesc const columns = RelationGetDescr(table);
    AttrNumber const column = get_attnum(table_of_sources, "relation");
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot *const slot = table_slot_create(table, nullptr);
    TableScanDesc const scan = table_beginscan(table, snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        bool is_null = false;
        Datum const of = slot_getattr(slot, column, &is_null);
        if (!is_null && list_member_oid(ancestors, DatumGetObjectId(of)) && is_watched(slot, columns))
            sources = lappend(sources, source_of(slot, columns));
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    table_close(table, AccessShareLock);
    return sources;
}

} // namespace steward::summary
