// What the rows of one key of a query are computed from, as the planner sees it.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "nodes/plannodes.h"
}

namespace steward::summary {

/// How a query reads a relation in one place of its text. Plain data.
struct Use {
    Oid relation;
    Bitmapset *columns; ///< those that it reads, as in RangeTblEntry::selectedCols; null says all
    char **keys;        ///< for each column of the key the expression over the relation that equals it
    const char *reason; ///< why there are no keys; null if there are
};

/// Something else in a query that its rows depend on.
struct Trait {
    const char *part; ///< clock: the time; function: of which nobody knows what it reads
    const char *detail;
};

/// When a row of a relation begins to count, or ceases to, by the clock alone. Plain data.
struct Instant {
    Oid relation;
    bool is_end;      ///< it ceases to, where the comparison stands alone
    const char *text; ///< over the relation
};

/// What a query depends on beside its relations. Plain data.
struct Traits {
    List *others;   ///< of Trait
    List *instants; ///< of Instant
};

/// What there is to say about a query. Plain data.
struct Analysis {
    List *uses; ///< of Use
    Traits traits;
};

/// The column of a key, as the query returns it. Plain data.
struct KeyColumn {
    const char *name;
    Oid type;
    const char *equals; ///< its operator, as OPERATOR(schema.name)
};

/// The columns of a relation by name. Raises 42703 if there is none, and 42883 if values of its type cannot
/// be compared.
List *key_columns(Oid relation, List *names);

/// Plans the rows of one key and looks at what is left of each relation: rows that the plan drops by
/// `expression = key` can be of no other key, so that the expression says which key a row of the relation
/// belongs to. Raises 0A000 if the query is volatile.
///
/// \param source  the view that is the query
/// \param keys    of KeyColumn
Analysis analyze(Oid source, List *keys);

/// The uses in a plan of one key, whose parameters $1, $2, ... are the key.
List *uses_in(PlannedStmt *plan, List *keys);

/// What in a query, as it was rewritten, is no relation and yet decides about its rows. A column that is
/// compared with the time, give or take a constant, says when that changes. Raises 0A000 for a volatile
/// function.
Traits traits_of(List *queries);

} // namespace steward::summary
