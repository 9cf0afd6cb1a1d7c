// The process that does the work of one database, once, and ends.
#include "worker/database_worker.hpp"

#include "worker/call.hpp"
#include "worker/clock.hpp"
#include "worker/schedule.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "commands/dbcommands.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/ascii.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
}

namespace steward {

namespace {

constexpr const char *entry = "CALL steward.worker_run()";

bool is_worker = false;
Job job{};
Presence presence = Presence::unknown;

/// The installed extension against this library.
Presence compare_version(Relation extensions) {
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum("pg_steward"));
    SysScanDesc const scan = systable_beginscan(extensions, ExtensionNameIndexId, true, nullptr, 1, &key);
    HeapTuple const tuple = systable_getnext(scan);
    Presence result = Presence::absent;
    if (HeapTupleIsValid(tuple)) {
        bool is_null = false;
        Datum const version =
            heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(extensions), &is_null);
        bool const is_same = !is_null && strcmp(TextDatumGetCString(version), STEWARD_VERSION) == 0;
        result = is_same ? Presence::present : Presence::version_differs;
    }
    systable_endscan(scan);
    return result;
}

/// Whether the migration that grants the role its entry has been there.
bool may_call_entry() {
    Oid const schema = get_namespace_oid("steward", true);
    if (!OidIsValid(schema) || pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
        return false;
    bool result = false;
    CatCList *const found = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum("worker_run"));
    for (int i = 0; i < found->n_members; ++i) {
        auto const *const procedure = reinterpret_cast<Form_pg_proc>(GETSTRUCT(&found->members[i]->tuple));
        if (procedure->pronamespace == schema && procedure->prokind == PROKIND_PROCEDURE &&
            pg_proc_aclcheck(procedure->oid, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
            result = true;
    }
    ReleaseSysCacheList(found);
    return result;
}

/// One short transaction, which keeps no lock: nobody waits for the worker.
void look_for_extension() {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    Relation const extensions = table_open(ExtensionRelationId, AccessShareLock);
    presence = compare_version(extensions);
    table_close(extensions, AccessShareLock);
    if (presence == Presence::present && !may_call_entry())
        presence = Presence::no_grant;
    CommitTransactionCommand();
}

/// The very entry that a person calls. A background worker has to arm the time limit of a statement itself.
void run_entry() {
    debug_query_string = entry;
    pgstat_report_activity(STATE_RUNNING, entry);
    if (worker_settings.timeout_ms > 0)
        enable_timeout_after(STATEMENT_TIMEOUT, worker_settings.timeout_ms);
    run_statement(entry);
    disable_timeout(STATEMENT_TIMEOUT, false);
}

void log_failure(const ErrorData *error) {
    StartTransactionCommand();
    const char *const database = get_database_name(MyDatabaseId);
    ereport(WARNING, errcode(error->sqlerrcode),
            errmsg("background work in database \"%s\" failed: %s", database != nullptr ? database : "",
                   error->message),
            error->detail != nullptr ? errdetail_internal("%s", error->detail) : 0,
            error->hint != nullptr ? errhint("%s", error->hint) : 0,
            error->context != nullptr ? errcontext("%s", error->context) : 0);
    CommitTransactionCommand();
}

void finish(Presence found, const ErrorData *error) {
    char message[sizeof(DatabaseState::message)] = "";
    if (error != nullptr) // another database, which may be of another encoding, shows it
        ascii_safe_strlcpy(message, error->message, sizeof(message));
    Outcome const outcome{found, error != nullptr ? error->sqlerrcode : 0, message};
    bool const is_news = with_state(
        LW_EXCLUSIVE, [&](WorkerState &state) { return record(state, job, outcome, worker_now()); });
    if (is_news)
        log_failure(error);
}

void work() {
    const ErrorData *error = attempt(&look_for_extension);
    if (error == nullptr && presence == Presence::present) {
        error = attempt(&run_entry);
        // What fails because the extension was dropped or updated meanwhile is no failure.
        if (error != nullptr && attempt(&look_for_extension) == nullptr && presence != Presence::present)
            error = nullptr;
    }
    debug_query_string = nullptr;
    pgstat_report_activity(STATE_IDLE, nullptr);
    finish(error != nullptr ? Presence::present : presence, error);
    (void)pgstat_report_stat(true); // or autovacuum would not hear of what was written
}

/// Runs when the process has left the list of those who are connected, because it was registered before
/// it entered: whoever waits for the slot finds the database empty.
void leave(int, Datum) {
    boundary([] { with_state(LW_EXCLUSIVE, [](WorkerState &state) { release(state, job, worker_now()); }); });
}

void connect() {
    BackgroundWorkerInitializeConnectionByOid(job.database, job.role, 0);
    pgstat_report_appname(MyBgworkerEntry->bgw_name);
    SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION);
    // What a database or the server sets for its users is not meant for a worker; autovacuum does the same.
    SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("lock_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("idle_in_transaction_session_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE);
    with_state(LW_EXCLUSIVE, [](WorkerState &state) { state.slots[job.slot].connected = true; });
}

} // namespace

bool is_database_worker() noexcept {
    return is_worker;
}

STEWARD_MAIN(steward_worker_main) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    is_worker = true;
    memcpy(&job, MyBgworkerEntry->bgw_extra, sizeof(job));
    on_shmem_exit(&leave, 0);
    bool const is_in_time = with_state(
        LW_EXCLUSIVE, [](WorkerState &state) { return claim(state, job, MyProcPid, worker_now()); });
    if (!is_in_time)
        proc_exit(0);
    connect();
    MemoryContext const context =
        AllocSetContextCreate(TopMemoryContext, "steward worker", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(context);
    if (superuser()) // made one since the launcher looked
        finish(Presence::no_role, nullptr);
    else
        work();
    proc_exit(0);
}

} // namespace steward
