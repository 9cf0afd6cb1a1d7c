// Queries whose rows can be kept by adding up changes: counts and sums of one table.
#pragma once

#include "extension/summary/analysis.hpp"

namespace steward::summary {

/// How a query is added up. Texts of SQL; plain data.
struct Delta {
    const char *reason; ///< why it can not be; the rest is not there then
    Oid relation;
    char *condition; ///< which of its rows count, or null
    List *keys;      ///< over the relation, one for each column of the key
    List *deltas;    ///< over the relation: what a row adds to the sums steward_1, steward_2, ... of its key;
                     ///< the first counts rows
    List *outputs;   ///< over the sums and the columns of the key, one for each column of the query
    Bitmapset *columns; ///< of the relation that it reads, as in RangeTblEntry::selectedCols
};

/// Whether an expression may raise an error for some row: whoever writes rows must meet none.
bool may_fail(Node *expression);

/// Looks at the query of a view as it was written.
///
/// \param names  of the columns of the key
Delta delta_of(Oid source, List *names);

} // namespace steward::summary
