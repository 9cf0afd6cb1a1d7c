#include "worker/wake.hpp"

#include "worker/database_worker.hpp"
#include "worker/schedule.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace steward {

namespace {

constexpr const char *component = "worker";

bool is_watching = false;
bool is_armed = false;
bool looks_at_commit = false;
List *armed_roles = NIL; ///< lives as long as the transaction
ExecutorFinish_hook_type next_finish = nullptr;

/// What these tables hold is the business of the functions that write them, not of the duties.
bool is_of_no_duty(const char *table) noexcept {
    constexpr std::string_view beginnings[] = {"job_",        "cache_",    "metric_", "monitor_state",
                                               "statement_",  "slow_call", "span",    "heartbeat",
                                               "change_mark", "alert",     "slo"};
    std::string_view const name(table);
    return name == "job" || std::ranges::any_of(beginnings, [name](std::string_view beginning) {
               return name.starts_with(beginning);
           });
}

bool is_in_schema(List *relations, Oid schema) noexcept {
    ListCell *cell = nullptr;
    foreach (cell, relations) {
        Relation const relation = static_cast<ResultRelInfo *>(lfirst(cell))->ri_RelationDesc;
        if (RelationGetNamespace(relation) == schema && !is_of_no_duty(RelationGetRelationName(relation)))
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
    if (!is_armed && TransactionIdIsValid(GetTopTransactionIdIfAny()) && !is_duty_worker())
        look_at(query->estate);
}

void end_transaction(XactEvent event) {
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE && event != XACT_EVENT_ABORT)
        return;
    bool const was_armed = std::exchange(is_armed, false);
    bool const looks = std::exchange(looks_at_commit, false);
    List *const roles = std::exchange(armed_roles, NIL);
    if (event == XACT_EVENT_ABORT)
        return;
    // COMMIT PREPARED wakes again, perhaps in another session: the duties, which know who has jobs.
    if (was_armed)
        wake(MyDatabaseId);
    ListCell *cell = nullptr;
    foreach (cell, roles)
        wake_role(MyDatabaseId, lfirst_oid(cell));
    if (looks)
        with_state(LW_EXCLUSIVE, [](WorkerState &state) { notify_launcher(state); });
}

} // namespace

void install_wake_hooks() {
    is_watching = true;
    next_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = [](QueryDesc *query) { boundary([&] { finish(query); }); };
    RegisterXactCallback([](XactEvent event, void *) { boundary([&] { end_transaction(event); }); }, nullptr);
}

void wake_at_commit() noexcept {
    is_armed = true;
}

void wake_role_at_commit(Oid role) {
    if (!is_watching || !OidIsValid(role) || (armed_roles != NIL && llast_oid(armed_roles) == role))
        return;
    MemoryContext const caller = MemoryContextSwitchTo(TopTransactionContext);
    armed_roles = list_append_unique_oid(armed_roles, role);
    MemoryContextSwitchTo(caller);
}

/// A run that goes on or begins takes over what is wished of it.
void run_duties_by(TimestampTz at) noexcept {
    if (!worker_is_preloaded())
        return;
    with_state(LW_EXCLUSIVE, [at](WorkerState &state) {
        int const place = find_entry(state, {MyDatabaseId, InvalidOid});
        if (place < 0)
            return;
        EntryState &entry = state.entries[place];
        entry.wish = std::min(entry.wish, at);
        entry.next_due = std::min(entry.next_due, at);
        notify_launcher(state);
    });
}

void look_at_commit() noexcept {
    looks_at_commit = true;
}

void wake_at_commit_of(Oid relation) {
    Oid const schema = get_namespace_oid("steward", true);
    if (is_armed || !OidIsValid(schema) || !OidIsValid(relation))
        return;
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(relation, NoLock, nullptr)) {
        const char *const name =
            get_rel_namespace(lfirst_oid(cell)) == schema ? get_rel_name(lfirst_oid(cell)) : nullptr;
        if (name != nullptr && !is_of_no_duty(name))
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
    EntryKey const key = own_entry();
    with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
        int const place = take_entry(state, key);
        if (place < 0)
            return;
        int const room = most_for(key) - active_of(state, key);
        int &wanted = state.entries[place].wanted;
        wanted = std::max(wanted, std::min(helpers, room));
        hurry_launcher(state);
    });
    PG_RETURN_VOID();
}

/// Whether the run that calls this has to end.
STEWARD_FUNCTION(steward_worker_yield) {
    PG_RETURN_BOOL(must_yield());
}

/// A role that is gone has no jobs: no error, because duties that go over many call this. What the
/// transaction has written, a job or a grant, the worker is to see.
STEWARD_FUNCTION(steward_worker_start) {
    Oid const role = PG_GETARG_OID(0);
    if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)))
        PG_RETURN_VOID();
    if (TransactionIdIsValid(GetTopTransactionIdIfAny()))
        wake_role_at_commit(role);
    else
        wake_role(MyDatabaseId, role);
    PG_RETURN_VOID();
}

STEWARD_FUNCTION(steward_worker_due) {
    TimestampTz const at = PG_GETARG_TIMESTAMPTZ(0);
    if (is_duty_worker())
        with_state(LW_EXCLUSIVE, [&](WorkerState &state) {
            int const place = find_entry(state, own_entry());
            if (place >= 0)
                state.entries[place].wish = std::min(state.entries[place].wish, at);
        });
    PG_RETURN_VOID();
}

} // namespace steward
