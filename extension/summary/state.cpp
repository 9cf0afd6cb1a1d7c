#include "extension/summary/state.hpp"

#include "extension/migration.hpp"
#include "extension/sql_as_owner.hpp"
#include "extension/summary/plans.hpp"
#include "extension/summary/watch.hpp"

extern "C" {
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
}

namespace steward::summary {

namespace {

// What few keys cost says little of what many do, so that each measurement counts by its keys. Where all is
// computed because keys are thought to be dear, they become cheaper until they are tried again. Operators
// with a schema are all of one precedence.
constexpr const char *note_statement =
    "UPDATE steward.summary_state AS t SET refreshed_at = pg_catalog.clock_timestamp(), mode = $2, keys = $3,"
    " written = $4, duration = pg_catalog.make_interval(secs => $5 OPERATOR(pg_catalog./) 1e6),"
    " key_us = CASE WHEN $6 OPERATOR(pg_catalog.=) 0 AND t.rebuild IS NULL THEN t.key_us "
    "OPERATOR(pg_catalog.*) 0.9"
    " WHEN $6 OPERATOR(pg_catalog.<) 100 THEN t.key_us"
    " ELSE coalesce(t.key_us, $7 OPERATOR(pg_catalog./) $6) OPERATOR(pg_catalog.+)"
    " ((($7 OPERATOR(pg_catalog./) $6) OPERATOR(pg_catalog.-) coalesce(t.key_us, $7 OPERATOR(pg_catalog./) "
    "$6))"
    " OPERATOR(pg_catalog.*) ($6 OPERATOR(pg_catalog./) ($6 OPERATOR(pg_catalog.+) 1000))) END,"
    " full_us = CASE WHEN $8 OPERATOR(pg_catalog.=) 0 THEN t.full_us ELSE $8 END,"
    // A wish that came while all was computed stays.
    " rebuild = CASE WHEN $2 OPERATOR(pg_catalog.=) 'full' AND t.rebuild OPERATOR(pg_catalog.=) $9 THEN NULL "
    "ELSE t.rebuild END,"
    " refreshes = t.refreshes OPERATOR(pg_catalog.+) 1, failures = 0, error = NULL, error_at = NULL"
    " WHERE t.name OPERATOR(pg_catalog.=) $1 RETURNING t.refreshed_at";

/// Of each watched relation: whether what is there is what was watched at the last refresh, by a trigger of
/// its own on each part, and whether its columns have the names that they had.
constexpr const char *sources_statement =
    "SELECT s.relation::pg_catalog.oid, s.stamps OPERATOR(pg_catalog.=) steward.summary_stamps(s.relation)"
    " AND steward.summary_obstacle(s.relation) IS NULL"
    " AND (SELECT pg_catalog.pg_has_role(s.owner, c.relowner, 'USAGE') FROM pg_catalog.pg_class AS c"
    " WHERE c.oid OPERATOR(pg_catalog.=) s.relation)"
    " AND NOT EXISTS (SELECT FROM pg_catalog.unnest(s.partitions) AS p (part) LEFT JOIN "
    "pg_catalog.pg_trigger AS t"
    " ON t.tgrelid OPERATOR(pg_catalog.=) p.part AND t.tgname OPERATOR(pg_catalog.=) 'steward_summary'"
    " WHERE NOT coalesce(t.tgenabled OPERATOR(pg_catalog.=) 'A', false))"
    " AND NOT EXISTS (SELECT FROM ROWS FROM (pg_catalog.unnest(s.named), pg_catalog.unnest(s.numbers)) AS c "
    "(name, number)"
    " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid OPERATOR(pg_catalog.=) "
    "s.relation"
    " AND a.attnum OPERATOR(pg_catalog.=) c.number AND a.attname::pg_catalog.text OPERATOR(pg_catalog.=) "
    "c.name))"
    " FROM steward.summary_source AS s WHERE s.name OPERATOR(pg_catalog.=) $1"
    " AND s.partitions OPERATOR(pg_catalog.<>) '{}'";

/// Whether the sources are as they were when they were last watched. Adds all of their parts to `relations`.
bool are_as_watched(const Summary &summary, List *&relations) {
    static SPIPlanPtr plan = nullptr;
    MemoryContext const caller = CurrentMemoryContext;
    bool are_same = true;
    as_owner(steward_table("summary_source"), [&] {
        Oid const types[] = {TEXTOID};
        keep_plan(plan, sources_statement, types);
        Datum values[] = {CStringGetTextDatum(summary.name)};
        bool const is_read_only = false; // so that it sees what is committed by now
        if (SPI_execute_plan(plan, values, nullptr, is_read_only, 0) != SPI_OK_SELECT)
            elog(ERROR, "could not read the sources of a summary: %s", SPI_result_code_string(SPI_result));
        for (std::uint64_t i = 0; i < SPI_processed; ++i) {
            bool is_null = false;
            HeapTuple const row = SPI_tuptable->vals[i];
            Oid const relation = DatumGetObjectId(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &is_null));
            are_same =
                DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null)) && !is_null && are_same;
            MemoryContext const spi = MemoryContextSwitchTo(caller);
            relations = list_concat(relations, find_all_inheritors(relation, NoLock, nullptr));
            MemoryContextSwitchTo(spi);
        }
    });
    return are_same;
}

constexpr const char *below_statement =
    "SELECT y.name FROM steward.summary_source AS g JOIN steward.summary AS y"
    " ON y.stored OPERATOR(pg_catalog.=) g.relation WHERE g.name OPERATOR(pg_catalog.=) $1"
    " GROUP BY y.name ORDER BY pg_catalog.min(g.place)";

void look_below(const Summary &summary) {
    static SPIPlanPtr plan = nullptr;
    MemoryContext const caller = CurrentMemoryContext;
    as_owner(steward_table("summary_source"), [&] {
        Oid const types[] = {TEXTOID};
        keep_plan(plan, below_statement, types);
        Datum values[] = {CStringGetTextDatum(summary.name)};
        if (SPI_execute_plan(plan, values, nullptr, false, 0) != SPI_OK_SELECT)
            elog(ERROR, "could not read the sources of a summary: %s", SPI_result_code_string(SPI_result));
        know_below(summary, returned_texts(NIL, caller));
    });
}

} // namespace

List *summaries_below(const Summary &summary) {
    check_stack_depth();
    if (!below_of(summary).are_known)
        look_below(summary);
    List *below = NIL;
    ListCell *cell = nullptr;
    foreach (cell, below_of(summary).names) {
        auto *const found = static_cast<Summary *>(palloc(sizeof(Summary)));
        *found = find_summary(static_cast<const text *>(lfirst(cell)));
        if (!found->is_scheduled && !found->is_paused && has_privs_of_role(summary.owner, found->owner))
            below = lappend(below, found);
    }
    return below;
}

TimestampTz note_refresh(const Summary &summary, const Outcome &outcome) {
    static SPIPlanPtr plan = nullptr;
    TimestampTz at = DT_NOBEGIN;
    as_owner(steward_table("summary_state"), [&] {
        Oid const types[] = {TEXTOID,   TEXTOID,   INT8OID,   INT8OID, FLOAT8OID,
                             FLOAT8OID, FLOAT8OID, FLOAT8OID, TEXTOID};
        auto const number = [](std::int64_t value) { return Float8GetDatum(static_cast<double>(value)); };
        keep_plan(plan, note_statement, types);
        Datum values[] = {CStringGetTextDatum(summary.name),
                          CStringGetTextDatum(outcome.mode),
                          Int64GetDatum(outcome.keys),
                          Int64GetDatum(outcome.written),
                          number(outcome.us),
                          number(outcome.computed_keys),
                          number(outcome.computed_us),
                          number(outcome.full_us),
                          summary.rebuild == nullptr ? Datum{0} : CStringGetTextDatum(summary.rebuild)};
        const char *const nulls = summary.rebuild == nullptr ? "        n" : nullptr;
        int const result = SPI_execute_plan(plan, values, nulls, false, 0);
        if (result != SPI_OK_UPDATE_RETURNING)
            elog(ERROR, "could not note a refresh: %s", SPI_result_code_string(result));
        if (SPI_processed > 0)
            at = DatumGetTimestampTz(Returned()[1]);
    });
    return at;
}

bool has_moved(const Summary &summary) {
    if (are_partitions_known(summary))
        return false;
    List *relations = NIL;
    bool const are_same = are_as_watched(summary, relations);
    if (are_same)
        know_partitions(summary, relations);
    return !are_same;
}

void renew_expressions(const Summary &summary) {
    if (!are_expressions_outdated(known_relations(summary), summary.changes))
        return;
    Oid types[] = {TEXTOID};
    Datum values[] = {CStringGetTextDatum(summary.name)};
    if (SPI_execute_with_args("SELECT steward.summary_rebuild($1)", 1, types, values, nullptr, false, 0) !=
        SPI_OK_SELECT)
        elog(ERROR, "could not look again at what a summary reads: %s", SPI_result_code_string(SPI_result));
}

void look_at_partitions(const Summary &summary) {
    if (are_partitions_known(summary))
        return;
    List *relations = NIL;
    if (!are_as_watched(summary, relations)) {
        Oid types[] = {TEXTOID};
        Datum values[] = {CStringGetTextDatum(summary.name)};
        if (SPI_execute_with_args("SELECT steward.summary_watch($1)", 1, types, values, nullptr, false, 0) !=
            SPI_OK_SELECT)
            elog(ERROR, "could not watch the partitions of a summary: %s",
                 SPI_result_code_string(SPI_result));
    }
    know_partitions(summary, relations);
}

} // namespace steward::summary
