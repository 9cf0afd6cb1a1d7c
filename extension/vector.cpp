// Distances between vectors, and choices among them.
#include "core/vector/diversity.hpp"
#include "core/vector/metric.hpp"

#include "extension/vector_argument.hpp"

#include "extension/boundary.hpp"
#include "extension/rows.hpp"

namespace steward {

std::span<const float> vector_of(ArrayType *array) {
    if (ARR_NDIM(array) == 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("a vector must have at least one dimension"));
    if (ARR_NDIM(array) != 1)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("a vector must be a one-dimensional array"));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a vector must not contain nulls"));
    return {reinterpret_cast<const float *>(ARR_DATA_PTR(array)),
            static_cast<std::size_t>(ARR_DIMS(array)[0])};
}

namespace {

constexpr const char *component = "vector";

/// Vectors in a matrix, a row each. Plain C. Raises what vector_of() does, but for two dimensions.
std::span<const float> matrix_of(ArrayType *array, std::size_t dimensions) {
    if (ARR_NDIM(array) == 0)
        return {};
    if (ARR_NDIM(array) != 2 || static_cast<std::size_t>(ARR_DIMS(array)[1]) != dimensions)
        ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                errmsg("vectors must be a two-dimensional array, as wide as the query"),
                errdetail("The query has %zu dimensions.", dimensions));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a vector must not contain nulls"));
    return {reinterpret_cast<const float *>(ARR_DATA_PTR(array)),
            static_cast<std::size_t>(ARR_DIMS(array)[0]) * dimensions};
}

/// In the memory of the caller.
struct ChosenRows {
    core::Chosen *all;
    std::size_t count;
};

ChosenRows choose(std::span<const float> query, std::span<const float> vectors, std::size_t count,
                  double diversity) {
    std::vector<core::Chosen> const chosen =
        core::choose_diverse(query, vectors, count, diversity, on_interrupt);
    ChosenRows rows{nullptr, chosen.size()};
    guarded(
        [&] { rows.all = static_cast<core::Chosen *>(palloc(sizeof(core::Chosen) * (chosen.size() + 1))); });
    std::ranges::copy(chosen, rows.all);
    return rows;
}

Datum distance_of(FunctionCallInfo fcinfo, core::Metric metric) {
    std::span<const float> const a = vector_argument(fcinfo, 0);
    std::span<const float> const b = vector_argument(fcinfo, 1);
    if (a.size() != b.size())
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("vectors must have the same number of dimensions"),
                errdetail("One has %zu, the other %zu.", a.size(), b.size()));
    PG_RETURN_FLOAT8(core::distance(metric, a.data(), b.data(), a.size()));
}

} // namespace

/// (a, b) -> 1 - the cosine of their angle
STEWARD_FUNCTION_UNMEASURED(steward_vector_cosine_distance) {
    return distance_of(fcinfo, core::Metric::cosine);
}

/// (a, b) -> the length of their difference
STEWARD_FUNCTION_UNMEASURED(steward_vector_l2_distance) {
    return distance_of(fcinfo, core::Metric::l2);
}

/// (a, b) -> their product, negative
STEWARD_FUNCTION_UNMEASURED(steward_vector_negative_product) {
    return distance_of(fcinfo, core::Metric::inner_product);
}

/// (query, vectors, k, diversity) -> position, score
STEWARD_FUNCTION(steward_vector_mmr) {
    std::span<const float> const query = vector_argument(fcinfo, 0);
    std::span<const float> const vectors = matrix_of(PG_GETARG_ARRAYTYPE_P(1), query.size());
    std::int32_t const k = PG_GETARG_INT32(2);
    double const diversity = PG_GETARG_FLOAT8(3);
    if (k < 1 || !(diversity >= 0 && diversity <= 1))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("k must be positive, and diversity between 0 and 1"));
    ChosenRows const chosen = choose(query, vectors, static_cast<std::size_t>(k), diversity);
    ResultRows const rows = start_rows(fcinfo);
    for (std::size_t i = 0; i < chosen.count; ++i)
        rows.add([&] {
            return std::array{Int32GetDatum(static_cast<std::int32_t>(chosen.all[i].number + 1)),
                              Float8GetDatum(chosen.all[i].score)};
        });
    return Datum{0};
}

} // namespace steward
