// Distances between vectors.
#include "core/vector/metric.hpp"

#include "extension/vector_argument.hpp"

#include "extension/boundary.hpp"

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
} // namespace steward

/// (a, b) -> 1 - the cosine of their angle
STEWARD_FUNCTION_UNMEASURED(steward_vector_cosine_distance) {
    return steward::distance_of(fcinfo, steward::core::Metric::cosine);
}

/// (a, b) -> the length of their difference
STEWARD_FUNCTION_UNMEASURED(steward_vector_l2_distance) {
    return steward::distance_of(fcinfo, steward::core::Metric::l2);
}

/// (a, b) -> their product, negative
STEWARD_FUNCTION_UNMEASURED(steward_vector_negative_product) {
    return steward::distance_of(fcinfo, steward::core::Metric::inner_product);
}
