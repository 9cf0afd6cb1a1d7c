#include "extension/monitor/rounds.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/timestamp.h"
}

namespace steward::monitor {

namespace {

/// The search_path is the caller's.
constexpr const char *statement =
    "SELECT h.at, h.seconds, h.scalars, h.amounts, h.histograms, h.bins FROM steward.metric_history AS h "
    "WHERE h.at OPERATOR(pg_catalog.>) $1 AND h.at OPERATOR(pg_catalog.<=) $2 ORDER BY h.at";

Datum column_of(std::uint64_t row, int column) {
    bool is_null = false;
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &is_null);
}

/// Columns are not null, and of types of a fixed width without nulls in them, as their table checks.
template <class Number> std::span<const Number> numbers_of(std::uint64_t row, int column) {
    ArrayType *const array = DatumGetArrayTypeP(column_of(row, column));
    return {reinterpret_cast<const Number *>(ARR_DATA_PTR(array)),
            static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)))};
}

} // namespace

std::uint64_t find_rounds(TimestampTz since, TimestampTz until) {
    Oid types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
    Datum values[] = {TimestampTzGetDatum(since), TimestampTzGetDatum(until)};
    if (SPI_execute_with_args(statement, 2, types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read the history of metrics: %s", SPI_result_code_string(SPI_result));
    return SPI_processed;
}

RoundRow read_round(std::uint64_t row) {
    RoundRow round{DatumGetTimestampTz(column_of(row, 1)), DatumGetFloat8(column_of(row, 2)),
                   numbers_of<std::int64_t>(row, 3),       numbers_of<double>(row, 4),
                   numbers_of<std::int64_t>(row, 5),       nullptr};
    Datum *bins = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    deconstruct_array(DatumGetArrayTypeP(column_of(row, 6)), BYTEAOID, -1, false, TYPALIGN_INT, &bins, &nulls,
                      &count);
    if (round.scalars.size() != round.amounts.size() ||
        round.histograms.size() != static_cast<std::size_t>(count))
        ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
                errmsg("a row of steward.metric_history has arrays of different lengths"));
    for (int i = 0; i < count; ++i)
        bins[i] = PointerGetDatum(DatumGetByteaPP(bins[i]));
    round.bins = bins;
    return round;
}

} // namespace steward::monitor
