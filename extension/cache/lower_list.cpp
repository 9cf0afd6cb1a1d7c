// What of a namespace lies below the memory, without the values.
#include "extension/cache/arguments.hpp"
#include "extension/cache/lower.hpp"
#include "extension/migration.hpp"
#include "extension/rows.hpp"
#include "extension/sql_as_owner.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";
constexpr int columns = 7;

/// Sizes are those of what the tables hold; nothing is unpacked to be listed.
constexpr const char *statement =
    "SELECT 'table', t.key, CASE WHEN t.json IS NOT NULL THEN 'jsonb' WHEN t.text IS NOT NULL THEN 'text'"
    " ELSE 'bytea' END, CASE WHEN t.json IS NOT NULL THEN pg_catalog.pg_column_size(t.json)"
    " WHEN t.text IS NOT NULL THEN pg_catalog.pg_column_size(t.text) ELSE pg_catalog.pg_column_size(t.bytes)"
    " END::pg_catalog.int8, t.cost_us, t.expires_at, t.saved_at FROM steward.cache_table AS t"
    " WHERE t.namespace OPERATOR(pg_catalog.=) $1 AND t.role OPERATOR(pg_catalog.=) $2"
    " AND t.saved_at OPERATOR(pg_catalog.>) $3"
    " UNION ALL SELECT 'archive', a.key, CASE a.kind WHEN 'j' THEN 'jsonb' WHEN 't' THEN 'text' ELSE 'bytea' "
    "END,"
    " pg_catalog.octet_length(a.body)::pg_catalog.int8, a.cost_us, a.expires_at, a.saved_at"
    " FROM steward.cache_archive AS a WHERE a.namespace OPERATOR(pg_catalog.=) $1"
    " AND a.role OPERATOR(pg_catalog.=) $2 AND a.saved_at OPERATOR(pg_catalog.>) $3";

void show(const ResultRows &rows, HeapTuple tuple, TupleDesc descriptor) {
    rows.add_nullable([&] {
        std::array<NullableDatum, columns> row{};
        for (int i = 0; i < columns; ++i)
            row[static_cast<std::size_t>(i)].value =
                SPI_getbinval(tuple, descriptor, i + 1, &row[static_cast<std::size_t>(i)].isnull);
        return row;
    });
}

} // namespace

/// (namespace) -> tier, key, type, bytes, cost_us, expires_at, saved_at
STEWARD_FUNCTION(steward_cache_lower_entries) {
    constexpr Oid types[] = {TEXTOID, OIDOID, TIMESTAMPTZOID};
    const Namespace &space = namespace_argument(fcinfo, Right::read);
    ResultRows const rows = start_rows(fcinfo);
    Oid const table = has_lower(space) ? steward_table("cache_table") : InvalidOid;
    if (!OidIsValid(table))
        return Datum{0};
    Datum const values[] = {CStringGetTextDatum(space.name), ObjectIdGetDatum(role_of(space)),
                            TimestampTzGetDatum(space.cleared)};
    as_owner(table, [&] {
        if (SPI_execute_with_args(statement, std::size(types), const_cast<Oid *>(types),
                                  const_cast<Datum *>(values), nullptr, true, 0) != SPI_OK_SELECT)
            elog(ERROR, "could not list the tables of the cache");
        for (std::uint64_t i = 0; i < SPI_processed; ++i)
            show(rows, SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
    });
    return Datum{0};
}

} // namespace steward::cache
