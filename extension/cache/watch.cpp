#include "extension/cache/watch.hpp"

#include "extension/cache/tables.hpp"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "tcop/utility.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace steward::cache {

namespace {

ExecutorFinish_hook_type next_finish = nullptr;
ProcessUtility_hook_type next_utility = nullptr;

void look_at(List *relations) {
    ListCell *cell = nullptr;
    foreach (cell, relations) {
        Relation const relation = static_cast<ResultRelInfo *>(lfirst(cell))->ri_RelationDesc;
        if (relation->rd_rel->relpersistence != RELPERSISTENCE_TEMP && !IsSystemRelation(relation))
            change_table(RelationGetRelid(relation), relation->rd_rel->relispartition);
    }
}

/// Its own tables, partitions that rows were routed to, and those of data-modifying WITH.
void finish(QueryDesc *query) {
    if (next_finish != nullptr)
        next_finish(query);
    else
        standard_ExecutorFinish(query);
    const EState *const state = query->estate;
    if (state->es_opened_result_relations != NIL)
        look_at(state->es_opened_result_relations);
    if (state->es_tuple_routing_result_relations != NIL)
        look_at(state->es_tuple_routing_result_relations);
}

bool is_temporary(RangeVar *name) {
    Oid const relation = RangeVarGetRelid(name, NoLock, true);
    return !OidIsValid(relation) || get_rel_persistence(relation) == RELPERSISTENCE_TEMP;
}

/// DROP TABLE of nothing but temporary tables, or of none.
bool drops_nothing_of_others(const DropStmt *drop) {
    if (drop->removeType != OBJECT_TABLE)
        return false;
    ListCell *cell = nullptr;
    foreach (cell, drop->objects)
        if (!is_temporary(makeRangeVarFromNameList(lfirst_node(List, cell))))
            return false;
    return true;
}

void look_at_truncated(const TruncateStmt *truncate) {
    if (truncate->behavior == DROP_CASCADE) {
        change_all_at_commit();
        return;
    }
    ListCell *cell = nullptr;
    foreach (cell, truncate->relations)
        change_whole_table(RangeVarGetRelid(lfirst_node(RangeVar, cell), NoLock, true));
}

/// Whether a name that is new stands for another relation by now, in some schema.
bool is_used(const RangeVar *name) {
    if (name->relpersistence == RELPERSISTENCE_TEMP)
        return false;
    CatCList *const found = SearchSysCacheList1(RELNAMENSP, CStringGetDatum(name->relname));
    bool const is_used = found->n_members > 0;
    ReleaseSysCacheList(found);
    return is_used;
}

/// What is new is read by nobody yet, unless it hides what has the same name, or is a part of what is there.
void look_at_new(const RangeVar *name, bool inherits) {
    if (inherits || is_used(name))
        change_all_at_commit();
}

/// Whatever may change what queries answer, and is no change of rows: definitions, rights, partitions. Before
/// it is done, because afterwards the statement may be gone.
void look_at_statement(Node *statement) {
    switch (nodeTag(statement)) {
    case T_CopyStmt:
        if (castNode(CopyStmt, statement)->is_from && castNode(CopyStmt, statement)->relation != nullptr)
            change_table_with_partitions(
                RangeVarGetRelid(castNode(CopyStmt, statement)->relation, NoLock, true));
        return;
    case T_TruncateStmt:
        look_at_truncated(castNode(TruncateStmt, statement));
        return;
    case T_RefreshMatViewStmt:
        change_whole_table(RangeVarGetRelid(castNode(RefreshMatViewStmt, statement)->relation, NoLock, true));
        return;
    case T_DropStmt:
        if (!drops_nothing_of_others(castNode(DropStmt, statement)))
            change_all_at_commit();
        return;
    case T_CreateRoleStmt: // who may see what, in every database
    case T_GrantRoleStmt:
    case T_AlterRoleStmt:
    case T_AlterRoleSetStmt:
    case T_DropRoleStmt:
        change_all_at_commit(true);
        return;
    case T_AlterTableStmt: // as REFRESH MATERIALIZED VIEW CONCURRENTLY does it
        if (!is_temporary(castNode(AlterTableStmt, statement)->relation))
            change_all_at_commit();
        return;
    case T_CreateStmt:
        look_at_new(castNode(CreateStmt, statement)->relation,
                    castNode(CreateStmt, statement)->inhRelations != NIL &&
                        castNode(CreateStmt, statement)->partbound == nullptr);
        return;
    case T_CreateTableAsStmt:
        look_at_new(castNode(CreateTableAsStmt, statement)->into->rel, false);
        return;
    case T_CreateSeqStmt:
    case T_CreateTrigStmt:
    case T_IndexStmt:
    case T_ReindexStmt:
    case T_CommentStmt:
        return;
    default:
        if (GetCommandLogLevel(statement) == LOGSTMT_DDL)
            change_all_at_commit();
    }
}

bool ends_prepared(Node *statement) {
    if (!IsA(statement, TransactionStmt))
        return false;
    TransactionStmtKind const kind = castNode(TransactionStmt, statement)->kind;
    return kind == TRANS_STMT_COMMIT_PREPARED || kind == TRANS_STMT_ROLLBACK_PREPARED;
}

void process(PlannedStmt *planned, const char *text, bool is_read_only, ProcessUtilityContext context,
             ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *destination,
             QueryCompletion *completion) {
    auto const next = next_utility != nullptr ? next_utility : &standard_ProcessUtility;
    auto const run = [&] {
        next(planned, text, is_read_only, context, parameters, environment, destination, completion);
    };
    if (ends_prepared(planned->utilityStmt)) {
        EndOfPrepared const end;
        guarded(run);
        return;
    }
    if (IsTransactionState() && !RecoveryInProgress())
        look_at_statement(planned->utilityStmt);
    run();
}

} // namespace

void watch_tables() {
    watch_transactions(); // also those of processes that never call the cache, as what applies a subscription
    next_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = [](QueryDesc *query) { boundary([&] { finish(query); }); };
    next_utility = ProcessUtility_hook;
    ProcessUtility_hook = [](PlannedStmt *planned, const char *text, bool is_read_only,
                             ProcessUtilityContext context, ParamListInfo parameters,
                             QueryEnvironment *environment, DestReceiver *destination,
                             QueryCompletion *completion) {
        boundary([&] {
            process(planned, text, is_read_only, context, parameters, environment, destination, completion);
        });
    };
}

} // namespace steward::cache
