// How what serves does on rows that came since it was trained.
#include "core/learn/watch.hpp"

#include "extension/learn/bytes.hpp"
#include "extension/learn/source_rows.hpp"
#include "extension/rows.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
}

namespace steward::learn {

namespace {

constexpr const char *component = "learn";

/// Counts rows that are known, and has a model say what it thinks of those that are new.
class Watcher final : public RowTaker {
  public:
    explicit Watcher(std::optional<core::Watch> &watch)
        : watch_(watch), encoding_(guarded([] { return database_encoding(); })) {}

    void take(const SourceRow &row) override {
        known_ += row.is_known ? 1 : 0;
        if (watch_)
            watch_->add(row.input, row.is_known ? core::RowLabels(row.labels) : std::nullopt, encoding_,
                        on_interrupt);
        else
            on_interrupt();
    }
    std::int64_t known() const noexcept { return known_; }

  private:
    std::optional<core::Watch> &watch_;
    core::Encoding encoding_;
    std::int64_t known_ = 0;
};

const bytea *bytes_argument(FunctionCallInfo fcinfo, int n) {
    return PG_ARGISNULL(n) ? nullptr : PG_GETARG_BYTEA_PP(n);
}

/// What was found. Plain data, in the memory of the caller.
struct Found {
    std::int64_t known;
    bool has_model;
    core::Estimate loss;
    bool has_rival;
    core::Estimate gained;
    std::int64_t inputs;
    Datum *labels;
    Datum *stability;
    int count;
    bytea *seen;
};

void copy_out(Found &found, core::Watch &watch, const core::Model &model) {
    core::Watch::Report const report = watch.report();
    std::string const seen = watch.inputs().serialize();
    found.loss = report.loss;
    found.gained = report.gained;
    found.inputs = static_cast<std::int64_t>(report.inputs);
    found.count = static_cast<int>(report.stability.size());
    guarded([&] {
        found.seen = bytea_of(seen);
        for (Datum **const column : {&found.labels, &found.stability})
            *column = static_cast<Datum *>(palloc(sizeof(Datum) * report.stability.size()));
        for (std::size_t i = 0; i < report.stability.size(); ++i) {
            std::string_view const label = model.labels()[i];
            found.labels[i] =
                PointerGetDatum(cstring_to_text_with_len(label.data(), static_cast<int>(label.size())));
            found.stability[i] = Float8GetDatum(report.stability[i]);
        }
    });
}

struct Sketches {
    const bytea *known;
    const bytea *seen;
};

Found watch(const Task &task, const bytea *champion, const bytea *rival, Sketches sketches) {
    std::optional<core::Model> const model = readable(champion);
    std::optional<core::Model> const other = readable(rival);
    std::optional<core::Watch> watch;
    if (model && sketches.known != nullptr) {
        std::optional<core::RowSketch> seen;
        if (sketches.seen != nullptr)
            seen = core::RowSketch::deserialize(view(sketches.seen));
        watch.emplace(*model, other ? &*other : nullptr, core::RowSketch::deserialize(view(sketches.known)),
                      std::move(seen));
    }
    Watcher watcher(watch);
    read_rows(task, has_any_number(task), false, watcher);
    Found found{};
    found.known = watcher.known();
    found.has_model = watch.has_value();
    found.has_rival = watch.has_value() && other.has_value();
    if (watch)
        copy_out(found, *watch, *model);
    return found;
}

} // namespace

/// (source, label, text, features, champion, rival, known, seen)
/// -> labelled_rows, live_rows, live_loss, gained, gained_low, inputs, labels, stability, seen
STEWARD_FUNCTION(steward_model_watch) {
    Task const task = task_argument(fcinfo);
    MemoryContext const caller = CurrentMemoryContext;
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "could not connect to SPI");
    Found found = watch(task, bytes_argument(fcinfo, 4), bytes_argument(fcinfo, 5),
                        {bytes_argument(fcinfo, 6), bytes_argument(fcinfo, 7)});
    TupleDesc columns = nullptr;
    MemoryContextSwitchTo(caller);
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum const values[] = {Int64GetDatum(found.known),
                            Int64GetDatum(static_cast<std::int64_t>(found.loss.n)),
                            Float8GetDatum(found.loss.mean),
                            Float8GetDatum(found.gained.mean),
                            Float8GetDatum(found.gained.low),
                            Int64GetDatum(found.inputs),
                            array_of(found.labels, found.count, TEXTOID),
                            array_of(found.stability, found.count, FLOAT8OID),
                            PointerGetDatum(found.seen)};
    bool const no_rows = !found.has_model || found.loss.n == 0;
    bool const no_pairs = no_rows || !found.has_rival;
    bool const none = !found.has_model;
    bool nulls[] = {false, false, no_rows, no_pairs, no_pairs, false, none, none, none};
    static_assert(std::size(nulls) == std::size(values));
    HeapTuple const tuple = heap_form_tuple(BlessTupleDesc(columns), const_cast<Datum *>(values), nulls);
    SPI_finish();
    PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

} // namespace steward::learn
