// Models and sketches as SQL has them.
#pragma once

#include <optional>
#include <string>

#include "core/learn/model.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

namespace steward::learn {

inline std::string_view view(const bytea *bytes) {
    return {VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)};
}

/// A model, unless it is null, or none, or of a newer version: then as if it were not there.
std::optional<core::Model> readable(const bytea *model);

/// Plain C. Raises 54000 for what no value can hold.
bytea *bytea_of(std::string_view bytes);

/// Features as a value, and back. Both throw nothing and end nothing; what is no such value has none.
bytea *pack(std::span<const core::Feature> features);
void unpack(std::vector<core::Feature> &features, const bytea *packed);

/// Labels without nulls, as parts of the array, which must not be a short one. Plain C.
using LabelViews = std::span<const std::string_view>;
LabelViews labels_of(ArrayType *array);

/// An array of text, float8 or int8.
Datum array_of(Datum *values, int count, Oid type);

} // namespace steward::learn
