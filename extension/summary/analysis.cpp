#include "extension/summary/analysis.hpp"

#include "extension/rows.hpp"
#include "extension/summary/delta.hpp"
#include "extension/text.hpp"

extern "C" {
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/typcache.h"
}

namespace steward::summary {

namespace {

constexpr const char *component = "summary";

/// Settings under which the conditions of a relation stand where they are looked for, and none is missing.
void plan_plainly() {
    constexpr const char *off[] = {
        "enable_indexscan", "enable_indexonlyscan",     "enable_bitmapscan",         "enable_tidscan",
        "enable_memoize",   "enable_partition_pruning", "enable_partitionwise_join", "jit"};
    for (const char *const name : off)
        set_config_option(name, "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    set_config_option("constraint_exclusion", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                      false);
    set_config_option("max_parallel_workers_per_gather", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                      true, 0, false);
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                      0, false);
}

char *text_of_query(Oid source, List *keys) {
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(
        &text, "SELECT * FROM %s AS v",
        quote_qualified_identifier(get_namespace_name(get_rel_namespace(source)), get_rel_name(source)));
    for (int i = 0; i < list_length(keys); ++i) {
        auto const *const key = static_cast<const KeyColumn *>(list_nth(keys, i));
        appendStringInfo(&text, " %s v.%s %s $%d", i == 0 ? "WHERE" : "AND", quote_identifier(key->name),
                         key->equals, i + 1);
    }
    return text.data;
}

char *equality_of(Oid type, const char *column) {
    TypeCacheEntry const *const entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR);
    if (!OidIsValid(entry->eq_opr) || !OidIsValid(entry->lt_opr))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_FUNCTION),
                errmsg("column \"%s\" of type %s cannot be part of a key", column, format_type_be(type)),
                errdetail("Its values have no order."));
    Oid function = InvalidOid;
    Oid left = InvalidOid;
    Oid right = InvalidOid;
    op_input_types(entry->eq_opr, &left, &right);
    function = get_opcode(entry->eq_opr);
    return psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(get_func_namespace(function))),
                    get_opname(entry->eq_opr));
}

/// A null element for each key that is not known.
Datum array_of(char *const *texts, int count) {
    auto *const values = static_cast<Datum *>(palloc(sizeof(Datum) * (count + 1)));
    for (int i = 0; i < count; ++i)
        values[i] = CStringGetTextDatum(texts[i]);
    return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum array_of(List *texts) {
    auto *const values = static_cast<char **>(palloc(sizeof(char *) * (list_length(texts) + 1)));
    for (int i = 0; i < list_length(texts); ++i)
        values[i] = static_cast<char *>(list_nth(texts, i));
    return array_of(values, list_length(texts));
}

/// Names of columns, as in RangeTblEntry::selectedCols; null if a whole row is read.
NullableDatum names_of(Oid relation, const Bitmapset *columns) {
    List *names = NIL;
    for (int member = bms_next_member(columns, -1); member >= 0; member = bms_next_member(columns, member)) {
        auto const column = static_cast<AttrNumber>(member + FirstLowInvalidHeapAttributeNumber);
        if (column <= 0)
            return {.value = Datum{0}, .isnull = true};
        names = lappend(names, get_attname(relation, column, false));
    }
    return {.value = array_of(names), .isnull = false};
}

/// The texts of an array.
List *texts_of(ArrayType *array) {
    Datum *values = nullptr;
    int count = 0;
    deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, nullptr, &count);
    List *texts = NIL;
    for (int i = 0; i < count; ++i)
        texts = lappend(texts, TextDatumGetCString(values[i]));
    return texts;
}

NullableDatum text_or_null(const char *text) {
    return text == nullptr ? NullableDatum{.value = Datum{0}, .isnull = true}
                           : NullableDatum{.value = CStringGetTextDatum(text), .isnull = false};
}

} // namespace

List *key_columns(Oid relation, List *names) {
    List *keys = NIL;
    ListCell *cell = nullptr;
    foreach (cell, names) {
        auto *const key = static_cast<KeyColumn *>(palloc(sizeof(KeyColumn)));
        key->name = static_cast<const char *>(lfirst(cell));
        AttrNumber const column = get_attnum(relation, key->name);
        if (column <= 0)
            ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("the query has no column \"%s\"", key->name),
                    errhint("The key is made of its columns."));
        key->type = get_atttype(relation, column);
        if (!OidIsValid(get_array_type(key->type)))
            ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("column \"%s\" of type %s cannot be part of a key", key->name,
                           format_type_be(key->type)),
                    errdetail("There are no arrays of its type."));
        key->equals = equality_of(key->type, key->name);
        keys = lappend(keys, key);
    }
    return keys;
}

Analysis analyze(Oid source, List *keys) {
    MemoryContext const caller = CurrentMemoryContext;
    Analysis result{};
    auto *const types = static_cast<Oid *>(palloc(sizeof(Oid) * (list_length(keys) + 1)));
    for (int i = 0; i < list_length(keys); ++i)
        types[i] = static_cast<const KeyColumn *>(list_nth(keys, i))->type;
    int const settings = NewGUCNestLevel();
    plan_plainly();
    SPI_connect();
    SPIPlanPtr const plan = SPI_prepare(text_of_query(source, keys), list_length(keys), types);
    if (plan == nullptr)
        elog(ERROR, "could not prepare the query of a summary: %s", SPI_result_code_string(SPI_result));
    auto *const prepared = static_cast<CachedPlanSource *>(linitial(SPI_plan_get_plan_sources(plan)));
    CachedPlan *const cached = SPI_plan_get_cached_plan(plan);
    MemoryContext const spi = MemoryContextSwitchTo(caller);
    result.traits = traits_of(prepared->query_list);
    result.uses = uses_in(static_cast<PlannedStmt *>(copyObjectImpl(linitial(cached->stmt_list))), keys);
    MemoryContextSwitchTo(spi);
    ReleaseCachedPlan(cached, nullptr);
    SPI_finish();
    AtEOXact_GUC(true, settings);
    return result;
}

/// When rows of a relation begin, or cease, to count.
Datum instants_of(const Traits &traits, Oid relation, bool are_ends) {
    List *texts = NIL;
    ListCell *cell = nullptr;
    foreach (cell, traits.instants) {
        auto const *const instant = static_cast<const Instant *>(lfirst(cell));
        if (instant->relation == relation && instant->is_end == are_ends)
            texts = lappend(texts, const_cast<char *>(instant->text));
    }
    return array_of(texts);
}

/// (source, key) -> part, relation, keys, columns, begins, ends, reason
STEWARD_FUNCTION(steward_summary_analyze) {
    Oid const source = PG_GETARG_OID(0);
    List *const texts = texts_of(PG_GETARG_ARRAYTYPE_P(1));
    int const count = list_length(texts);
    Analysis const found = analyze(source, key_columns(source, texts));
    ResultRows const rows = start_rows(fcinfo);
    ListCell *cell = nullptr;
    NullableDatum const none{.value = Datum{0}, .isnull = true};
    auto const known = [](Datum value) { return NullableDatum{.value = value, .isnull = false}; };
    foreach (cell, found.uses) {
        auto const &use = *static_cast<const Use *>(lfirst(cell));
        rows.add_nullable([&] {
            return std::array{text_or_null("relation"),
                              NullableDatum{.value = ObjectIdGetDatum(use.relation), .isnull = false},
                              use.reason != nullptr
                                  ? none
                                  : NullableDatum{.value = array_of(use.keys, count), .isnull = false},
                              names_of(use.relation, use.columns),
                              known(instants_of(found.traits, use.relation, false)),
                              known(instants_of(found.traits, use.relation, true)),
                              text_or_null(use.reason)};
        });
    }
    foreach (cell, found.traits.others) {
        auto const &trait = *static_cast<const Trait *>(lfirst(cell));
        rows.add_nullable([&] {
            return std::array{text_or_null(trait.part),  none, none, none, none, none,
                              text_or_null(trait.detail)};
        });
    }
    return Datum{0};
}

/// (source, key) -> reason, relation, condition, keys, deltas, outputs, columns
STEWARD_FUNCTION(steward_summary_delta) {
    Delta const delta = delta_of(PG_GETARG_OID(0), texts_of(PG_GETARG_ARRAYTYPE_P(1)));
    auto const known = [](Datum value) { return NullableDatum{.value = value, .isnull = false}; };
    NullableDatum const none{.value = Datum{0}, .isnull = true};
    std::array<NullableDatum, 7> row{text_or_null(delta.reason), none, none, none, none, none, none};
    if (delta.reason == nullptr)
        row = {none,
               known(ObjectIdGetDatum(delta.relation)),
               text_or_null(delta.condition),
               known(array_of(delta.keys)),
               known(array_of(delta.deltas)),
               known(array_of(delta.outputs)),
               names_of(delta.relation, delta.columns)};
    ResultRows const rows = start_rows(fcinfo);
    rows.add_nullable([&] { return row; });
    return Datum{0};
}

} // namespace steward::summary
