#include "core/summary/key_sums.hpp"

#include "extension/summary/watch.hpp"

#include "extension/migration.hpp"
#include "extension/sql_as_owner.hpp"
#include "extension/subtransaction.hpp"
#include "extension/summary/source.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/acl.h"
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
    Oid sources;  ///< table steward.summary_source
    List *tables; ///< of changes and of timers
    bool is_stale;
    bool is_in_use; ///< or was when an error came
};
constinit Kept kept{};

/// May come at any time, so that it only takes a note.
void hear(Datum, Oid relation) {
    if (kept.relations == nullptr || kept.is_stale)
        return;
    bool is_known =
        relation == InvalidOid || relation == kept.sources || list_member_oid(kept.tables, relation);
    if (!is_known)
        hash_search(kept.relations, &relation, HASH_FIND, &is_known);
    kept.is_stale = is_known;
}

void start_anew() {
    static bool hears = false;
    if (!std::exchange(hears, true))
        CacheRegisterRelcacheCallback(hear, Datum{0});
    // A function of an expression may write, too: around it, what was kept so far is being read.
    if (kept.memory != nullptr)
        MemoryContextSetParent(kept.memory, TopTransactionContext);
    kept = {};
    MemoryContext const memory =
        AllocSetContextCreate(CacheMemoryContext, "steward watched relations", ALLOCSET_SMALL_SIZES);
    HASHCTL control{};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(Known);
    control.hcxt = memory;
    HTAB *const relations =
        hash_create("steward watched relations", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    kept = {memory, relations, steward_table("summary_source"), NIL, false, false};
}

void keep_table(Oid table) {
    MemoryContext const caller = MemoryContextSwitchTo(kept.memory);
    kept.tables = lappend_oid(kept.tables, table);
    MemoryContextSwitchTo(caller);
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
bool is_as_written(const Source &source) {
    if (list_length(source.named) != list_length(source.numbers))
        return false;
    for (int i = 0; i < list_length(source.named); ++i)
        if (get_attnum(source.relation, static_cast<const char *>(list_nth(source.named, i))) !=
            list_nth_int(source.numbers, i))
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
bool has_columns(const Target &target, const Source &source) {
    if (target.keys == 0 || target.keys > INDEX_MAX_KEYS ||
        static_cast<std::size_t>(target.width) > core::most_sums ||
        target.columns->natts != target.keys + target.width + 1)
        return false;
    for (int i = target.keys; i < target.keys + target.width; ++i)
        if (TupleDescAttr(target.columns, i)->atttypid != NUMERICOID)
            return false;
    if (!OidIsValid(source.timers))
        return true;
    bool is = target.timer_columns != nullptr && target.timer_columns->natts == target.keys + 2 &&
              TupleDescAttr(target.timer_columns, target.keys)->atttypid == TIMESTAMPTZOID;
    for (int i = 0; is && i < target.keys; ++i)
        is = TupleDescAttr(target.timer_columns, i)->atttypid == TupleDescAttr(target.columns, i)->atttypid;
    return is;
}

bool parse_expressions(Target &target, const Source &source, Relation relation) {
    target.values =
        parse_all(source.keys, relation, [&](int i) { return TupleDescAttr(target.columns, i)->atttypid; });
    target.deltas = parse_all(source.deltas, relation, [](int) { return INT8OID; });
    target.begins_or_ends = parse_all(source.instants, relation, [](int) { return TIMESTAMPTZOID; });
    if (source.condition != nullptr)
        target.condition = parse_as(source.condition, relation, BOOLOID);
    return target.values != nullptr && target.deltas != nullptr && target.begins_or_ends != nullptr &&
           (source.condition == nullptr || target.condition != nullptr);
}

/// Whether an error says of an expression that it cannot be read any more, not of the server that it has no
/// memory, or of somebody that they wait for a lock.
bool is_of_expression(const PgError &error) {
    int const category = ERRCODE_TO_CATEGORY(error.data()->sqlerrcode);
    constexpr int of_expressions[] = {ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION, ERRCODE_DATA_EXCEPTION,
                                      ERRCODE_INVALID_SCHEMA_NAME, ERRCODE_PLPGSQL_ERROR};
    return std::ranges::find(of_expressions, category) != std::end(of_expressions);
}

/// Whether all that a row is to say can be said; otherwise it may belong to any key. Expressions are texts,
/// and what they name may have got another name since: that must not be whoever writes' trouble.
bool read_expressions(Target &target, const Source &source, Relation relation) {
    if (!is_as_written(source) || !has_columns(target, source))
        return false;
    try {
        Subtransaction attempt;
        bool const is = guarded([&] { return parse_expressions(target, source, relation); });
        attempt.commit();
        return is;
    } catch (const PgError &error) {
        if (!is_of_expression(error))
            throw;
        return false;
    }
}

/// Which columns are read. One that is not there means that it is not known.
void add_columns(Watched &watched, const Source &source, Relation relation) {
    watched.all_columns = watched.all_columns || source.columns == NIL;
    ListCell *cell = nullptr;
    foreach (cell, source.columns) {
        AttrNumber const number =
            get_attnum(RelationGetRelid(relation), static_cast<const char *>(lfirst(cell)));
        if (number > 0)
            watched.columns = bms_add_member(watched.columns, number);
        else
            watched.all_columns = true;
    }
}

void add_target(Watched &watched, const Source &source, Relation relation) {
    keep_table(source.changes);
    Target target{};
    target.changes = source.changes;
    target.columns = columns_of(source.changes, source.relation);
    if (target.columns == nullptr)
        return; // refreshes say so
    add_columns(watched, source, relation);
    target.keys = list_length(source.keys);
    target.width = list_length(source.deltas);
    if (OidIsValid(source.timers)) {
        keep_table(source.timers);
        target.timers = source.timers;
        target.timer_columns = columns_of(source.timers, source.relation);
        target.instants = list_length(source.instants);
    }
    target.all = !read_expressions(target, source, relation);
    target.is_outdated = target.all && source.keys != NIL;
    watched.targets[watched.count++] = target;
}

/// In the memory of what is kept.
Watched read(Relation relation) {
    List *const sources =
        OidIsValid(kept.sources) ? sources_of(kept.sources, RelationGetRelid(relation)) : NIL;
    Watched watched{};
    MemoryContext const caller = MemoryContextSwitchTo(kept.memory);
    int const settings = NewGUCNestLevel();
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                      0, false);
    watched.targets = static_cast<Target *>(palloc0(sizeof(Target) * (list_length(sources) + 1)));
    watched.context = CreateStandaloneExprContext();
    ListCell *cell = nullptr;
    foreach (cell, sources)
        add_target(watched, *static_cast<const Source *>(lfirst(cell)), relation);
    AtEOXact_GUC(true, settings);
    MemoryContextSwitchTo(caller);
    return watched;
}

} // namespace

const Watched &watched(Relation relation) {
    if (kept.relations == nullptr || kept.is_stale || kept.is_in_use)
        start_anew();
    kept.is_in_use = true;
    Oid const id = RelationGetRelid(relation);
    bool is_known = false;
    auto *const known = static_cast<Known *>(hash_search(kept.relations, &id, HASH_ENTER, &is_known));
    if (!is_known || !known->is_valid) {
        known->is_valid = false;
        kept.is_stale = false;
        known->watched = read(relation);
        known->is_valid = !kept.is_stale; // what came meanwhile is read the next time
    }
    return known->watched;
}

void end_watched() {
    kept.is_in_use = false;
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
        end_watched();
        relation_close(relation, NoLock);
        if (is)
            return true;
    }
    return false;
}

} // namespace steward::summary
