// Vectors as SQL has them: arrays of real.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "utils/array.h"
}

namespace steward {

/// The floats of an array, which must not be in a short form. Plain C. Raises 2202E for what is not one row
/// of values, 22004 for a null among them, 22000 for none at all.
std::span<const float> vector_of(ArrayType *array);

/// Argument `n` of the running function, detoasted.
inline std::span<const float> vector_argument(FunctionCallInfo fcinfo, int n) {
    return vector_of(PG_GETARG_ARRAYTYPE_P(n));
}

} // namespace steward
