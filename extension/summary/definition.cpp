#include "extension/summary/definition.hpp"

#include "extension/migration.hpp"
#include "extension/sql_as_owner.hpp"
#include "extension/text.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/varlena.h"
}

namespace steward::summary {

namespace {

constexpr const char *component = "summary";

constexpr const char *find_statement =
    "SELECT s.name, coalesce((SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid "
    "OPERATOR(pg_catalog.=) s.stored), s.owner::pg_catalog.oid), s.source::pg_catalog.oid, "
    "s.stored::pg_catalog.oid,"
    " s.changes::pg_catalog.oid, s.key, s.mode, s.paused_at IS NOT NULL, s.expires, s.settings, t.rebuild, "
    "t.key_us,"
    " t.full_us, coalesce(s.states::pg_catalog.oid, 0::pg_catalog.oid), coalesce(s.outputs, '{}'),"
    " coalesce(s.timers::pg_catalog.oid, 0::pg_catalog.oid), s.mode OPERATOR(pg_catalog.=) 'full' AND EXISTS "
    "(SELECT FROM"
    " steward.summary_source AS g WHERE g.name OPERATOR(pg_catalog.=) s.name"
    " AND g.partitions OPERATOR(pg_catalog.=) '{}'), t.refreshed_at, s.schedule IS NOT NULL"
    " FROM steward.summary AS s JOIN steward.summary_state AS t ON t.name OPERATOR(pg_catalog.=) s.name"
    " WHERE %s LIMIT 2";
constexpr const char *by_full_name = "s.name OPERATOR(pg_catalog.=) $1"; ///< which an index finds
constexpr const char *by_end_of_name =
    "pg_catalog.right(s.name, pg_catalog.length($1) OPERATOR(pg_catalog.+) 1)"
    " OPERATOR(pg_catalog.=) ('.' OPERATOR(pg_catalog.||) $1)";

/// One plan of each for callers as they are and one for summaries' owners, whose search_path is another: a
/// plan is made anew whenever that changes.
SPIPlanPtr find_plan(bool has_full_name) {
    static SPIPlanPtr plans[2][2] = {};
    constexpr Oid types[] = {TEXTOID};
    SPIPlanPtr &plan = plans[has_full_name ? 1 : 0][InSecurityRestrictedOperation() ? 1 : 0];
    if (plan == nullptr)
        keep_plan(plan, psprintf(find_statement, has_full_name ? by_full_name : by_end_of_name), types);
    return plan;
}

/// A column of the only row that a statement has returned.
class Row {
  public:
    bool has(int column) const { return !nulls_[column - 1]; }
    Datum operator[](int column) const { return values_[column - 1]; }
    char *string(int column) const { return has(column) ? TextDatumGetCString((*this)[column]) : nullptr; }
    Oid oid(int column) const { return DatumGetObjectId((*this)[column]); }
    double number(int column) const { return has(column) ? DatumGetFloat8((*this)[column]) : 0; }
    List *texts(int column) const {
        Datum *values = nullptr;
        int count = 0;
        deconstruct_array(DatumGetArrayTypePCopy((*this)[column]), TEXTOID, -1, false, TYPALIGN_INT, &values,
                          nullptr, &count);
        List *texts = NIL;
        for (int i = 0; i < count; ++i)
            texts = lappend(texts, TextDatumGetCString(values[i]));
        return texts;
    }
    void read(HeapTuple tuple, TupleDesc columns) { heap_deform_tuple(tuple, columns, values_, nulls_); }

  private:
    Datum values_[19];
    bool nulls_[19];
};

void read(const Row &row, Summary &summary) {
    summary.name = row.string(1);
    summary.owner = row.oid(2);
    summary.source = row.oid(3);
    summary.stored = row.oid(4);
    summary.changes = row.oid(5);
    summary.is_full_only = strcmp(row.string(7), "full") == 0;
    summary.is_paused = DatumGetBool(row[8]);
    summary.expires = row.string(9);
    summary.settings = row.texts(10);
    summary.rebuild = row.string(11);
    summary.key_us = row.number(12);
    summary.full_us = row.number(13);
    summary.states = row.oid(14);
    summary.outputs = row.texts(15);
    summary.timers = row.oid(16);
    summary.is_deaf = DatumGetBool(row[17]);
    summary.refreshed_at = row.has(18) ? DatumGetTimestampTz(row[18]) : DT_NOBEGIN;
    summary.is_scheduled = DatumGetBool(row[19]);
}

} // namespace

Summary find_summary(const text *name, bool with_key) {
    Oid const table = steward_table("summary");
    if (!OidIsValid(table))
        raise_missing_migration("summaries");
    MemoryContext const caller = CurrentMemoryContext;
    const char *const quoted = NameListToQuotedString(textToQualifiedNameList(const_cast<text *>(name)));
    Summary summary{};
    List *key = NIL;
    bool is_ambiguous = false;
    as_owner(table, [&] {
        Datum values[] = {CStringGetTextDatum(quoted)};
        bool const is_read_only = false; // so that it sees what this transaction has done
        for (bool const has_full_name : {true, false}) {
            if (SPI_execute_plan(find_plan(has_full_name), values, nullptr, is_read_only, 2) != SPI_OK_SELECT)
                elog(ERROR, "could not look for a summary: %s", SPI_result_code_string(SPI_result));
            if (SPI_processed > 0)
                break;
        }
        if (SPI_processed == 0)
            return;
        Row row;
        row.read(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
        MemoryContext const spi = MemoryContextSwitchTo(caller);
        read(row, summary);
        key = row.texts(6);
        MemoryContextSwitchTo(spi);
        is_ambiguous = SPI_processed > 1;
    });
    if (summary.name == nullptr)
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("summary \"%s\" does not exist", quoted),
                errhint("View steward.summaries has the names of all."));
    if (is_ambiguous)
        ereport(ERROR, errcode(ERRCODE_AMBIGUOUS_ALIAS),
                errmsg("several summaries have the name \"%s\"", quoted), errhint("Name the schema, too."));
    if (with_key)
        summary.key = key_columns(summary.stored, key);
    return summary;
}

bool is_sound(const Summary &summary) {
    Relation const table = try_relation_open(summary.changes, AccessShareLock);
    if (table == nullptr)
        return false;
    TupleDesc const columns = RelationGetDescr(table);
    bool is = table->rd_rel->relkind == RELKIND_RELATION && table->rd_rel->relowner == summary.owner &&
              columns->natts > list_length(summary.key) &&
              TupleDescAttr(columns, columns->natts - 1)->atttypid == TIMESTAMPTZOID;
    for (int i = 0; i < columns->natts; ++i)
        is = is && !TupleDescAttr(columns, i)->attisdropped;
    int const keys = list_length(summary.key);
    for (int i = 0; is && keys > 0 && i < columns->natts - 1; ++i) // the keys, and then sums
        is = TupleDescAttr(columns, i)->atttypid ==
             (i < keys ? static_cast<const KeyColumn *>(list_nth(summary.key, i))->type : NUMERICOID);
    relation_close(table, AccessShareLock);
    return is;
}

void require_sound(const Summary &summary) {
    if (!is_sound(summary))
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("the table of changes of summary %s has been altered", summary.name),
                errhint("Drop the summary and create it anew."));
}

void require_right(const Summary &summary) {
    Oid const worker = get_role_oid("steward_worker", true);
    if (has_privs_of_role(GetUserId(), summary.owner) ||
        (OidIsValid(worker) && has_privs_of_role(GetUserId(), worker)))
        return;
    ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
            errmsg("permission denied for summary \"%s\"", summary.name),
            errhint("Only members of its owner, and the worker, may refresh it."));
}

void require_owner(const Summary &summary) {
    if (!has_privs_of_role(GetUserId(), summary.owner))
        ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                errmsg("must be owner of summary %s", summary.name));
}

namespace {

/// What values of a query depend on.
constexpr const char *kept_settings[] = {
    "DateStyle",          "IntervalStyle", "TimeZone",   "bytea_output", "default_text_search_config",
    "extra_float_digits", "lc_monetary",   "lc_numeric", "lc_time",      "timezone_abbreviations",
    "xmlbinary",          "xmloption"};

/// The owner may write any name into the table.
bool is_kept_setting(const char *name) {
    return std::ranges::any_of(kept_settings, [&](const char *kept) { return strcmp(kept, name) == 0; });
}

} // namespace

AsOwner::AsOwner(const Summary &summary) {
    GetUserIdAndSecContext(&role_, &context_);
    SetUserIdAndSecContext(summary.owner,
                           context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    settings_ = NewGUCNestLevel();
    auto const set = [](const char *name, const char *value) {
        const char *const present = GetConfigOption(name, true, false);
        if (present == nullptr || strcmp(present, value) != 0) // some take long to be set
            set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    };
    set("search_path", "pg_catalog, pg_temp");
    set("jit", "off");
    set("plan_cache_mode", "force_generic_plan"); // how many keys there are does not matter
    ListCell *cell = nullptr;
    foreach (cell, summary.settings) {
        char *const name = pstrdup(static_cast<const char *>(lfirst(cell)));
        char *const equals = strchr(name, '=');
        if (equals == nullptr)
            continue;
        *equals = '\0';
        if (is_kept_setting(name))
            set(name, equals + 1);
    }
}

void AsOwner::end() const {
    AtEOXact_GUC(true, settings_);
    SetUserIdAndSecContext(role_, context_);
}

/// () -> texts "name=value"
STEWARD_FUNCTION(steward_summary_settings) {
    Datum values[std::size(kept_settings)];
    for (std::size_t i = 0; i < std::size(kept_settings); ++i)
        values[i] = CStringGetTextDatum(
            psprintf("%s=%s", kept_settings[i], GetConfigOption(kept_settings[i], false, false)));
    PG_RETURN_ARRAYTYPE_P(
        construct_array(values, std::size(kept_settings), TEXTOID, -1, false, TYPALIGN_INT));
}

} // namespace steward::summary
