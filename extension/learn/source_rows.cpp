#include "core/learn/model.hpp"

#include "extension/learn/bytes.hpp"
#include "extension/learn/source_rows.hpp"

#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace steward::learn {

namespace {

constexpr int rows_at_once = 256;

bool is_label_array(const Task &task) {
    int const result = SPI_execute(
        psprintf("SELECT s.%s FROM (%s\n) AS s LIMIT 0", quote_identifier(task.label), task.source), true, 0);
    if (result != SPI_OK_SELECT)
        elog(ERROR, "could not look at the source of a model: %s", SPI_result_code_string(result));
    Oid const type = TupleDescAttr(SPI_tuptable->tupdesc, 0)->atttypid;
    return OidIsValid(get_element_type(type));
}

/// (labels text[], text, values jsonb) of each row, or of each that has a label.
char *rows_statement(const Task &task, bool is_array, bool is_labelled) {
    const char *const label = quote_identifier(task.label);
    StringInfoData statement;
    initStringInfo(&statement);
    if (is_array)
        appendStringInfo(&statement, "SELECT s.%s::pg_catalog.text[], ", label);
    else
        appendStringInfo(&statement, "SELECT ARRAY[s.%s::pg_catalog.text], ", label);
    if (task.text == nullptr)
        appendStringInfoString(&statement, "NULL::pg_catalog.text, ");
    else
        appendStringInfo(&statement, "s.%s::pg_catalog.text, ", quote_identifier(task.text));
    appendStringInfoString(&statement,
                           task.values == NIL ? "NULL::pg_catalog.jsonb" : "pg_catalog.jsonb_build_object(");
    ListCell *cell = nullptr;
    foreach (cell, task.values) {
        auto const *const name = static_cast<const char *>(lfirst(cell));
        appendStringInfo(&statement, "%s%s, s.%s", foreach_current_index(cell) == 0 ? "" : ", ",
                         quote_literal_cstr(name), quote_identifier(name));
    }
    appendStringInfo(&statement, "%s FROM (%s\n) AS s", task.values == NIL ? "" : ")", task.source);
    if (is_labelled)
        appendStringInfo(&statement, " WHERE s.%s IS NOT NULL", label);
    return statement.data;
}

Portal open_rows(const char *statement) {
    SPIPlanPtr const plan =
        SPI_prepare_cursor(statement, 0, nullptr, CURSOR_OPT_PARALLEL_OK | CURSOR_OPT_NO_SCROLL);
    if (plan == nullptr)
        elog(ERROR, "could not prepare the source of a model: %s", SPI_result_code_string(SPI_result));
    return SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
}

SourceRow read_row(HeapTuple tuple, TupleDesc columns, const Layout &layout, bool is_array) {
    SourceRow row{};
    bool is_null = false;
    Datum const labels = SPI_getbinval(tuple, columns, 1, &is_null);
    if (!is_null)
        row.labels = labels_of(DatumGetArrayTypeP(labels));
    row.is_known = !is_null && (is_array || !row.labels.empty());
    Datum const words = SPI_getbinval(tuple, columns, 2, &is_null);
    if (!is_null)
        row.input.text = view(DatumGetTextPP(words));
    Datum const values = SPI_getbinval(tuple, columns, 3, &is_null);
    std::string_view ignored;
    if (!is_null)
        row.input.values = values_of(DatumGetJsonbP(values), layout, ignored);
    return row;
}

void read_batch(MemoryContext scratch, const Layout &layout, bool is_array, RowTaker &taker) {
    SPITupleTable *const batch = SPI_tuptable;
    std::uint64_t const count = SPI_processed;
    for (std::uint64_t i = 0; i < count; ++i) {
        SourceRow row{};
        guarded([&] {
            MemoryContext const caller = MemoryContextSwitchTo(scratch);
            row = read_row(batch->vals[i], batch->tupdesc, layout, is_array);
            MemoryContextSwitchTo(caller);
        });
        taker.take(row);
        MemoryContextReset(scratch);
    }
    guarded([&] { SPI_freetuptable(batch); });
}

char *text_or_null(FunctionCallInfo fcinfo, int n) {
    return PG_ARGISNULL(n) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

} // namespace

List *texts_argument(FunctionCallInfo fcinfo, int n) {
    if (PG_ARGISNULL(n))
        return NIL;
    Datum *values = nullptr;
    int count = 0;
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false, TYPALIGN_INT, &values, nullptr, &count);
    List *texts = NIL;
    for (int i = 0; i < count; ++i)
        texts = lappend(texts, TextDatumGetCString(values[i]));
    return texts;
}

Task task_argument(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a source and a label are needed"));
    Task task{};
    task.source = text_or_null(fcinfo, 0);
    task.label = text_or_null(fcinfo, 1);
    task.text = text_or_null(fcinfo, 2);
    task.values = texts_argument(fcinfo, 3);
    return task;
}

std::vector<std::string> value_names(const List *texts) {
    std::vector<std::string> names;
    const ListCell *cell = nullptr;
    foreach (cell, texts)
        names.emplace_back(static_cast<const char *>(lfirst(cell)));
    return names;
}

bool has_any_number(const Task &task) {
    bool is_array = false;
    guarded([&] { is_array = is_label_array(task); });
    return is_array;
}

void read_rows(const Task &task, bool is_array, bool is_labelled, RowTaker &taker) {
    std::vector<std::string> const names = value_names(task.values);
    Portal portal = nullptr;
    MemoryContext scratch = nullptr;
    guarded([&] {
        portal = open_rows(rows_statement(task, is_array, is_labelled));
        scratch = AllocSetContextCreate(CurrentMemoryContext, "steward training row", ALLOCSET_DEFAULT_SIZES);
    });
    for (;;) {
        guarded([&] { SPI_cursor_fetch(portal, true, rows_at_once); });
        if (SPI_processed == 0)
            break;
        read_batch(scratch, {{}, names}, is_array, taker);
    }
    guarded([&] {
        SPI_cursor_close(portal);
        MemoryContextDelete(scratch);
    });
}

} // namespace steward::learn
