// Calls the handlers of jobs, and keeps what they raise from those who come after them.
#include "extension/jobs/run.hpp"
#include "extension/rows.hpp"
#include "extension/subtransaction.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace steward::jobs {

namespace {

constexpr const char *component = "job";

struct Call {
    int64 id;
    Datum payload;
    int timeout_ms;
    Datum result;
    bool is_null;
    bool cancelled;
    TimestampTz started;
    TimestampTz finished;
    ErrorData *error; ///< null if it succeeded
};

using Calls = std::span<Call>;

TimeoutId time_limit = MAX_TIMEOUTS;
volatile sig_atomic_t limit_reached = 0;

void reach_limit() {
    limit_reached = 1;
    kill(MyProcPid, SIGINT); // as the server's own time limits do
}

void start_limit(int milliseconds) {
    if (time_limit == MAX_TIMEOUTS)
        time_limit = RegisterTimeout(USER_TIMEOUT, reach_limit);
    limit_reached = 0;
    enable_timeout_after(time_limit, milliseconds);
}

/// Forgets a signal that came after the handler had ended.
void stop_limit() noexcept {
    if (time_limit == MAX_TIMEOUTS)
        return;
    disable_timeout(time_limit, false);
    if (limit_reached != 0)
        QueryCancelPending = false;
}

/// Takes back what handlers SET, roles included: the next job of this session is another one's.
struct Settings {
    int level = NewGUCNestLevel();
    void restore() const { AtEOXact_GUC(false, level); }
};

void require_handler(Oid handler) {
    HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(handler));
    if (!HeapTupleIsValid(tuple))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("the handler of the job does not exist"));
    auto const *const function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    bool const fits = function->prokind == PROKIND_FUNCTION && !function->proretset &&
                      function->prorettype == JSONBOID && function->pronargs == 2 &&
                      function->proargtypes.values[0] == INT8OID &&
                      function->proargtypes.values[1] == JSONBOID;
    ReleaseSysCache(tuple);
    if (!fits)
        ereport(ERROR, errcode(ERRCODE_INVALID_FUNCTION_DEFINITION),
                errmsg("a handler must be a function (bigint, jsonb) that returns jsonb"));
    AclResult const allowed = pg_proc_aclcheck(handler, GetUserId(), ACL_EXECUTE);
    if (allowed != ACLCHECK_OK)
        aclcheck_error(allowed, OBJECT_FUNCTION, get_func_name(handler));
}

/// Plain C: nothing here holds an object.
void call_handler(FmgrInfo *handler, Call &call, MemoryContext results) {
    LOCAL_FCINFO(fcinfo, 2);
    InitFunctionCallInfoData(*fcinfo, handler, 2, DEFAULT_COLLATION_OID, nullptr, nullptr);
    fcinfo->args[0] = {Int64GetDatum(call.id), false};
    fcinfo->args[1] = {call.payload, false};
    begin_job(call.id);
    call.started = GetCurrentTimestamp();
    start_limit(call.timeout_ms);
    Settings const settings;
    Datum const result = FunctionCallInvoke(fcinfo);
    settings.restore();
    stop_limit();
    call.finished = GetCurrentTimestamp();
    call.is_null = fcinfo->isnull;
    MemoryContext const caller = MemoryContextSwitchTo(results);
    if (!call.is_null)
        call.result = datumCopy(result, false, -1);
    MemoryContextSwitchTo(caller);
    CommandCounterIncrement();
}

/// The handler by the name that its kind has; whoever has dropped it fails the jobs, not the run.
void find_handler(const char *kind, const char *name, FmgrInfo *function) {
    if (name == nullptr)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("kind \"%s\" of jobs does not exist", kind));
    Oid const handler = DatumGetObjectId(DirectFunctionCall1(regprocedurein, CStringGetDatum(name)));
    require_handler(handler);
    fmgr_info(handler, function);
}

/// What a handler left to the end of the transaction fails here, where it can still be told whose it is.
/// Undone afterwards: constraints that were found kept are looked at again at the end, in the mode that they
/// have.
void check_deferred() {
    Subtransaction const probe;
    guarded([] {
        SPI_connect();
        if (SPI_execute("SET CONSTRAINTS ALL IMMEDIATE", false, 0) != SPI_OK_UTILITY)
            elog(ERROR, "deferred constraints could not be checked");
        SPI_finish();
    });
}

struct Handler {
    const char *kind;
    const char *name; ///< null if the kind is gone
    MemoryContext scratch;
};

/// In a savepoint; raises what the first of them raises.
void call_together(const Handler &handler, Calls calls) {
    MemoryContext const results = CurrentMemoryContext;
    Subtransaction together;
    guarded([&] {
        FmgrInfo function;
        find_handler(handler.kind, handler.name, &function);
        MemoryContextSwitchTo(handler.scratch);
        for (Call &call : calls) {
            call_handler(&function, call, results);
            MemoryContextReset(handler.scratch);
        }
        MemoryContextSwitchTo(results);
    });
    check_deferred();
    together.commit();
}

/// Whose an error is: the job's that ran into it or ran out of time, that of somebody who cancelled the job,
/// or the session's, whose statement it ends.
enum class Blame { job, canceller, session };

Blame blame_for(const ErrorData &error) noexcept {
    bool const reached = limit_reached != 0;
    stop_limit();
    if (error.sqlerrcode != ERRCODE_QUERY_CANCELED)
        return Blame::job;
    if (take_cancel())
        return Blame::canceller;
    return reached ? Blame::job : Blame::session;
}

ErrorData *error_of_limit(const ErrorData &error) {
    auto *const copy = static_cast<ErrorData *>(palloc(sizeof(ErrorData)));
    *copy = error;
    copy->message = pstrdup("the job was ended because its time was over");
    return copy;
}

/// One job in a savepoint of its own.
void call_alone(const Handler &handler, Call &call) {
    limit_reached = 0;
    call.started = GetCurrentTimestamp();
    try {
        call_together(handler, Calls(&call, 1));
    } catch (const PgError &error) {
        bool const is_limit = limit_reached != 0 && error.data()->sqlerrcode == ERRCODE_QUERY_CANCELED;
        Blame const blame = blame_for(*error.data());
        if (blame == Blame::session)
            throw;
        call.finished = GetCurrentTimestamp();
        call.cancelled = blame == Blame::canceller;
        call.error = is_limit && !call.cancelled ? error_of_limit(*error.data()) : error.data();
    }
}

/// Most batches have no error in them: one savepoint does for all. True if that was so; otherwise each is to
/// be called alone, except one that was cancelled.
bool call_batch(const Handler &handler, Calls calls) {
    limit_reached = 0;
    try {
        call_together(handler, calls);
        return true;
    } catch (const PgError &error) {
        int64 const job = my_run() == nullptr ? 0 : my_run()->job;
        Blame const blame = blame_for(*error.data());
        if (blame == Blame::session)
            throw;
        for (Call &call : calls)
            if (blame == Blame::canceller && call.id == job) {
                call.cancelled = true;
                call.error = error.data();
                call.finished = GetCurrentTimestamp();
            }
        return false;
    }
}

void call_all(const Handler &handler, Calls calls) {
    if (calls.size() < 2 || !call_batch(handler, calls))
        for (Call &call : calls)
            if (!call.cancelled)
                call_alone(handler, call);
    begin_job(0);
}

Calls read_calls(FunctionCallInfo fcinfo) {
    Datum *ids = nullptr;
    Datum *payloads = nullptr;
    Datum *timeouts = nullptr;
    int counts[3];
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE, &ids, nullptr,
                      &counts[0]);
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(3), JSONBOID, -1, false, TYPALIGN_INT, &payloads, nullptr,
                      &counts[1]);
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), INT4OID, sizeof(int32), true, TYPALIGN_INT, &timeouts,
                      nullptr, &counts[2]);
    if (counts[0] != counts[1] || counts[0] != counts[2])
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("the arrays must have the same length"));
    auto *const calls = static_cast<Call *>(palloc0(sizeof(Call) * static_cast<std::size_t>(counts[0] + 1)));
    for (int i = 0; i < counts[0]; ++i) {
        calls[i].id = DatumGetInt64(ids[i]);
        calls[i].payload = payloads[i];
        calls[i].timeout_ms = DatumGetInt32(timeouts[i]);
    }
    return {calls, static_cast<std::size_t>(counts[0])};
}

NullableDatum text_or_null(const char *value) {
    return value == nullptr ? NullableDatum{0, true} : NullableDatum{CStringGetTextDatum(value), false};
}

const char *outcome_of(const Call &call) noexcept {
    if (call.error == nullptr)
        return "completed";
    return call.cancelled ? "cancelled" : "failed";
}

} // namespace

/// (kind, handler or null, ids, payloads, time limits in ms) -> a row a job, in their order: outcome, result,
/// started_at, finished_at, sqlstate, message, detail.
STEWARD_FUNCTION(steward_job_call) {
    for (int i : {0, 2, 3, 4})
        if (PG_ARGISNULL(i))
            ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("only the handler may be null"));
    ResultRows const rows = start_rows(fcinfo);
    Calls const calls = read_calls(fcinfo);
    call_all({text_to_cstring(PG_GETARG_TEXT_PP(0)),
              PG_ARGISNULL(1) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(1)),
              AllocSetContextCreate(CurrentMemoryContext, "steward job handler", ALLOCSET_DEFAULT_SIZES)},
             calls);
    for (const Call &call : calls)
        rows.add_nullable([&] {
            const ErrorData *const error = call.error;
            return std::array<NullableDatum, 8>{
                {{Int64GetDatum(call.id), false},
                 {CStringGetTextDatum(outcome_of(call)), false},
                 {call.result, call.is_null || error != nullptr},
                 {TimestampTzGetDatum(call.started), false},
                 {TimestampTzGetDatum(call.finished), false},
                 error == nullptr ? NullableDatum{0, true}
                                  : text_or_null(unpack_sql_state(error->sqlerrcode)),
                 error == nullptr ? NullableDatum{0, true} : text_or_null(error->message),
                 error == nullptr ? NullableDatum{0, true}
                                  : text_or_null(error->detail != nullptr ? error->detail : error->context)}};
        });
    return 0; // the rows are in the tuplestore
}

/// Raises an error unless the caller may have that function do jobs.
STEWARD_FUNCTION(steward_job_handler_check) {
    require_handler(PG_GETARG_OID(0));
    PG_RETURN_VOID();
}

} // namespace steward::jobs
