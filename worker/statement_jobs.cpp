#include "worker/statement_jobs.hpp"

#include "extension/jobs/run.hpp"
#include "extension/jobs/statement.hpp"
#include "extension/jobs/transaction.hpp"
#include "worker/call.hpp"
#include "worker/database_worker.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
}

namespace steward {

namespace {

/// The statement in hand; static, because it outlives the transactions of its three steps.
struct Statement {
    char *queue;
    int64 run_id;
    int64 id;
    char *command;
    int timeout_ms;
    TimestampTz started;
    bool cancelled;
    const ErrorData *error;
};

Statement statement{};

constexpr const char *take_query =
    "SELECT t.queue, t.run_id, t.id, t.command, t.timeout_ms FROM steward.job_statement_take() AS t "
    "WHERE t.command IS NOT NULL";
constexpr const char *settle_query = "SELECT steward.job_statement_settle($1, $2, ROW($3, $4, NULL, $5, "
                                     "pg_catalog.clock_timestamp(), $6, $7, $8)"
                                     "::steward.job_outcome)";

void begin() {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    SPI_connect();
    PushActiveSnapshot(GetTransactionSnapshot());
}

void commit() {
    PopActiveSnapshot();
    SPI_finish();
    CommitTransactionCommand();
}

int64 number_of(HeapTuple row, TupleDesc columns, int column) {
    bool is_null = false;
    return DatumGetInt64(SPI_getbinval(row, columns, column, &is_null));
}

void take() {
    MemoryContext const worker = CurrentMemoryContext;
    statement = Statement{};
    begin();
    if (SPI_execute(take_query, false, 1) != SPI_OK_SELECT)
        elog(ERROR, "no statement could be taken");
    if (SPI_processed > 0) {
        HeapTuple const row = SPI_tuptable->vals[0];
        TupleDesc const columns = SPI_tuptable->tupdesc;
        bool is_null = false;
        statement.queue = MemoryContextStrdup(worker, SPI_getvalue(row, columns, 1));
        statement.run_id = number_of(row, columns, 2);
        statement.id = number_of(row, columns, 3);
        statement.command = MemoryContextStrdup(worker, SPI_getvalue(row, columns, 4));
        statement.timeout_ms = DatumGetInt32(SPI_getbinval(row, columns, 5, &is_null));
    }
    commit();
    MemoryContextSwitchTo(worker);
}

void run() {
    debug_query_string = statement.command;
    pgstat_report_activity(STATE_RUNNING, statement.command);
    enable_timeout_after(STATEMENT_TIMEOUT, statement.timeout_ms);
    jobs::require_one_statement(statement.command);
    run_statement(statement.command);
    disable_timeout(STATEMENT_TIMEOUT, false);
}

const char *outcome() noexcept {
    if (statement.error == nullptr)
        return "completed";
    return statement.cancelled ? "cancelled" : "failed";
}

void settle() {
    MemoryContext const worker = CurrentMemoryContext;
    const ErrorData *const error = statement.error;
    begin();
    // What the statement has SET is no matter of the next one, nor is whom it became.
    for (const char *const reset : {"RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"})
        if (SPI_execute(reset, false, 0) != SPI_OK_UTILITY)
            elog(ERROR, "the session of a statement could not be reset");
    auto const text_or_null = [](const char *value) {
        return value == nullptr ? Datum{0} : CStringGetTextDatum(value);
    };
    Oid types[] = {TEXTOID, INT8OID, INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID};
    Datum values[] = {CStringGetTextDatum(statement.queue),
                      Int64GetDatum(statement.run_id),
                      Int64GetDatum(statement.id),
                      CStringGetTextDatum(outcome()),
                      TimestampTzGetDatum(statement.started),
                      text_or_null(error == nullptr ? nullptr : unpack_sql_state(error->sqlerrcode)),
                      text_or_null(error == nullptr ? nullptr : error->message),
                      text_or_null(error == nullptr ? nullptr : error->detail)};
    char nulls[] = "        ";
    for (int i = 5; i < 8; ++i)
        nulls[i] = values[i] == 0 ? 'n' : ' ';
    if (SPI_execute_with_args(settle_query, 8, types, values, nulls, false, 0) != SPI_OK_SELECT)
        elog(ERROR, "a statement could not be settled");
    commit();
    MemoryContextSwitchTo(worker);
}

} // namespace

void run_statement_jobs() {
    while (!must_yield()) {
        jobs::hold_taken(true); // the statement may end transactions, and in an error
        const ErrorData *broken = attempt(&take);
        if (broken == nullptr && statement.command != nullptr) {
            jobs::begin_job(statement.id);
            statement.started = GetCurrentTimestamp();
            statement.error = attempt(&run);
            statement.cancelled = statement.error != nullptr && jobs::take_cancel();
            jobs::begin_job(0);
        }
        jobs::hold_taken(false);
        if (broken != nullptr || statement.command == nullptr)
            jobs::give_up_taken();
        else
            broken = attempt(&settle);
        if (broken != nullptr)
            throw PgError(const_cast<ErrorData *>(broken));
        if (statement.command == nullptr)
            return;
    }
}

} // namespace steward
