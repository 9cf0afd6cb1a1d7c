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
bytea *bytea_of(const std::string &bytes);

/// An array of text, float8 or int8.
Datum array_of(Datum *values, int count, Oid type);

} // namespace steward::learn
