#include "extension/summary/statements.hpp"

#include "extension/summary/mutants.hpp"

extern "C" {
#include "access/table.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace steward::summary {

namespace {

/// The table of rows has the columns of the query, and this one if they may expire.
constexpr const char *expires_column = "steward_expires_at";

const KeyColumn &key_of(const Summary &summary, int i) {
    return *static_cast<const KeyColumn *>(list_nth(summary.key, i));
}

const char *name_of(Oid relation) {
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
                                      get_rel_name(relation));
}

/// "PREFIXa, PREFIXb, ..." for the columns of the key.
const char *key_list(const Summary &summary, const char *prefix) {
    StringInfoData text;
    initStringInfo(&text);
    for (int i = 0; i < list_length(summary.key); ++i)
        appendStringInfo(&text, "%s%s%s", i == 0 ? "" : ", ", prefix,
                         quote_identifier(key_of(summary, i).name));
    return text.data;
}

/// The key of a row that is there, as it is: an equal one may look otherwise.
const char *kept_keys(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    for (int i = 0; i < list_length(summary.key); ++i) {
        const char *const name = quote_identifier(key_of(summary, i).name);
        appendStringInfo(&text, "%scoalesce(o.%s, a.%s) AS %s", i == 0 ? "" : ", ", name, name, name);
    }
    return text.data;
}

/// "LEFTa = RIGHTa AND ..." with the operators of the key. Without `right` its columns are key_1, key_2, ...
const char *key_equality(const Summary &summary, const char *left, const char *right) {
    StringInfoData text;
    initStringInfo(&text);
    for (int i = 0; i < list_length(summary.key); ++i) {
        const KeyColumn &key = key_of(summary, i);
        appendStringInfo(&text, "%s%s%s %s ", i == 0 ? "" : " AND ", left, quote_identifier(key.name),
                         key.equals);
        if (right != nullptr)
            appendStringInfo(&text, "%s%s", right, quote_identifier(key.name));
        else
            appendStringInfo(&text, "k.key_%d", i + 1);
    }
    return text.data;
}

/// "PREFIXa, PREFIXb, ..." for the columns of the table of rows.
const char *column_list(const Summary &summary, const char *prefix) {
    StringInfoData text;
    initStringInfo(&text);
    Relation const table = table_open(summary.stored, AccessShareLock);
    TupleDesc const columns = RelationGetDescr(table);
    for (int i = 0; i < columns->natts; ++i)
        if (!TupleDescAttr(columns, i)->attisdropped)
            appendStringInfo(&text, "%s%s%s", text.len == 0 ? "" : ", ", prefix,
                             quote_identifier(NameStr(TupleDescAttr(columns, i)->attname)));
    table_close(table, AccessShareLock);
    return text.data;
}

/// "a = d.a, b = d.b, ..."
const char *assignments(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    Relation const table = table_open(summary.stored, AccessShareLock);
    TupleDesc const columns = RelationGetDescr(table);
    for (int i = 0; i < columns->natts; ++i) {
        if (TupleDescAttr(columns, i)->attisdropped)
            continue;
        const char *const name = quote_identifier(NameStr(TupleDescAttr(columns, i)->attname));
        appendStringInfo(&text, "%s%s = d.%s", text.len == 0 ? "" : ", ", name, name);
    }
    table_close(table, AccessShareLock);
    return text.data;
}

/// That a row of `v` has a key. One without can be of no key that changes.
const char *keys_are_there(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    for (int i = 0; i < list_length(summary.key); ++i)
        appendStringInfo(&text, "%sv.%s IS NOT NULL", i == 0 ? "" : " AND ",
                         quote_identifier(key_of(summary, i).name));
    return text.data;
}

/// The time of a row, of `v`.
const char *expiry_column(const Summary &summary) {
    return summary.expires == nullptr
               ? ""
               : psprintf(", (%s)::pg_catalog.timestamptz AS %s", summary.expires, expires_column);
}

/// How many rows were looked at, written and removed, and whether a key has several.
void append_counts(StringInfo text, const Summary &summary, const char *looked_at) {
    appendStringInfo(
        text,
        " SELECT (SELECT pg_catalog.count(*) FROM %s), (SELECT pg_catalog.count(*) FROM changed)"
        " OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM added),"
        " (SELECT pg_catalog.count(*) FROM removed),"
        " EXISTS (SELECT FROM %s AS m GROUP BY %s HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1)",
        looked_at, looked_at, key_list(summary, "m."));
}

/// The columns of the query, computed from the sums and the key of `v`.
const char *output_list(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    Relation const view = table_open(summary.source, AccessShareLock);
    for (int i = 0; i < list_length(summary.outputs); ++i)
        appendStringInfo(&text, "%s%s AS %s", i == 0 ? "" : ", ",
                         static_cast<const char *>(list_nth(summary.outputs, i)),
                         quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(view), i)->attname)));
    table_close(view, AccessShareLock);
    return text.data;
}

/// The pattern, with the name of each sum for %s.
const char *sum_list(const Summary &summary, const char *pattern) {
    StringInfoData text;
    initStringInfo(&text);
    Relation const table = table_open(summary.changes, AccessShareLock);
    int const sums = RelationGetDescr(table)->natts - 1 - list_length(summary.key);
    table_close(table, AccessShareLock);
    for (int i = 1; i <= sums; ++i) {
        const char *const name = psprintf("steward_%d", i);
        appendStringInfoString(&text, i == 1 ? "" : ", ");
        for (const char *at = pattern; *at != '\0'; ++at)
            if (at[0] == '%' && at[1] == 's')
                appendStringInfoString(&text, (++at, name));
            else
                appendStringInfoChar(&text, *at);
    }
    return text.data;
}

/// From `found`, the rows as they are to be, and `before`, those that are stored, to what has to be written.
/// Rows are compared as they are stored: types without operators differ, too, and nothing that is the same
/// is written or locked.
void append_difference(StringInfo text, const Summary &summary) {
    const char *const first = quote_identifier(key_of(summary, 0).name);
    const char *const stored = name_of(summary.stored);
    appendStringInfo(
        text,
        ", differs AS MATERIALIZED (SELECT b.steward_place, f.* FROM found AS f FULL JOIN before AS b"
        " ON %s WHERE ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record)",
        key_equality(summary, "f.", "b."), column_list(summary, "f."), column_list(summary, "b."));
    appendStringInfo(
        text,
        ", changed AS (UPDATE %s AS t SET %s FROM differs AS d WHERE t.ctid OPERATOR(pg_catalog.=)"
        " d.steward_place AND d.%s IS NOT NULL RETURNING 1)",
        stored, assignments(summary), first);
    appendStringInfo(
        text,
        ", added AS (INSERT INTO %s (%s) SELECT %s FROM differs AS d WHERE d.steward_place IS NULL"
        " RETURNING 1)",
        stored, column_list(summary, ""), column_list(summary, "d."));
    appendStringInfo(
        text,
        ", removed AS (DELETE FROM %s AS t USING differs AS d WHERE t.ctid OPERATOR(pg_catalog.=)"
        " d.steward_place AND d.%s IS NULL RETURNING 1)",
        stored, first);
    append_counts(text, summary, "found");
}

/// Nothing but for the mutants that do not take whatever is there.
const char *later_than_last(const Summary &summary) {
    constexpr const char *last = "(SELECT %s FROM steward.summary_state AS t WHERE t.name = %s)";
    const char *const name = quote_literal_cstr(summary.name);
    if (mutant == Mutant::cursor)
        return psprintf(" WHERE age(xmin) < %s", psprintf(last, "age(t.xmin)", name));
    if (mutant == Mutant::watermark)
        return psprintf(" WHERE steward_changed_at > %s", psprintf(last, "t.refreshed_at", name));
    return "";
}

} // namespace

List *key_array_types(const Summary &summary) {
    List *types = NIL;
    for (int i = 0; i < list_length(summary.key); ++i)
        types = lappend_oid(types, get_array_type(key_of(summary, i).type));
    return types;
}

char *take_statement(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    const char *const changes = name_of(summary.changes);
    const char *const keys = key_list(summary, "");
    if (mutant == Mutant::recompute_first)
        appendStringInfo(&text, "WITH taken AS (SELECT %s FROM %s), expired AS (", keys, changes);
    else
        appendStringInfo(
            &text,
            "WITH taken AS (DELETE FROM %s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT ctid FROM %s%s"
            " LIMIT $1)) RETURNING %s), expired AS (",
            changes, changes, later_than_last(summary), keys);
    appendStringInfo(&text, "SELECT %s FROM %s WHERE ", keys, name_of(summary.stored));
    if (summary.expires != nullptr && mutant != Mutant::no_expiry)
        appendStringInfo(&text, "%s OPERATOR(pg_catalog.<=) pg_catalog.now() LIMIT $1", expires_column);
    else
        appendStringInfoString(&text, "false");
    appendStringInfoString(&text, "), rung AS (");
    if (OidIsValid(summary.timers) && mutant != Mutant::no_expiry)
        appendStringInfo(
            &text,
            "DELETE FROM %s WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT ctid FROM %s WHERE"
            " steward_at OPERATOR(pg_catalog.<=) pg_catalog.now() LIMIT $1)) RETURNING %s",
            name_of(summary.timers), name_of(summary.timers), keys);
    else
        appendStringInfo(&text, "SELECT %s FROM %s WHERE false", keys, name_of(summary.stored));
    appendStringInfoString(&text, ") SELECT ");
    const char *const first = quote_identifier(key_of(summary, 0).name);
    for (int i = 0; i < list_length(summary.key); ++i)
        appendStringInfo(&text, "pg_catalog.array_agg(%s ORDER BY %s) FILTER (WHERE %s IS NOT NULL), ",
                         quote_identifier(key_of(summary, i).name), keys, first);
    appendStringInfo(
        &text,
        "coalesce(pg_catalog.bool_or(%s IS NULL), false), (SELECT pg_catalog.count(*) FROM taken),"
        " (SELECT pg_catalog.count(*) FROM expired), (SELECT pg_catalog.count(*) FROM rung)"
        " FROM (SELECT %s FROM taken UNION SELECT %s FROM expired UNION SELECT %s FROM rung) AS u",
        first, keys, keys, keys);
    return text.data;
}

char *keyed_statement(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfoString(&text, "WITH wanted AS MATERIALIZED (SELECT * FROM ROWS FROM (");
    for (int i = 1; i <= list_length(summary.key); ++i)
        appendStringInfo(&text, "%spg_catalog.unnest($%d)", i == 1 ? "" : ", ", i);
    appendStringInfoString(&text, ") AS k (");
    for (int i = 1; i <= list_length(summary.key); ++i)
        appendStringInfo(&text, "%skey_%d", i == 1 ? "" : ", ", i);
    // OFFSET 0 keeps the key a parameter of the query, which the planner carries into its parts.
    appendStringInfo(
        &text,
        ")), found AS MATERIALIZED (SELECT v.*%s FROM (SELECT s.* FROM wanted AS k CROSS JOIN LATERAL"
        " (SELECT * FROM %s AS q WHERE %s OFFSET 0) AS s) AS v)",
        expiry_column(summary), name_of(summary.source), key_equality(summary, "q.", nullptr));
    appendStringInfo(&text,
                     ", before AS (SELECT o.ctid AS steward_place, o.* FROM wanted AS k JOIN %s AS o ON %s)",
                     name_of(summary.stored), key_equality(summary, "o.", nullptr));
    append_difference(&text, summary);
    return text.data;
}

char *full_statement(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "WITH taken AS (DELETE FROM %s), found AS MATERIALIZED (",
                     name_of(summary.changes));
    if (is_added_up(summary))
        appendStringInfo(&text, "SELECT %s, %s FROM %s AS v WHERE %s)", output_list(summary),
                         sum_list(summary, "v.%s"), name_of(summary.states), keys_are_there(summary));
    else
        appendStringInfo(&text, "SELECT v.*%s FROM %s AS v WHERE %s)", expiry_column(summary),
                         name_of(summary.source), keys_are_there(summary));
    appendStringInfo(&text, ", before AS (SELECT o.ctid AS steward_place, o.* FROM %s AS o)",
                     name_of(summary.stored));
    append_difference(&text, summary);
    return text.data;
}

char *delta_statement(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    const char *const keys = key_list(summary, "");
    const char *const first = quote_identifier(key_of(summary, 0).name);
    const char *const stored = name_of(summary.stored);
    if (mutant == Mutant::recompute_first)
        appendStringInfo(&text, "WITH taken AS (SELECT * FROM %s)", name_of(summary.changes));
    else
        appendStringInfo(&text, "WITH taken AS (DELETE FROM %s%s RETURNING *)", name_of(summary.changes),
                         later_than_last(summary));
    appendStringInfo(&text,
                     ", added_up AS MATERIALIZED (SELECT %s, %s FROM taken WHERE %s IS NOT NULL GROUP BY %s)",
                     keys, sum_list(summary, "pg_catalog.sum(%s) AS %s"), first, keys);
    appendStringInfo(&text,
                     ", after AS MATERIALIZED (SELECT o.ctid AS steward_place, %s, %s FROM added_up AS a "
                     "LEFT JOIN %s AS o ON %s)",
                     kept_keys(summary),
                     sum_list(summary, "coalesce(o.%s, 0) OPERATOR(pg_catalog.+) a.%s AS %s"), stored,
                     key_equality(summary, "o.", "a."));
    appendStringInfo(&text,
                     ", differs AS MATERIALIZED (SELECT v.steward_place, v.steward_1 OPERATOR(pg_catalog.>) "
                     "0 AS steward_stays, %s, %s FROM after AS v)",
                     output_list(summary), sum_list(summary, "v.%s"));
    appendStringInfo(
        &text,
        ", changed AS (UPDATE %s AS t SET %s FROM differs AS d WHERE t.ctid OPERATOR(pg_catalog.=)"
        " d.steward_place AND d.steward_stays RETURNING 1)",
        stored, assignments(summary));
    appendStringInfo(
        &text,
        ", added AS (INSERT INTO %s (%s) SELECT %s FROM differs AS d WHERE d.steward_place IS NULL"
        " AND d.steward_stays RETURNING 1)",
        stored, column_list(summary, ""), column_list(summary, "d."));
    appendStringInfo(
        &text,
        ", removed AS (DELETE FROM %s AS t USING differs AS d WHERE t.ctid OPERATOR(pg_catalog.=)"
        " d.steward_place AND NOT d.steward_stays RETURNING 1)",
        stored);
    append_counts(&text, summary, "added_up");
    appendStringInfo(&text, ", EXISTS (SELECT FROM taken WHERE %s IS NULL)", first);
    return text.data;
}

char *keys_statement(const Summary &summary) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfoString(&text, "SELECT ");
    for (int i = 0; i < list_length(summary.key); ++i)
        appendStringInfo(&text, "%spg_catalog.array_agg(r.%s)", i == 0 ? "" : ", ",
                         quote_identifier(key_of(summary, i).name));
    const char *const keys = key_list(summary, "");
    appendStringInfo(&text,
                     " FROM (SELECT DISTINCT %s FROM pg_catalog.jsonb_populate_recordset(NULL::%s, $1)) AS r",
                     keys, name_of(summary.stored));
    return text.data;
}

const char *key_condition(const Summary &summary, const char *left, const char *right) {
    return key_equality(summary, psprintf("%s.", left), psprintf("%s.", right));
}

char *drain_statement(const Summary &summary) {
    return psprintf("DELETE FROM %s", name_of(summary.changes));
}

char *backlog_statement(const Summary &summary) {
    return psprintf("SELECT pg_catalog.count(*) FROM (SELECT DISTINCT %s FROM %s LIMIT $1) AS c",
                    key_list(summary, ""), name_of(summary.changes));
}

char *expiry_statement(const Summary &summary) {
    const char *const none = "NULL::pg_catalog.timestamptz";
    const char *const stored =
        summary.expires == nullptr
            ? none
            : psprintf("(SELECT %s FROM %s WHERE %s IS NOT NULL ORDER BY %s LIMIT 1)", expires_column,
                       name_of(summary.stored), expires_column, expires_column);
    const char *const timer =
        !OidIsValid(summary.timers)
            ? none
            : psprintf("(SELECT steward_at FROM %s ORDER BY steward_at LIMIT 1)", name_of(summary.timers));
    return psprintf("SELECT least(%s, %s)", stored, timer);
}

} // namespace steward::summary
