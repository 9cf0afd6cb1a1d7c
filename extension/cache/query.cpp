// cached_query: the rows of a query, until a table that it reads changes.
#include "extension/cache/arguments.hpp"
#include "extension/cache/fetch.hpp"
#include "extension/cache/query_tree.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/tupconvert.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";
constexpr const char *namespace_name = "query";

/// What decides about the rows beside the tables. Plain data.
struct Asked {
    char *query;
    int count; ///< of the parameters, which are text
    Datum *values;
    char *nulls; ///< as SPI wants them
    TupleDesc columns;
};

/// Settings that the text of a value, or the meaning of a name, depends on.
constexpr const char *settings[] = {"search_path",
                                    "TimeZone",
                                    "timezone_abbreviations",
                                    "DateStyle",
                                    "IntervalStyle",
                                    "extra_float_digits",
                                    "bytea_output",
                                    "default_text_search_config",
                                    "lc_monetary",
                                    "lc_numeric",
                                    "lc_time",
                                    "standard_conforming_strings",
                                    "transform_null_equals",
                                    "array_nulls",
                                    "xmlbinary",
                                    "xmloption"};

void append_counted(StringInfo key, const char *bytes, int size) {
    appendBinaryStringInfo(key, reinterpret_cast<const char *>(&size), sizeof size);
    appendBinaryStringInfo(key, bytes, size);
}

/// A digest: the same rows are asked for by the same text, parameters, role, settings and columns.
std::string_view key_of(const Asked &asked) {
    StringInfoData key;
    initStringInfo(&key);
    append_counted(&key, asked.query, static_cast<int>(strlen(asked.query)));
    for (int i = 0; i < asked.count; ++i) {
        text *const value = asked.nulls[i] == 'n' ? nullptr : DatumGetTextPP(asked.values[i]);
        append_counted(&key, asked.nulls + i, 1);
        if (value != nullptr)
            append_counted(&key, VARDATA_ANY(value), static_cast<int>(VARSIZE_ANY_EXHDR(value)));
    }
    Oid const roles[] = {GetUserId(), GetSessionUserId()};
    append_counted(&key, reinterpret_cast<const char *>(roles), sizeof roles);
    for (const char *const setting : settings) {
        const char *const value = GetConfigOption(setting, false, false);
        append_counted(&key, value, static_cast<int>(strlen(value)));
    }
    for (int i = 0; i < asked.columns->natts; ++i) {
        FormData_pg_attribute const *const column = TupleDescAttr(asked.columns, i);
        append_counted(&key, reinterpret_cast<const char *>(&column->atttypid), sizeof column->atttypid);
        append_counted(&key, reinterpret_cast<const char *>(&column->atttypmod), sizeof column->atttypmod);
    }
    Datum const digest =
        DirectFunctionCall1(sha256_bytea, PointerGetDatum(cstring_to_text_with_len(key.data, key.len)));
    return view(DatumGetTextPP(DirectFunctionCall2(binary_encode, digest, CStringGetTextDatum("hex"))));
}

void require_columns(TupleDesc wanted, TupleDesc given) {
    bool const fits = wanted->natts == given->natts;
    for (int i = 0; fits && i < wanted->natts; ++i)
        if (TupleDescAttr(wanted, i)->atttypid != TupleDescAttr(given, i)->atttypid)
            ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column %d of the query is of type %s, not %s", i + 1,
                           format_type_be(TupleDescAttr(given, i)->atttypid),
                           format_type_be(TupleDescAttr(wanted, i)->atttypid)));
    if (!fits)
        ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
                errmsg("the query returns %d columns, not %d", given->natts, wanted->natts));
}

/// A row without pointers to anything outside of it.
MinimalTuple flat(HeapTuple row, TupleDesc columns) {
    auto *const values = static_cast<Datum *>(palloc(columns->natts * sizeof(Datum)));
    auto *const nulls = static_cast<bool *>(palloc(columns->natts * sizeof(bool)));
    heap_deform_tuple(row, columns, values, nulls);
    for (int i = 0; i < columns->natts; ++i)
        if (!nulls[i] && TupleDescAttr(columns, i)->attlen == -1)
            values[i] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(values[i]));
    return heap_form_minimal_tuple(columns, values, nulls);
}

SPIPlanPtr prepare(const Asked &asked) {
    auto *const types = static_cast<Oid *>(palloc(sizeof(Oid) * (asked.count + 1)));
    std::fill_n(types, asked.count, TEXTOID);
    SPIPlanPtr const plan = SPI_prepare(asked.query, asked.count, types);
    if (plan == nullptr)
        ereport(ERROR, errcode(ERRCODE_SYNTAX_ERROR), errmsg("the query cannot be prepared"),
                errdetail("%s", SPI_result_code_string(SPI_result)));
    return plan;
}

/// The rows, one after the other, in the memory context of the caller.
Value run(const Request &request) {
    auto const &asked = *static_cast<const Asked *>(request.context);
    MemoryContext const caller = CurrentMemoryContext;
    StringInfoData rows;
    initStringInfo(&rows);
    appendStringInfoSpaces(&rows, VARHDRSZ + static_cast<int>(sizeof(int))); // MinimalTuples begin aligned
    SPI_connect();
    if (SPI_execute_plan(prepare(asked), asked.values, asked.nulls, true, 0) != SPI_OK_SELECT)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("only the rows of SELECT can be cached"));
    require_columns(asked.columns, SPI_tuptable->tupdesc);
    for (uint64 i = 0; i < SPI_processed; ++i) {
        check_interrupts();
        MinimalTuple const row = flat(SPI_tuptable->vals[i], SPI_tuptable->tupdesc);
        MemoryContext const spi = MemoryContextSwitchTo(caller);
        appendBinaryStringInfo(&rows, reinterpret_cast<char *>(row), static_cast<int>(row->t_len));
        appendStringInfoSpaces(&rows, static_cast<int>(MAXALIGN(row->t_len) - row->t_len));
        MemoryContextSwitchTo(spi);
        pfree(row);
    }
    SPI_finish();
    auto *const value = reinterpret_cast<varlena *>(rows.data);
    SET_VARSIZE(value, rows.len);
    return {value, Type::bytes};
}

/// The slots of the tables that the query reads. Raises 0A000 if it cannot be cached.
Stamps find_stamps(const Request &request, const EntryKey &key) {
    SPI_connect();
    List *const sources = SPI_plan_get_plan_sources(prepare(*static_cast<const Asked *>(request.context)));
    Stamps stamps = stamps_of(*request.space, key);
    ListCell *cell = nullptr;
    foreach (cell, sources)
        add_tables(stamps, static_cast<CachedPlanSource *>(lfirst(cell)));
    SPI_finish();
    return stamps;
}

void return_rows(FunctionCallInfo fcinfo, const Value &value) {
    auto const *const info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    TupleTableSlot *const slot = MakeSingleTupleTableSlot(info->setDesc, &TTSOpsMinimalTuple);
    // As it was stored: a header of four bytes, and as many before the first row.
    char *const bytes = VARDATA(value.bytes) + sizeof(int);
    std::size_t const size = VARSIZE(value.bytes) - VARHDRSZ - sizeof(int);
    for (std::size_t at = 0; at < size;) {
        auto *const row = reinterpret_cast<MinimalTuple>(bytes + at);
        at += MAXALIGN(row->t_len);
        ExecStoreMinimalTuple(row, slot, false);
        tuplestore_puttupleslot(info->setResult, slot);
    }
    ExecDropSingleTupleTableSlot(slot);
}

} // namespace

/// (query, args, ttl) -> its rows
STEWARD_FUNCTION(steward_cached_query) {
    require_argument(fcinfo, 0, "query");
    start_rows(fcinfo);
    Namespace &space = find_namespace(namespace_name, Right::write);
    Asked asked{text_to_cstring(PG_GETARG_TEXT_PP(0)), 0, nullptr, nullptr,
                reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo)->setDesc};
    if (!PG_ARGISNULL(1)) {
        bool *nulls = nullptr;
        deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &asked.values, &nulls,
                          &asked.count);
        asked.nulls = static_cast<char *>(palloc(asked.count + 1));
        std::transform(nulls, nulls + asked.count, asked.nulls, [](bool null) { return null ? 'n' : ' '; });
    }
    EntryKey const key(space, key_of(asked));
    Request const request{&space, run,         &asked,
                          {},     find_stamps, PG_ARGISNULL(2) ? nullptr : PG_GETARG_INTERVAL_P(2)};
    (void)end_of(space, request.ttl);
    return_rows(fcinfo, fetch(request, key));
    return Datum{0};
}

} // namespace steward::cache
