#include "worker/utility.hpp"

#include "extension/jobs/state.hpp"
#include "worker/closure.hpp"
#include "worker/database_worker.hpp"
#include "worker/state.hpp"
#include "worker/wake.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/syscache.h"
}

namespace steward {

namespace {

ProcessUtility_hook_type next_utility = nullptr;

const char *option(List *options, const char *name, const char *otherwise) {
    ListCell *cell = nullptr;
    foreach (cell, options) {
        auto *const one = lfirst_node(DefElem, cell);
        if (strcmp(one->defname, name) == 0 && one->arg != nullptr)
            return defGetString(one);
    }
    return otherwise;
}

/// The database of that name if this user may do with it what only its owner may; the statement itself
/// says what is wrong otherwise, and no worker is disturbed by those who may not.
Oid owned_database(const char *name) {
    Oid const database = get_database_oid(name, true);
    return OidIsValid(database) && pg_database_ownercheck(database, GetUserId()) ? database : InvalidOid;
}

/// The database that CREATE DATABASE copies, if this user may copy it.
Oid template_database(const char *name) {
    Oid const database = get_database_oid(name, true);
    if (!OidIsValid(database) || !have_createdb_privilege())
        return InvalidOid;
    HeapTuple const tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
    if (!HeapTupleIsValid(tuple))
        return InvalidOid;
    bool const is_template = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datistemplate;
    ReleaseSysCache(tuple);
    return is_template || pg_database_ownercheck(database, GetUserId()) ? database : InvalidOid;
}

/// The database that the statement needs empty; invalid if it needs none.
Oid database_to_close(Node *statement) {
    switch (nodeTag(statement)) {
    case T_DropdbStmt:
        return owned_database(castNode(DropdbStmt, statement)->dbname);
    case T_CreatedbStmt:
        return template_database(option(castNode(CreatedbStmt, statement)->options, "template", "template1"));
    case T_RenameStmt: {
        auto const *const rename = castNode(RenameStmt, statement);
        return rename->renameType == OBJECT_DATABASE ? owned_database(rename->subname) : InvalidOid;
    }
    case T_AlterDatabaseStmt: {
        auto const *const alter = castNode(AlterDatabaseStmt, statement);
        bool const moves = option(alter->options, "tablespace", nullptr) != nullptr;
        return moves ? owned_database(alter->dbname) : InvalidOid;
    }
    default:
        return InvalidOid;
    }
}

bool is_our_extension(Node *statement) {
    switch (nodeTag(statement)) {
    case T_CreateExtensionStmt:
        return strcmp(castNode(CreateExtensionStmt, statement)->extname, "pg_steward") == 0;
    case T_AlterExtensionStmt:
        return strcmp(castNode(AlterExtensionStmt, statement)->extname, "pg_steward") == 0;
    case T_DropStmt:
        return castNode(DropStmt, statement)->removeType == OBJECT_EXTENSION;
    default:
        return false;
    }
}

void wake_for(const RangeVar *name) {
    wake_at_commit_of(RangeVarGetRelid(name, NoLock, true));
}

/// What a command that is done means for the worker. Never called for the end of a transaction, which may
/// have freed the statement.
void look_at_done(Node *statement) {
    if (is_duty_worker())
        return;
    switch (nodeTag(statement)) {
    case T_CopyStmt:
        if (castNode(CopyStmt, statement)->is_from && castNode(CopyStmt, statement)->relation != nullptr)
            wake_for(castNode(CopyStmt, statement)->relation);
        break;
    case T_TruncateStmt: {
        ListCell *cell = nullptr;
        foreach (cell, castNode(TruncateStmt, statement)->relations)
            wake_for(lfirst_node(RangeVar, cell));
        break;
    }
    case T_CreatedbStmt:
        with_state(LW_EXCLUSIVE, [](WorkerState &state) { notify_launcher(state); });
        break;
    case T_GrantStmt:
        if (castNode(GrantStmt, statement)->objtype == OBJECT_DATABASE)
            look_at_commit();
        break;
    case T_AlterRoleStmt: // who may work, and where, may be another now
    case T_DropRoleStmt:
    case T_GrantRoleStmt:
        look_at_commit();
        break;
    default:
        if (is_our_extension(statement))
            wake_at_commit();
    }
}

void process(PlannedStmt *planned, const char *text, bool is_read_only, ProcessUtilityContext context,
             ParamListInfo parameters, QueryEnvironment *environment, DestReceiver *destination,
             QueryCompletion *completion) {
    auto const next = next_utility != nullptr ? next_utility : &standard_ProcessUtility;
    auto const run = [&] {
        next(planned, text, is_read_only, context, parameters, environment, destination, completion);
    };
    Node *const statement = planned->utilityStmt;
    if (IsA(statement, TransactionStmt)) {
        TransactionStmtKind const kind = castNode(TransactionStmt, statement)->kind;
        bool const is_late = kind == TRANS_STMT_COMMIT_PREPARED || kind == TRANS_STMT_ROLLBACK_PREPARED;
        run();
        if (is_late) {
            jobs::forget_cursors(); // what was prepared has said to nobody what becomes ready, or ready again
            wake(MyDatabaseId);
        }
        return;
    }
    if (IsA(statement, CallStmt) || IsA(statement, DoStmt)) { // may end transactions as well
        run();
        return;
    }
    Oid const database = database_to_close(statement);
    if (OidIsValid(database)) {
        ClosedDatabase const closed(database);
        guarded([&] { closed.wait_until_empty(); });
        guarded(run);
    } else {
        run();
    }
    look_at_done(statement);
}

} // namespace

void install_utility_hook() {
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

} // namespace steward
