#include "worker/call.hpp"

extern "C" {
#include "access/xact.h"
#include "parser/analyze.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
}

namespace steward {

namespace {

List *plan(const char *sql) {
    auto *const parsed = linitial_node(RawStmt, pg_parse_query(sql));
    bool const needs_snapshot = analyze_requires_snapshot(parsed);
    if (needs_snapshot)
        PushActiveSnapshot(GetTransactionSnapshot());
    List *const queries = pg_analyze_and_rewrite_fixedparams(parsed, sql, nullptr, 0, nullptr);
    List *const plans = pg_plan_queries(queries, sql, CURSOR_OPT_PARALLEL_OK, nullptr);
    if (needs_snapshot)
        PopActiveSnapshot();
    return plans;
}

} // namespace

ErrorData *attempt(void (*work)()) {
    MemoryContext const caller = CurrentMemoryContext;
    ErrorData *data = nullptr;
    try {
        guarded(work);
        MemoryContextSwitchTo(caller); // the end of a transaction leaves another one
        return nullptr;
    } catch (const PgError &error) {
        data = error.data();
    }
    disable_timeout(STATEMENT_TIMEOUT, false);
    QueryCancelPending = false;
    AbortOutOfAnyTransaction(); // releases what the jump left behind: locks, pins, snapshots
    MemoryContextSwitchTo(caller);
    return data;
}

void run_statement(const char *sql) {
    MemoryContext const caller = CurrentMemoryContext;
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    MemoryContextSwitchTo(caller);
    List *const plans = plan(sql);
    // A portal, not SPI: a procedure that has committed takes its next snapshot from the portal around it.
    Portal const portal = CreatePortal("", true, true);
    portal->visible = false;
    PortalDefineQuery(portal, nullptr, sql, CMDTAG_CALL, plans, nullptr);
    PortalStart(portal, nullptr, 0, InvalidSnapshot);
    (void)PortalRun(portal, FETCH_ALL, true, true, None_Receiver, None_Receiver, nullptr);
    PortalDrop(portal, false);
    CommitTransactionCommand();
    MemoryContextSwitchTo(caller);
}

} // namespace steward
