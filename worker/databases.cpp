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
#include "utils/catcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace steward {

namespace {

constexpr const char *role_name = "steward_worker";

/// The duties are never done by a superuser: what they run may meet what others have put into their tables.
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

/// What the role itself may, wherever; superusers may connect to every database.
Verdict look_at_role(Oid role, bool &is_superuser) {
    HeapTuple const tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
    if (!HeapTupleIsValid(tuple))
        return Verdict::gone;
    auto const *const form = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
    is_superuser = form->rolsuper;
    bool const may_work = form->rolcanlogin && (worker_settings.superuser_jobs || !is_superuser);
    ReleaseSysCache(tuple);
    return may_work ? Verdict::fit : Verdict::no_role;
}

/// Looks at those of the roles that have jobs in this database.
void look_at_roles(std::span<RoleCandidate> roles, Relation relation, HeapTuple tuple) {
    auto const *const database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    auto place =
        std::lower_bound(roles.begin(), roles.end(), database->oid,
                         [](const RoleCandidate &one, Oid wanted) { return one.key.database < wanted; });
    for (; place != roles.end() && place->key.database == database->oid; ++place) {
        bool is_superuser = false;
        place->verdict = look_at_role(place->key.role, is_superuser);
        if (place->verdict == Verdict::fit && !is_superuser &&
            !may_connect(relation, tuple, database->datdba, place->key.role))
            place->verdict = Verdict::no_connect;
    }
}

/// All that may be connected to and are no templates.
Candidates read_databases(Oid role, std::span<RoleCandidate> roles, MemoryContext result) {
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
        look_at_roles(roles, relation, tuple);
    }
    table_endscan(scan);
    table_close(relation, AccessShareLock);
    std::sort(found, found + count, [](const Candidate &a, const Candidate &b) { return a.oid < b.oid; });
    return {found, static_cast<std::size_t>(count)};
}

} // namespace

Catalog read_catalog(std::span<RoleCandidate> roles) {
    MemoryContext const caller = CurrentMemoryContext;
    Catalog catalog{};
    StartTransactionCommand();
    CatalogCacheFlushCatalog(
        AuthIdRelationId);          // who wakes the launcher at commit has not sent word of the change yet
    (void)GetTransactionSnapshot(); // what is read must not be vacuumed away meanwhile
    read_role(catalog);
    for (RoleCandidate &one : roles)
        one.verdict = Verdict::gone; // unless its database turns up
    catalog.databases = read_databases(catalog.role, roles, caller);
    catalog.roles = roles;
    CommitTransactionCommand();
    MemoryContextSwitchTo(caller);
    return catalog;
}

} // namespace steward
