// What table steward.summary_source says of a relation that summaries read.
#pragma once

#include "extension/pg.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace steward::summary {

/// A row of steward.summary_source. Plain data.
struct Source {
    Oid changes;
    Oid relation;    ///< that it says so of, itself or what it is a partition of
    List *named;     ///< columns that it names
    List *numbers;   ///< and which they were
    List *keys;      ///< texts; NIL if a row may belong to any key
    List *columns;   ///< names; NIL if all are read
    char *condition; ///< which rows count, or null
    Oid timers;
    List *instants; ///< texts of when a row begins, or ceases, to count
    List *deltas;   ///< texts of what a row adds to the sums of its key
};

/// Sources, of a relation and of those that it is a partition of: the newest that are committed, and this
/// transaction's own. None for relations that are read and not watched. Nobody needs a right to the table.
List *sources_of(Oid table_of_sources, Oid relation);

} // namespace steward::summary
