#include "worker/databases.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace steward {

namespace {

constexpr const char *role_name = "steward_worker";

/// Workers are never superusers: what they run may meet what others have put into their tables.
void read_role(Catalog &catalog) {
    HeapTuple const tuple = SearchSysCache1(AUTHNAME, CStringGetDatum(role_name));
    if (!HeapTupleIsValid(tuple)) {
        catalog.why_no_role = "It does not exist.";
        return;
    }
    auto const *const role = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
    if (role->rolsuper)
        catalog.why_no_role = "It is a superuser.";
    else if (!role->rolcanlogin)
        catalog.why_no_role = "It may not log in.";
    else
        catalog.role = role->oid;
    ReleaseSysCache(tuple);
}

bool may_connect(Relation relation, HeapTuple tuple, Oid owner, Oid role) {
    bool is_default = false;
    Datum const value = heap_getattr(tuple, Anum_pg_database_datacl, RelationGetDescr(relation), &is_default);
    if (!is_default && VARATT_IS_EXTERNAL(DatumGetPointer(value)))
        return true; // kept in a table that is out of reach without a database; the worker finds out
    const Acl *const acl = is_default ? acldefault(OBJECT_DATABASE, owner) : DatumGetAclP(value);
    return aclmask(acl, role, owner, ACL_CONNECT, ACLMASK_ANY) != 0;
}

/// All that may be connected to and are no templates.
Candidates read_databases(Oid role, MemoryContext result) {
    int room = 64;
    int count = 0;
    auto *found = static_cast<Candidate *>(MemoryContextAlloc(result, sizeof(Candidate) * room));
    Relation const relation = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc const scan = table_beginscan_catalog(relation, 0, nullptr);
    while (HeapTuple const tuple = heap_getnext(scan, ForwardScanDirection)) {
        auto *const database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
        if (database->datistemplate || !database->datallowconn || database_is_invalid_form(database))
            continue;
        if (count == room) {
            room *= 2;
            found = static_cast<Candidate *>(repalloc(found, sizeof(Candidate) * room));
        }
        found[count++] = {database->oid,
                          !OidIsValid(role) || may_connect(relation, tuple, database->datdba, role)};
    }
    table_endscan(scan);
    table_close(relation, AccessShareLock);
    std::sort(found, found + count, [](const Candidate &a, const Candidate &b) { return a.oid < b.oid; });
    return {found, static_cast<std::size_t>(count)};
}

} // namespace

Catalog read_catalog() {
    MemoryContext const caller = CurrentMemoryContext;
    Catalog catalog{};
    StartTransactionCommand();
    (void)GetTransactionSnapshot(); // what is read must not be vacuumed away meanwhile
    read_role(catalog);
    catalog.databases = read_databases(catalog.role, caller);
    CommitTransactionCommand();
    MemoryContextSwitchTo(caller);
    return catalog;
}

} // namespace steward
