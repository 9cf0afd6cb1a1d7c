// Rows of steward.cache_archive, which are packed.
#pragma once

#include "extension/cache/rows.hpp"

extern "C" {
#include "executor/tuptable.h"
}

namespace steward::cache {

/// The dictionary of a number, or null.
using FindDictionary = bytea *(*)(std::int64_t number);

/// The value of a row, unpacked into the caller's memory context; `first` is the number of the first column
/// after the key. Nothing if it cannot be unpacked.
std::optional<Row> unpack_archived(TupleTableSlot *slot, AttrNumber first, FindDictionary find_dictionary);

} // namespace steward::cache
