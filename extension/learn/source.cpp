#include "core/learn/model.hpp"

#include "extension/learn/source.hpp"

#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
}

namespace steward::learn {

namespace {

constexpr int rows_at_once = 256;

/// Whether the label is an array: a row has any number of them.
bool has_any_number(const Task &task) {
    int const result = SPI_execute(
        psprintf("SELECT s.%s FROM (%s\n) AS s LIMIT 0", quote_identifier(task.label), task.source), true, 0);
    if (result != SPI_OK_SELECT)
        elog(ERROR, "could not look at the source of a model: %s", SPI_result_code_string(result));
    Oid const type = TupleDescAttr(SPI_tuptable->tupdesc, 0)->atttypid;
    return OidIsValid(get_element_type(type));
}

/// (labels text[], text, values jsonb) of each row that has a label.
char *rows_statement(const Task &task, bool is_array) {
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
    appendStringInfo(&statement, "%s FROM (%s\n) AS s WHERE s.%s IS NOT NULL", task.values == NIL ? "" : ")",
                     task.source, label);
    return statement.data;
}

Portal open_rows(const char *statement) {
    SPIPlanPtr const plan =
        SPI_prepare_cursor(statement, 0, nullptr, CURSOR_OPT_PARALLEL_OK | CURSOR_OPT_NO_SCROLL);
    if (plan == nullptr)
        elog(ERROR, "could not prepare the source of a model: %s", SPI_result_code_string(SPI_result));
    return SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
}

/// Where a row belongs, by its input alone: the same in each training, and with its copies.
enum class Part : std::uint8_t { train, calibrate, holdout };

std::uint64_t mix(std::uint64_t hash) {
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
    return hash ^ (hash >> 33);
}

std::uint64_t hash_of(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (char const byte : bytes)
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    return mix(hash);
}

std::uint64_t hash_of(const core::Input &input, std::span<const core::Feature> features) {
    if (!input.text.empty())
        return hash_of(input.text);
    return hash_of({reinterpret_cast<const char *>(features.data()), features.size_bytes()});
}

Part part_of(std::uint64_t hash) {
    std::uint64_t const tenth = hash % 10;
    return tenth < 7 ? Part::train : tenth < 8 ? Part::calibrate : Part::holdout;
}

} // namespace

/// A row as it was read. Plain data.
struct Source::Row {
    Datum *labels;
    int label_count;
    core::Input input;
};

Source::Row Source::read_row(HeapTuple tuple, TupleDesc columns, const Layout &layout) {
    Row row{};
    bool is_null = false;
    Datum const labels = SPI_getbinval(tuple, columns, 1, &is_null);
    bool *nulls = nullptr;
    deconstruct_array(DatumGetArrayTypeP(labels), TEXTOID, -1, false, TYPALIGN_INT, &row.labels, &nulls,
                      &row.label_count);
    int kept = 0;
    for (int i = 0; i < row.label_count; ++i)
        if (!nulls[i])
            row.labels[kept++] = PointerGetDatum(DatumGetTextPP(row.labels[i]));
    row.label_count = kept;
    Datum const words = SPI_getbinval(tuple, columns, 2, &is_null);
    if (!is_null)
        row.input.text = view(DatumGetTextPP(words));
    Datum const values = SPI_getbinval(tuple, columns, 3, &is_null);
    std::string_view ignored;
    if (!is_null)
        row.input.values = values_of(DatumGetJsonbP(values), layout, ignored);
    return row;
}

Source::Source(const Task &task)
    : train(std::clamp(maintenance_work_mem / 2, 1024, 65'536)),
      calibrate(std::clamp(maintenance_work_mem / 4, 1024, 16'384)),
      holdout(std::clamp(maintenance_work_mem / 4, 1024, 16'384)),
      seed_(static_cast<std::uint64_t>(task.seed)) {
    known.text_name = task.text == nullptr ? "" : task.text;
    ListCell *cell = nullptr;
    foreach (cell, task.values)
        known.value_names.emplace_back(static_cast<const char *>(lfirst(cell)));
}

void Source::read(const Task &task) {
    core::Encoding const encoding = guarded([] { return database_encoding(); });
    Portal portal = nullptr;
    guarded([&] {
        bool const is_array = has_any_number(task);
        known.kind = is_array ? core::LabelKind::any_of : core::LabelKind::one_of;
        portal = open_rows(rows_statement(task, is_array));
    });
    MemoryContext const scratch = guarded([] {
        return AllocSetContextCreate(CurrentMemoryContext, "steward training row", ALLOCSET_DEFAULT_SIZES);
    });
    for (;;) {
        guarded([&] { SPI_cursor_fetch(portal, true, rows_at_once); });
        if (SPI_processed == 0)
            break;
        read_batch(scratch, encoding);
    }
    guarded([&] {
        SPI_cursor_close(portal);
        MemoryContextDelete(scratch);
    });
    finish();
}

void Source::end() {
    for (SortedRows *const part : {&train, &calibrate, &holdout})
        part->end();
}

void Source::read_batch(MemoryContext scratch, core::Encoding encoding) {
    SPITupleTable *const batch = SPI_tuptable;
    std::uint64_t const count = SPI_processed;
    Layout const layout{{}, known.value_names};
    for (std::uint64_t i = 0; i < count; ++i) {
        Row row{};
        guarded([&] {
            MemoryContext const caller = MemoryContextSwitchTo(scratch);
            row = read_row(batch->vals[i], batch->tupdesc, layout);
            MemoryContextSwitchTo(caller);
        });
        add(row, encoding);
        MemoryContextReset(scratch);
    }
    guarded([&] { SPI_freetuptable(batch); });
}

void Source::add(const Row &row, core::Encoding encoding) {
    features_.clear();
    core::append_features(features_, row.input, encoding, on_interrupt);
    labels_.clear();
    for (int i = 0; i < row.label_count; ++i)
        labels_.push_back(number_of(view(DatumGetTextPP(row.labels[i]))));
    if (labels_.empty() && known.kind == core::LabelKind::one_of)
        return;
    std::ranges::sort(labels_);
    labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
    std::uint64_t const hash = hash_of(row.input, features_);
    auto const order = static_cast<std::int64_t>(mix(hash ^ mix(seed_)));
    Part const part = part_of(hash);
    (part == Part::train       ? train
     : part == Part::calibrate ? calibrate
                               : holdout)
        .add(order, features_, labels_);
}

std::uint8_t Source::number_of(std::string_view label) {
    if (auto const at = numbers_.find(label); at != numbers_.end())
        return at->second;
    if (numbers_.size() == core::most_labels)
        throw core::Error(core::ErrorKind::invalid_argument,
                          "a model can have " + std::to_string(core::most_labels) + " labels at the most",
                          "The rows have more different ones.", "Is it the right column?");
    auto const number = static_cast<std::uint8_t>(numbers_.size());
    numbers_.emplace(label, number);
    return number;
}

/// Labels were numbered as they came, which is in no order; those of the model are sorted.
void Source::finish() {
    if (known.kind == core::LabelKind::any_of && numbers_.contains(core::any_label))
        throw core::Error(core::ErrorKind::invalid_argument, "no label may be \"any\"",
                          "It says that a row has at least one.");
    heads_.of_label.resize(numbers_.size());
    for (const auto &[label, number] : numbers_) {
        auto const place = static_cast<std::uint8_t>(known.labels.size());
        heads_.of_label[number] = {place};
        known.labels.push_back(label);
    }
    if (known.kind == core::LabelKind::any_of && !known.labels.empty()) {
        for (std::vector<std::uint8_t> &heads : heads_.of_label)
            heads.push_back(static_cast<std::uint8_t>(known.labels.size()));
        known.labels.emplace_back(core::any_label);
    }
    if (known.labels.size() < 2)
        throw core::Error(core::ErrorKind::invalid_argument,
                          known.labels.empty() ? "no row has a label" : "all rows have the same label", {},
                          "A model needs rows of two labels at the least.");
    heads_.heads = known.heads();
    if (heads_.heads == 1)
        for (std::vector<std::uint8_t> &heads : heads_.of_label)
            heads = heads[0] == 1 ? std::vector<std::uint8_t>{0} : std::vector<std::uint8_t>{};
    for (SortedRows *const part : {&train, &calibrate, &holdout})
        part->finish(heads_);
}

} // namespace steward::learn
