#include "core/summary/key_sums.hpp"

#include "extension/summary/watch.hpp"

#include "extension/migration.hpp"
#include "extension/sql_as_owner.hpp"
#include "extension/subtransaction.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/partition.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace steward::summary {

namespace {

struct Known {
    Oid relation; ///< the key of the table
    bool is_valid;
    Watched watched;
};

/// Everything that is kept, in a context that is emptied as a whole. Plain data.
struct Kept {
    MemoryContext memory;
    HTAB *relations;
    Oid definitions; ///< table steward.summary_source
    List *tables;    ///< of changes and of timers
    bool is_stale;
};
constinit Kept kept{};

/// May come at any time, so that it only takes a note.
void hear(Datum, Oid relation) {
    if (kept.relations == nullptr || kept.is_stale)
        return;
    bool is_known =
        relation == InvalidOid || relation == kept.definitions || list_member_oid(kept.tables, relation);
    if (!is_known)
        hash_search(kept.relations, &relation, HASH_FIND, &is_known);
    kept.is_stale = is_known;
}

void start_anew() {
    static bool hears = false;
    if (!std::exchange(hears, true))
        CacheRegisterRelcacheCallback(hear, Datum{0});
    if (kept.memory != nullptr)
        MemoryContextDelete(kept.memory);
    kept = {};
    MemoryContext const memory =
        AllocSetContextCreate(CacheMemoryContext, "steward watched relations", ALLOCSET_SMALL_SIZES);
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(Known);
    control.hcxt = memory;
    HTAB *const relations =
        hash_create("steward watched relations", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    kept = {memory, relations, steward_table("summary_source"), NIL, false};
}

/// A row of steward.summary_source. Plain data.
struct Definition {
    Oid changes;
    Oid relation;    ///< that it says so of, itself or what it is a partition of
    List *named;     ///< columns that it names
    List *numbers;   ///< and which they were
    List *keys;      ///< texts; NIL if a row may belong to any key
    List *columns;   ///< names; NIL if all are read
    char *condition; ///< which rows count, or null
    Oid timers;
    List *instants; ///< texts of when a row begins, or ceases, to count
    List *deltas;   ///< texts of what a row adds to the sums of its key
};

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

Definition *definition_of(TupleTableSlot *slot, TupleDesc columns) {
    auto const column = [&](const char *name, bool &is_null) {
        for (int i = 0; i < columns->natts; ++i)
            if (strcmp(NameStr(TupleDescAttr(columns, i)->attname), name) == 0)
                return slot_getattr(slot, i + 1, &is_null);
        elog(ERROR, "table steward.summary_source has no column \"%s\"", name);
    };
    auto *const definition = static_cast<Definition *>(palloc0(sizeof(Definition)));
    bool is_null = false;
    definition->changes = DatumGetObjectId(column("changes", is_null));
    Datum const keys = column("keys", is_null);
    definition->keys = is_null ? NIL : texts_of(keys);
    Datum const names = column("columns", is_null);
    definition->columns = is_null ? NIL : texts_of(names);
    definition->relation = DatumGetObjectId(column("relation", is_null));
    Datum const named = column("named", is_null);
    definition->named = is_null ? NIL : texts_of(named);
    Datum const numbers = column("numbers", is_null);
    definition->numbers = is_null ? NIL : numbers_of(numbers);
    Datum const condition = column("condition", is_null);
    definition->condition = is_null ? nullptr : TextDatumGetCString(condition);
    Datum const timers = column("timers", is_null);
    definition->timers = is_null ? InvalidOid : DatumGetObjectId(timers);
    Datum const instants = column("instants", is_null);
    definition->instants = is_null ? NIL : texts_of(instants);
    Datum const deltas = column("deltas", is_null);
    definition->deltas = is_null ? NIL : texts_of(deltas);
    return definition;
}

/// A relation of somebody else may be read, but is not watched.
bool is_watched(TupleTableSlot *slot, TupleDesc columns) {
    bool is_null = false;
    for (int i = 0; i < columns->natts; ++i)
        if (strcmp(NameStr(TupleDescAttr(columns, i)->attname), "partitions") == 0)
            return ARR_NDIM(DatumGetArrayTypeP(slot_getattr(slot, i + 1, &is_null))) > 0;
    return false;
}

/// The newest committed definitions of a relation and of those that it is a partition of, and this
/// transaction's own. Nobody needs a right to the table.
List *definitions_of(Oid relation) {
    List *definitions = NIL;
    if (!OidIsValid(kept.definitions))
        return NIL;
    List *const ancestors = get_rel_relispartition(relation)
                                ? lcons_oid(relation, get_partition_ancestors(relation))
                                : list_make1_oid(relation);
    Relation const table = table_open(kept.definitions, AccessShareLock);
    TupleDesc const columns = RelationGetDescr(table);
    AttrNumber const column = get_attnum(kept.definitions, "relation");
    Snapshot const snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot *const slot = table_slot_create(table, nullptr);
    TableScanDesc const scan = table_beginscan(table, snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        bool is_null = false;
        Datum const of = slot_getattr(slot, column, &is_null);
        if (!is_null && list_member_oid(ancestors, DatumGetObjectId(of)) && is_watched(slot, columns))
            definitions = lappend(definitions, definition_of(slot, columns));
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    table_close(table, AccessShareLock);
    return definitions;
}

/// An expression over the columns of a relation, whose names are its own.
Expr *parse(const char *text, Relation relation) {
    List *const statements = raw_parser(psprintf("SELECT %s", text), RAW_PARSE_DEFAULT);
    auto const *const select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
    ParseState *const state = make_parsestate(nullptr);
    addNSItemToQuery(state,
                     addRangeTableEntryForRelation(state, relation, AccessShareLock, nullptr, false, true),
                     true, true, true);
    Node *const expression =
        transformExpr(state, linitial_node(ResTarget, select->targetList)->val, EXPR_KIND_INDEX_EXPRESSION);
    assign_expr_collations(state, expression);
    free_parsestate(state);
    return expression_planner(reinterpret_cast<Expr *>(expression));
}

/// An expression of a type; null if it is of another one.
ExprState *parse_as(const char *text, Relation relation, Oid type) {
    Expr *const expression = parse(text, relation);
    return exprType(reinterpret_cast<Node *>(expression)) == type ? ExecInitExpr(expression, nullptr)
                                                                  : nullptr;
}

/// Expressions whose types `type_of(i)` says; null if one is of another.
template <class TypeOf> ExprState **parse_all(List *texts, Relation relation, TypeOf type_of) {
    auto *const states = static_cast<ExprState **>(palloc0(sizeof(ExprState *) * (list_length(texts) + 1)));
    for (int i = 0; i < list_length(texts); ++i) {
        states[i] = parse_as(static_cast<const char *>(list_nth(texts, i)), relation, type_of(i));
        if (states[i] == nullptr)
            return nullptr;
    }
    return states;
}

/// Whether its columns have the names that they had: none was given another one.
bool is_as_written(const Definition &definition) {
    if (list_length(definition.named) != list_length(definition.numbers))
        return false;
    for (int i = 0; i < list_length(definition.named); ++i)
        if (get_attnum(definition.relation, static_cast<const char *>(list_nth(definition.named, i))) !=
            list_nth_int(definition.numbers, i))
            return false;
    return true;
}

/// The columns of a table of changes, or of timers, that is fit to be written to: an ordinary table whose
/// last column is the time, and whose owner may act for that of the watched one. Otherwise null.
TupleDesc columns_of(Oid id, Oid watched_relation) {
    Relation const table = try_relation_open(id, AccessShareLock);
    if (table == nullptr)
        return nullptr;
    TupleDesc const columns = RelationGetDescr(table);
    bool is_fit = table->rd_rel->relkind == RELKIND_RELATION && columns->natts > 0 &&
                  TupleDescAttr(columns, columns->natts - 1)->atttypid == TIMESTAMPTZOID &&
                  has_privs_of_role(table->rd_rel->relowner, owner_of_table(watched_relation));
    for (int i = 0; i < columns->natts; ++i)
        is_fit = is_fit && !TupleDescAttr(columns, i)->attisdropped && !TupleDescAttr(columns, i)->attnotnull;
    TupleDesc const copy = is_fit ? CreateTupleDescCopy(columns) : nullptr;
    relation_close(table, AccessShareLock);
    return copy;
}

/// Whether the tables have the columns that will be written: whoever writes to a row reads into arrays.
bool has_columns(const Target &target, const Definition &definition) {
    if (target.keys == 0 || target.keys > INDEX_MAX_KEYS ||
        static_cast<std::size_t>(target.width) > core::most_sums ||
        target.columns->natts != target.keys + target.width + 1)
        return false;
    for (int i = target.keys; i < target.keys + target.width; ++i)
        if (TupleDescAttr(target.columns, i)->atttypid != NUMERICOID)
            return false;
    if (!OidIsValid(definition.timers))
        return true;
    bool is = target.timer_columns != nullptr && target.timer_columns->natts == target.keys + 2 &&
              TupleDescAttr(target.timer_columns, target.keys)->atttypid == TIMESTAMPTZOID;
    for (int i = 0; is && i < target.keys; ++i)
        is = TupleDescAttr(target.timer_columns, i)->atttypid == TupleDescAttr(target.columns, i)->atttypid;
    return is;
}

bool parse_expressions(Target &target, const Definition &definition, Relation relation) {
    target.values = parse_all(definition.keys, relation,
                              [&](int i) { return TupleDescAttr(target.columns, i)->atttypid; });
    target.deltas = parse_all(definition.deltas, relation, [](int) { return INT8OID; });
    target.begins_or_ends = parse_all(definition.instants, relation, [](int) { return TIMESTAMPTZOID; });
    if (definition.condition != nullptr)
        target.condition = parse_as(definition.condition, relation, BOOLOID);
    return target.values != nullptr && target.deltas != nullptr && target.begins_or_ends != nullptr &&
           (definition.condition == nullptr || target.condition != nullptr);
}

/// Whether all that a row is to say can be said; otherwise it may belong to any key. Expressions are texts,
/// and what they name may have got another name since: that must not be whoever writes' trouble.
bool read_expressions(Target &target, const Definition &definition, Relation relation) {
    if (!is_as_written(definition) || !has_columns(target, definition))
        return false;
    try {
        Subtransaction attempt;
        bool const is = guarded([&] { return parse_expressions(target, definition, relation); });
        attempt.commit();
        return is;
    } catch (const PgError &error) {
        if (error.data()->sqlerrcode == ERRCODE_QUERY_CANCELED ||
            error.data()->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
            throw;
        return false;
    }
}

/// Which columns are read. One that is not there means that it is not known.
void add_columns(Watched &watched, const Definition &definition, Relation relation) {
    watched.all_columns = watched.all_columns || definition.columns == NIL;
    ListCell *cell = nullptr;
    foreach (cell, definition.columns) {
        AttrNumber const number =
            get_attnum(RelationGetRelid(relation), static_cast<const char *>(lfirst(cell)));
        if (number > 0)
            watched.columns = bms_add_member(watched.columns, number);
        else
            watched.all_columns = true;
    }
}

/// In the memory of what is kept.
void add_target(Watched &watched, const Definition &definition, Relation relation) {
    kept.tables = lappend_oid(kept.tables, definition.changes);
    Target target{};
    target.changes = definition.changes;
    target.columns = columns_of(definition.changes, definition.relation);
    if (target.columns == nullptr)
        return; // refreshes say so
    add_columns(watched, definition, relation);
    target.keys = list_length(definition.keys);
    target.width = list_length(definition.deltas);
    if (OidIsValid(definition.timers)) {
        kept.tables = lappend_oid(kept.tables, definition.timers);
        target.timers = definition.timers;
        target.timer_columns = columns_of(definition.timers, definition.relation);
        target.instants = list_length(definition.instants);
    }
    target.all = !read_expressions(target, definition, relation);
    target.is_outdated = target.all && definition.keys != NIL;
    watched.targets[watched.count++] = target;
}

void fill(Watched &watched, Relation relation) {
    List *const definitions = definitions_of(RelationGetRelid(relation));
    MemoryContext const caller = MemoryContextSwitchTo(kept.memory);
    int const settings = NewGUCNestLevel();
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                      0, false);
    watched.targets = static_cast<Target *>(palloc0(sizeof(Target) * (list_length(definitions) + 1)));
    watched.context = CreateStandaloneExprContext();
    ListCell *cell = nullptr;
    foreach (cell, definitions)
        add_target(watched, *static_cast<const Definition *>(lfirst(cell)), relation);
    AtEOXact_GUC(true, settings);
    MemoryContextSwitchTo(caller);
}

} // namespace

const Watched &watched(Relation relation) {
    if (kept.relations == nullptr || kept.is_stale)
        start_anew();
    Oid const id = RelationGetRelid(relation);
    bool is_known = false;
    auto *const known = static_cast<Known *>(hash_search(kept.relations, &id, HASH_ENTER, &is_known));
    if (!is_known || !known->is_valid) {
        known->is_valid = false;
        known->watched = {};
        kept.is_stale = false;
        fill(known->watched, relation);
        known->is_valid = !kept.is_stale; // what came meanwhile is read the next time
    }
    return known->watched;
}

bool are_expressions_outdated(List *relations, Oid changes) {
    kept.is_stale = true; // what was kept may be older than what they name
    ListCell *cell = nullptr;
    foreach (cell, relations) {
        Relation const relation = try_relation_open(lfirst_oid(cell), AccessShareLock);
        if (relation == nullptr)
            continue;
        const Watched &found = watched(relation);
        bool const is = std::any_of(found.targets, found.targets + found.count, [&](const Target &target) {
            return target.changes == changes && target.is_outdated;
        });
        relation_close(relation, NoLock);
        if (is)
            return true;
    }
    return false;
}

} // namespace steward::summary
