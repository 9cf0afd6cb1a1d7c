// The keys that the running transaction has changed, until they go to the tables that refreshes read.
#pragma once

#include "core/summary/key_sums.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "access/tupdesc.h"
}

namespace steward::summary {

/// How many keys a transaction remembers; when it has changed more, all of a summary counts as changed.
inline constexpr std::size_t most_keys = 1'000'000;

/// Adds the key of a row, and what the row adds to the sums of its key; what a subtransaction has added is
/// forgotten if that is rolled back.
///
/// \param changes  the table that it goes to before the transaction commits: the columns of the key, of the
///                 sums, and the time
/// \param columns  of that table
/// \param key      one value for each column of the key, none of which is null
void note_key(Oid changes, TupleDesc columns, std::span<const Datum> key, std::span<const core::Sum> sums);

/// Any key of the summary may have changed.
void note_all(Oid changes);

/// Writes what was noted, so that this transaction finds it. If a subtransaction that has written is rolled
/// back alone, what it had not noted itself is written again.
void flush_changes();

} // namespace steward::summary
