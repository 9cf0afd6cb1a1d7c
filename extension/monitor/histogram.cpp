// SQL functions about histograms of durations that can be added.
#include <cmath>

#include "extension/monitor/bytes.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"
}

namespace steward {

namespace {

constexpr double nanoseconds_per_second = 1e9;

template <class Make> Datum array_of_buckets(Oid type, Make make) {
    Datum values[core::duration_buckets];
    for (std::size_t bucket = 0; bucket < core::duration_buckets; ++bucket)
        values[bucket] = make(bucket);
    return PointerGetDatum(
        construct_array(values, core::duration_buckets, type, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/// Two arrays without nulls that belong together.
std::span<const double> numbers_of(ArrayType *array) {
    if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("values and counts must have one dimension and no nulls"));
    return {reinterpret_cast<const double *>(ARR_DATA_PTR(array)),
            static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)))};
}

} // namespace

STEWARD_FUNCTION_UNMEASURED(steward_histogram_add) {
    core::Durations sum = monitor::durations_of(PG_GETARG_BYTEA_PP(0));
    if (!core::add_packed(sum, monitor::view(PG_GETARG_BYTEA_PP(1))))
        ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
                errmsg("these bytes are no histogram"));
    return monitor::bytes_datum(sum);
}

/// (seconds float8[], counts bigint[]): so many observations of each.
STEWARD_FUNCTION_UNMEASURED(steward_histogram_of) {
    std::span<const double> const seconds = numbers_of(PG_GETARG_ARRAYTYPE_P(0));
    auto const counts = numbers_of(PG_GETARG_ARRAYTYPE_P(1));
    auto const *const count_of = reinterpret_cast<const std::int64_t *>(counts.data());
    if (seconds.size() != counts.size())
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("there must be as many counts as values"));
    core::Durations durations;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
        constexpr double longest = 1e6;
        constexpr std::int64_t most = 1000000000;
        if (!(seconds[i] >= 0.0) || count_of[i] < 0 || count_of[i] > most)
            ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("durations must not be negative, counts lie between 0 and a billion"));
        durations.observe(
            static_cast<std::uint64_t>(std::round(std::min(seconds[i], longest) * nanoseconds_per_second)),
            static_cast<std::uint64_t>(count_of[i]));
    }
    return monitor::bytes_datum(durations);
}

STEWARD_FUNCTION_UNMEASURED(steward_histogram_quantile) {
    double const q = PG_GETARG_FLOAT8(1);
    if (!(q >= 0.0 && q <= 1.0))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("a quantile must lie between 0 and 1"));
    core::Durations const durations = monitor::durations_of(PG_GETARG_BYTEA_PP(0));
    if (durations.count() == 0)
        PG_RETURN_NULL();
    PG_RETURN_FLOAT8(core::duration_quantile(durations.buckets, q) / nanoseconds_per_second);
}

STEWARD_FUNCTION_UNMEASURED(steward_histogram_count) {
    PG_RETURN_INT64(static_cast<int64>(monitor::durations_of(PG_GETARG_BYTEA_PP(0)).count()));
}

STEWARD_FUNCTION_UNMEASURED(steward_histogram_total) {
    PG_RETURN_FLOAT8(static_cast<double>(monitor::durations_of(PG_GETARG_BYTEA_PP(0)).nanoseconds) /
                     nanoseconds_per_second);
}

STEWARD_FUNCTION_UNMEASURED(steward_histogram_counts) {
    core::Durations const durations = monitor::durations_of(PG_GETARG_BYTEA_PP(0));
    return array_of_buckets(INT8OID, [&](std::size_t bucket) {
        return Int64GetDatum(static_cast<int64>(durations.buckets[bucket]));
    });
}

STEWARD_FUNCTION_UNMEASURED(steward_histogram_bounds) {
    return array_of_buckets(FLOAT8OID,
                            [](std::size_t bucket) { return Float8GetDatum(core::bucket_seconds(bucket)); });
}

} // namespace steward
