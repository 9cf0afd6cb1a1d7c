// Which summaries are computed from a relation, and which of their keys a row of it belongs to.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"
#include "utils/relcache.h"
}

namespace steward::summary {

/// A summary that reads the relation in one place. Plain data.
struct Target {
    Oid changes;
    TupleDesc columns;    ///< of the table of changes
    int keys;             ///< how many of them are the key
    ExprState **values;   ///< one for each
    ExprState *condition; ///< which rows count, or null
    int width;            ///< how many sums a key has
    ExprState **deltas;   ///< what a row adds to each
    Oid timers;           ///< the table of keys that change by the clock alone, or InvalidOid
    TupleDesc timer_columns;
    int instants;
    ExprState **begins_or_ends; ///< when a row begins, or ceases, to count
    bool all;                   ///< a row may belong to any key; the rest is not there
    bool is_outdated;           ///< because what is known of its expressions cannot be used any more
};

/// What there is to know about a relation whose rows change. Plain data.
struct Watched {
    Target *targets;
    int count;
    Bitmapset *columns; ///< attribute numbers that any of them reads
    bool all_columns;
    ExprContext *context;
};

/// Looks it up, or reads it from table steward.summary_source and keeps it until that, or the relation,
/// changes. Whoever asks says when they are done; until then, others who ask get a copy of their own, as
/// expressions cannot be evaluated within themselves. Valid until the transaction ends.
const Watched &watched(Relation relation);
void end_watched();

/// Whether for one of these relations the expressions of a summary, which its table of changes names, cannot
/// be used any more.
bool are_expressions_outdated(List *relations, Oid changes);

} // namespace steward::summary
