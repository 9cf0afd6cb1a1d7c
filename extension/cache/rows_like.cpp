// Rows whose keys a pattern fits.
#include "extension/cache/mutants.hpp"
#include "extension/cache/rows.hpp"
#include "extension/cache/rows_statement.hpp"
#include "extension/migration.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *tables[] = {"cache_table", "cache_archive"};

/// Of the role's rows, those that are good.
constexpr const char *condition = //
    "t.namespace OPERATOR(pg_catalog.=) $1 AND t.role OPERATOR(pg_catalog.=) $2"
    " AND t.key OPERATOR(pg_catalog.~~) $3 AND (t.expires_at IS NULL OR t.expires_at OPERATOR(pg_catalog.>) "
    "$4)";
constexpr Oid types[] = {TEXTOID, OIDOID, TEXTOID, TIMESTAMPTZOID};
using Parameters = std::array<Datum, std::size(types)>;

/// The role is the caller's, not the owner of the tables.
Parameters parameters_of(const Namespace &space, Datum pattern) {
    return {CStringGetTextDatum(space.name), ObjectIdGetDatum(role_of(space)), pattern,
            TimestampTzGetDatum(timestamp_of(now() - space.stale_for))};
}

/// What the last statement has returned is more of them; in another memory context than SPI's.
void add_returned(std::span<RowKey> &rows, MemoryContext context) {
    MemoryContext const spi = MemoryContextSwitchTo(context);
    std::size_t const before = rows.size();
    std::size_t const bytes = sizeof(RowKey) * (before + SPI_processed + 1);
    auto *const all = static_cast<RowKey *>(before > 0 ? repalloc_huge(rows.data(), bytes)
                                                       : MemoryContextAllocHuge(context, bytes));
    for (std::uint64_t i = 0; i < SPI_processed; ++i) {
        auto const column = [i](int number) {
            bool is_null = false;
            return SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, number, &is_null);
        };
        all[before + i] = {view(DatumGetTextPCopy(column(1))), DatumGetTimestampTz(column(2))};
    }
    rows = {all, before + SPI_processed};
    MemoryContextSwitchTo(spi);
}

} // namespace

/// By one statement, which has one snapshot: a row that moves is in one place or the other then. Who looks
/// into one after the other may find it in none, however often.
std::span<const RowKey> find_rows_like(const Namespace &space, Datum pattern) {
    constexpr const char *form = "SELECT t.key, t.saved_at FROM steward.%s AS t WHERE %s";
    static Statement in_table;
    static Statement in_archive; // of the mutant
    static Statement in_both;
    Oid const table = steward_table("cache_table");
    if (!OidIsValid(table))
        return {};
    MemoryContext const caller = CurrentMemoryContext;
    std::span<RowKey> rows;
    Parameters const values = parameters_of(space, pattern);
    as_owner(table, [&] {
        auto const look = [&](Statement &statement, const char *text) {
            statement.prepare(text, std::size(types), types);
            statement.run(values.data(), SPI_OK_SELECT);
            add_returned(rows, caller);
        };
        const char *const of_table = psprintf(form, tables[0], condition);
        const char *const of_archive = psprintf(form, tables[1], condition);
        if (!space.tiers.archive) {
            look(in_table, of_table);
        } else if (mutant == Mutant::look_apart) {
            look(in_archive, of_archive);
            pg_usleep(20'000);
            look(in_table, of_table);
        } else {
            look(in_both, psprintf("%s UNION ALL %s", of_table, of_archive));
        }
    });
    return rows;
}

std::int64_t delete_rows_like(const Namespace &space, Datum pattern) {
    static Statement deletes[std::size(tables)];
    Oid const table = steward_table("cache_table");
    if (!OidIsValid(table))
        return 0;
    Parameters const values = parameters_of(space, pattern);
    std::int64_t removed = 0;
    as_owner(table, [&] {
        // Without memory rows move in this order alone.
        for (std::size_t i = 0; i < (space.tiers.archive ? std::size(tables) : 1); ++i) {
            deletes[i].prepare(psprintf("DELETE FROM steward.%s AS t WHERE %s", tables[i], condition),
                               std::size(types), types);
            deletes[i].run(values.data(), SPI_OK_DELETE);
            removed += static_cast<std::int64_t>(SPI_processed);
        }
    });
    return removed;
}

} // namespace steward::cache
