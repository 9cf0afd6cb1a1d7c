// What can be seen of a command before it is run.
#include "extension/jobs/statement.hpp"

extern "C" {
#include "access/table.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
}

namespace steward::jobs {

namespace {

constexpr const char *component = "job";

bool is_concurrent(const ReindexStmt &statement) {
    ListCell *cell = nullptr;
    foreach (cell, statement.params)
        if (strcmp(lfirst_node(DefElem, cell)->defname, "concurrently") == 0)
            return defGetBoolean(lfirst_node(DefElem, cell));
    return statement.kind != REINDEX_OBJECT_INDEX && statement.kind != REINDEX_OBJECT_TABLE;
}

/// Whether PostgreSQL refuses that statement inside of a function, or lets it do less there.
bool must_be_alone(Node *statement) {
    switch (nodeTag(statement)) {
    case T_VacuumStmt:
        return castNode(VacuumStmt, statement)->is_vacuumcmd;
    case T_IndexStmt:
        return castNode(IndexStmt, statement)->concurrent;
    case T_DropStmt:
        return castNode(DropStmt, statement)->concurrent;
    case T_ReindexStmt:
        return is_concurrent(*castNode(ReindexStmt, statement));
    case T_ClusterStmt:
        return castNode(ClusterStmt, statement)->relation == nullptr;
    case T_CallStmt:
    case T_DoStmt: // both may end transactions
    case T_CreatedbStmt:
    case T_DropdbStmt:
    case T_AlterSystemStmt:
    case T_CreateTableSpaceStmt:
    case T_DropTableSpaceStmt:
        return true;
    default:
        return false;
    }
}

} // namespace

bool must_be_toplevel(const char *command) {
    List *const statements = pg_parse_query(command);
    bool result = false;
    ListCell *cell = nullptr;
    foreach (cell, statements) {
        Node *const statement = lfirst_node(RawStmt, cell)->stmt;
        if (IsA(statement, TransactionStmt))
            ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("a command of a job cannot begin or end transactions"));
        result = result || must_be_alone(statement);
    }
    if (statements == NIL)
        ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR), errmsg("the command is empty"));
    if (result && list_length(statements) > 1)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("a statement that cannot run in a function must be alone in its command"),
                errhint("Make a schedule or a job for each statement."));
    return result;
}

void require_one_statement(const char *command) {
    (void)must_be_toplevel(command);
    if (list_length(pg_parse_query(command)) > 1)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("a job of kind \"statement\" is one statement"),
                errhint("Kind \"sql\" runs several, in one transaction."));
}

STEWARD_FUNCTION(steward_job_command_is_toplevel) {
    PG_RETURN_BOOL(must_be_toplevel(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/// Whether what a view or a materialized view shows depends on nothing but the rows of its tables.
STEWARD_FUNCTION(steward_view_is_pure) {
    Relation const view = table_open(PG_GETARG_OID(0), AccessShareLock);
    bool const is_view = view->rd_rel->relkind == RELKIND_VIEW || view->rd_rel->relkind == RELKIND_MATVIEW;
    bool pure = false;
    for (int i = 0; is_view && view->rd_rules != nullptr && i < view->rd_rules->numLocks; ++i)
        if (view->rd_rules->rules[i]->event == CMD_SELECT)
            pure =
                !contain_mutable_functions(static_cast<Node *>(linitial(view->rd_rules->rules[i]->actions)));
    table_close(view, AccessShareLock);
    PG_RETURN_BOOL(pure);
}

} // namespace steward::jobs
