#include "extension/site_table.hpp"

#include "extension/migration.hpp"

extern "C" {
#include "access/parallel.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/proc.h"
#include "utils/inval.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
}

namespace steward {

bool SiteTable::changed() const noexcept {
    return invalidated_ || row_security_ || role_ != GetUserId() || !is_current();
}

/// What was read in parallel mode, by a snapshot that may be old, serves the query that read it.
bool SiteTable::is_current() const noexcept {
    return only_in_ == 0 || (only_in_ == MyProc->lxid && IsInParallelMode() &&
                             only_at_ == GetActiveSnapshot()->snapXactCompletionCount);
}

/// Runs inside PostgreSQL's invalidation, where nothing may fail.
void SiteTable::invalidate(Oid relation) noexcept {
    if (relation == InvalidOid || relation == relation_)
        invalidated_ = true;
}

void SiteTable::start_over() {
    relation_ = steward_table(name_);
    if (!OidIsValid(relation_))
        raise_missing_migration(migration_);
    if (!watched_)
        CacheRegisterRelcacheCallback(
            [](Datum table, Oid relation) {
                reinterpret_cast<SiteTable *>(DatumGetPointer(table))->invalidate(relation);
            },
            PointerGetDatum(this));
    watched_ = true;
    role_ = GetUserId();
    only_in_ = 0;
    row_security_ = check_enable_rls(relation_, InvalidOid, true) == RLS_ENABLED;
    invalidated_ = false; // what changes from here on, the readings to come may miss
}

void SiteTable::read(const char *query, std::string_view name, Visit visit, void *into) {
    // A transaction with an old snapshot must not keep old rows for the transactions after it; a parallel
    // query can not take a new one, so what it reads serves only its own transaction.
    bool const parallel = IsInParallelMode();
    if (parallel) {
        only_in_ = MyProc->lxid;
        only_at_ = GetActiveSnapshot()->snapXactCompletionCount;
    }

    MemoryContext const caller = CurrentMemoryContext;
    SPI_connect();
    PushActiveSnapshot(parallel ? GetActiveSnapshot() : GetLatestSnapshot());
    Oid types[] = {TEXTOID};
    Datum values[] = {PointerGetDatum(cstring_to_text_with_len(name.data(), static_cast<int>(name.size())))};
    if (SPI_execute_with_args(query, 1, types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "steward.%s could not be read", name_);
    for (uint64 row = 0; row < SPI_processed; ++row) {
        MemoryContext const spi = MemoryContextSwitchTo(caller);
        visit(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, into);
        MemoryContextSwitchTo(spi);
    }
    PopActiveSnapshot();
    SPI_finish();
}

} // namespace steward
