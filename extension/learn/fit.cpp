// Training: the rows of a query become a model, which is judged beside the one that serves.
#include "core/learn/judge.hpp"
#include "core/learn/train.hpp"

#include "extension/learn/bytes.hpp"
#include "extension/learn/source.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
}

namespace steward::learn {

namespace {

constexpr const char *component = "learn";

/// (source, label, text, features, exact, max_features, batch_size, seed, champion)
Task task_of(FunctionCallInfo fcinfo) {
    Task task = task_argument(fcinfo);
    for (int const needed : {4, 5, 6, 7})
        if (PG_ARGISNULL(needed))
            ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                    errmsg("options of a training must not be null"));
    task.is_exact = PG_GETARG_BOOL(4);
    task.max_features = static_cast<std::uint32_t>(std::max(PG_GETARG_INT32(5), 0));
    task.batch_size = PG_GETARG_INT32(6);
    task.seed = PG_GETARG_INT64(7);
    return task;
}

/// How the model does on rows kept aside. Plain data, in the memory of the caller.
struct Fitted {
    bytea *coefficients;
    bytea *sketch;
    Datum *labels;
    Datum *label_rows;
    Datum *auc;
    Datum *label_loss;
    Datum *brier;
    Datum *calibration_error;
    int count;
    std::int64_t train_rows;
    std::int64_t calibration_rows;
    std::int64_t holdout_rows;
    std::int64_t features;
    double accuracy;
    double log_loss;
    double constant_loss;
    bool has_champion;
    double champion_loss;
    double gained;     ///< by how much less is lost than by the champion, or by a constant
    double gained_low; ///< with a probability of 95 % more than this; of 99.95 % where there is no champion
};

core::Estimate gained(const core::Quality &before, const core::Quality &now) {
    std::vector<double> differences(now.losses.size());
    for (std::size_t i = 0; i < differences.size(); ++i)
        differences[i] = before.losses[i] - now.losses[i];
    return core::mean_of(differences);
}

/// The champion, if it can be read and speaks of the same labels.
std::optional<core::Model> comparable(const bytea *champion, const core::Model &challenger) {
    std::optional<core::Model> model = readable(champion);
    if (!model || model->parts().kind != challenger.parts().kind ||
        model->parts().labels != challenger.parts().labels)
        return std::nullopt;
    return model;
}

Fitted copy_out(const core::Model &model, const core::Quality &quality, const std::string &sketch) {
    Fitted fitted{};
    std::string const bytes = model.serialize();
    guarded([&] {
        fitted.coefficients = bytea_of(bytes);
        fitted.sketch = bytea_of(sketch);
        fitted.count = static_cast<int>(quality.labels.size());
        for (Datum **const column : {&fitted.labels, &fitted.label_rows, &fitted.auc, &fitted.label_loss,
                                     &fitted.brier, &fitted.calibration_error})
            *column = static_cast<Datum *>(palloc(sizeof(Datum) * quality.labels.size()));
        for (int i = 0; i < fitted.count; ++i) {
            const core::LabelQuality &label = quality.labels[static_cast<std::size_t>(i)];
            fitted.labels[i] = PointerGetDatum(
                cstring_to_text_with_len(label.label.data(), static_cast<int>(label.label.size())));
            fitted.label_rows[i] = Int64GetDatum(static_cast<std::int64_t>(label.rows));
            fitted.auc[i] = Float8GetDatum(label.auc);
            fitted.label_loss[i] = Float8GetDatum(label.log_loss);
            fitted.brier[i] = Float8GetDatum(label.brier);
            fitted.calibration_error[i] = Float8GetDatum(label.calibration_error);
        }
    });
    fitted.features = static_cast<std::int64_t>(model.parts().places.size());
    fitted.accuracy = quality.accuracy;
    fitted.log_loss = quality.log_loss;
    return fitted;
}

Fitted fit(const Task &task, const bytea *champion_bytes) {
    Source rows(task);
    rows.read(task);
    core::TrainOptions options;
    options.exact = task.is_exact;
    options.max_features = task.max_features;
    options.batch_size = task.batch_size;
    core::Trained const trained =
        core::train_model({rows.train, rows.calibrate}, rows.known, options, on_interrupt);
    core::Quality const quality = core::judge(trained.model, rows.holdout, on_interrupt);
    core::Quality const constant = core::judge(
        core::constant_model(rows.known.kind, rows.known.labels, trained.shares), rows.holdout, on_interrupt);
    Fitted fitted = copy_out(trained.model, quality, rows.sketch.serialize());
    fitted.train_rows = static_cast<std::int64_t>(rows.train.size());
    fitted.calibration_rows = static_cast<std::int64_t>(rows.calibrate.size());
    fitted.holdout_rows = static_cast<std::int64_t>(rows.holdout.size());
    fitted.constant_loss = constant.log_loss;
    core::Estimate gain = gained(constant, quality);
    gain.low = gain.mean -
               2 * (gain.mean - gain.low); // whoever knows nothing is to serve by chance once in 2,000 times
    if (std::optional<core::Model> const champion = comparable(champion_bytes, trained.model)) {
        core::Quality const before = core::judge(*champion, rows.holdout, on_interrupt);
        fitted.has_champion = true;
        fitted.champion_loss = before.log_loss;
        core::Estimate const over_champion = gained(before, quality);
        if (over_champion.low < gain.low || gain.low > 0) // it has to be better than both
            gain = over_champion;
    }
    rows.end();
    fitted.gained = gain.mean;
    fitted.gained_low = gain.low;
    return fitted;
}

} // namespace

/// (source, label, text, features, exact, max_features, batch_size, seed, champion) -> a model and how it
/// does
STEWARD_FUNCTION(steward_model_fit) {
    Task const task = task_of(fcinfo);
    const bytea *const champion = PG_ARGISNULL(8) ? nullptr : PG_GETARG_BYTEA_PP(8);
    MemoryContext const caller = CurrentMemoryContext;
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "could not connect to SPI");
    Fitted fitted = fit(task, champion);
    TupleDesc columns = nullptr;
    MemoryContextSwitchTo(caller);
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum const values[] = {PointerGetDatum(fitted.coefficients),
                            array_of(fitted.labels, fitted.count, TEXTOID),
                            array_of(fitted.label_rows, fitted.count, INT8OID),
                            array_of(fitted.auc, fitted.count, FLOAT8OID),
                            array_of(fitted.label_loss, fitted.count, FLOAT8OID),
                            array_of(fitted.brier, fitted.count, FLOAT8OID),
                            array_of(fitted.calibration_error, fitted.count, FLOAT8OID),
                            Int64GetDatum(fitted.train_rows),
                            Int64GetDatum(fitted.calibration_rows),
                            Int64GetDatum(fitted.holdout_rows),
                            Int64GetDatum(fitted.features),
                            Float8GetDatum(fitted.accuracy),
                            Float8GetDatum(fitted.log_loss),
                            Float8GetDatum(fitted.constant_loss),
                            Float8GetDatum(fitted.champion_loss),
                            Float8GetDatum(fitted.gained),
                            Float8GetDatum(fitted.gained_low),
                            PointerGetDatum(fitted.sketch)};
    bool nulls[std::size(values)] = {};
    nulls[14] = !fitted.has_champion;
    HeapTuple const tuple = heap_form_tuple(BlessTupleDesc(columns), const_cast<Datum *>(values), nulls);
    SPI_finish();
    PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

} // namespace steward::learn
