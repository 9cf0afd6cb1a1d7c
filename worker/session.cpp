#include "worker/session.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace steward {

namespace {

bool was_superuser = false;

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

/// Whether the role was granted its entry.
bool may_call(const char *procedure) {
    Oid const schema = get_namespace_oid("steward", true);
    if (!OidIsValid(schema) || pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK)
        return false;
    bool result = false;
    CatCList *const found = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(procedure));
    for (int i = 0; i < found->n_members; ++i) {
        auto const *const form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(&found->members[i]->tuple));
        if (form->pronamespace == schema && form->prokind == PROKIND_PROCEDURE &&
            pg_proc_aclcheck(form->oid, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
            result = true;
    }
    ReleaseSysCacheList(found);
    return result;
}

/// The duties are never done by a superuser, jobs if the setting allows it.
bool may_work(const Job &job) {
    return !was_superuser || (job.key.is_role() && worker_settings.superuser_jobs);
}

/// A value that RESET gives as well.
void set(const char *name, const char *value) {
    SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

} // namespace

void connect(const Job &job) {
    BackgroundWorkerInitializeConnectionByOid(job.key.database, job.login, 0);
    pgstat_report_appname(MyBgworkerEntry->bgw_name);
    // Jobs see the settings that their role has in this database. Of those only what would keep any work from
    // being done is not meant for a worker; autovacuum does the same.
    if (!job.key.is_role())
        set("search_path", "pg_catalog, pg_temp");
    set("default_transaction_isolation", "read committed");
    set("default_transaction_read_only", "off");
    set("default_transaction_deferrable", "off");
    set("lock_timeout", "0");
    set("idle_in_transaction_session_timeout", "0");
    set("idle_session_timeout", "0");
    // What is known of the role may have been thrown away since it logged in: then it is looked up, which
    // only a transaction may.
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    was_superuser = superuser();
    CommitTransactionCommand();
}

Presence look_around(const Job &job, const Entry &entry) {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    Presence presence = Presence::no_role;
    if (may_work(job)) {
        Relation const extensions = table_open(ExtensionRelationId, AccessShareLock);
        presence = compare_version(extensions);
        table_close(extensions, AccessShareLock);
        if (presence == Presence::present && !may_call(entry.procedure))
            presence = Presence::no_grant;
    }
    CommitTransactionCommand();
    return presence;
}

bool is_role_unchanged(const Job &job) {
    HeapTuple const tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(job.login));
    if (!HeapTupleIsValid(tuple))
        return false;
    auto const *const role = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
    bool const is_same = role->rolcanlogin && role->rolsuper == was_superuser;
    ReleaseSysCache(tuple);
    return is_same && pg_database_aclcheck(MyDatabaseId, job.login, ACL_CONNECT) == ACLCHECK_OK;
}

bool forget_run(const Job &job) {
    StartTransactionCommand();
    bool const is_itself = GetUserId() == job.login && GetSessionUserId() == job.login;
    // As DISCARD ALL, but plans are kept: they are what makes a second run fast. LISTEN is refused to
    // workers.
    PortalHashTableDeleteAll();
    ResetAllOptions();
    DropAllPreparedStatements();
    LockReleaseAll(USER_LOCKMETHOD, true);
    ResetTempTableNamespace();
    ResetSequenceCaches();
    CommitTransactionCommand();
    return is_itself;
}

} // namespace steward
