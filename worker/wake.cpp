#include "worker/wake.hpp"

#include "extension/settings.hpp"
#include "worker/database_worker.hpp"
#include "worker/state.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace steward {

namespace {

constexpr const char *component = "worker";

bool is_armed = false;
ExecutorFinish_hook_type next_finish = nullptr;

bool is_in_schema(List *relations, Oid schema) noexcept {
    ListCell *cell = nullptr;
    foreach (cell, relations) {
        auto const *const result = static_cast<ResultRelInfo *>(lfirst(cell));
        if (RelationGetNamespace(result->ri_RelationDesc) == schema)
            return true;
    }
    return false;
}

/// Looks at what the statement wrote to; its own tables, partitions and data-modifying WITH included.
void look_at(const EState *state) {
    if (state->es_opened_result_relations == NIL && state->es_tuple_routing_result_relations == NIL)
        return;
    Oid const schema = get_namespace_oid("steward", true);
    if (OidIsValid(schema) && (is_in_schema(state->es_opened_result_relations, schema) ||
                               is_in_schema(state->es_tuple_routing_result_relations, schema)))
        is_armed = true;
}

void finish(QueryDesc *query) {
    if (next_finish != nullptr)
        next_finish(query);
    else
        standard_ExecutorFinish(query);
    // A transaction without a number has not written: most statements end here.
    if (!is_armed && TransactionIdIsValid(GetTopTransactionIdIfAny()) && !is_database_worker())
        look_at(query->estate);
}

void end_transaction(XactEvent event) {
    if (!is_armed)
        return;
    switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_PREPARE: // COMMIT PREPARED wakes again, perhaps in another session
        is_armed = false;
        wake(MyDatabaseId);
        break;
    case XACT_EVENT_ABORT:
        is_armed = false;
        break;
    default:
        break;
    }
}

} // namespace

void install_wake_hooks() {
    next_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = [](QueryDesc *query) { boundary([&] { finish(query); }); };
    RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); }, nullptr);
}

void wake_at_commit() noexcept {
    is_armed = true;
}

void wake_at_commit_of(Oid relation) {
    Oid const schema = get_namespace_oid("steward", true);
    if (is_armed || !OidIsValid(schema) || !OidIsValid(relation))
        return;
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(relation, NoLock, nullptr)) {
        if (get_rel_namespace(lfirst_oid(cell)) == schema)
            is_armed = true;
    }
}

/// Without the library preloaded there is nobody to wake, which is no error: triggers call this.
STEWARD_FUNCTION(steward_worker_wake) {
    if (worker_is_preloaded())
        wake_at_commit();
    PG_RETURN_VOID();
}

STEWARD_FUNCTION(steward_worker_request) {
    int32 const helpers = PG_GETARG_INT32(0);
    if (helpers < 0)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("helpers must not be negative"));
    if (!worker_is_preloaded())
        PG_RETURN_VOID();
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        int const place = take_database(state, MyDatabaseId);
        if (place < 0)
            return;
        int const room = worker_settings.max_workers - running_in(state, MyDatabaseId);
        int &wanted = state.databases[place].wanted;
        wanted = std::max(wanted, std::min(helpers, room));
        ++state.requests;
        notify_launcher(state);
    });
    PG_RETURN_VOID();
}

} // namespace steward
