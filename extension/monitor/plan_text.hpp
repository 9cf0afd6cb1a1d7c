// The plan of a statement that has failed. An error leaves a session in which no catalog may be read, so this
// reads memory alone, and names of relations are put in later.
#pragma once

#include "extension/pg.hpp"

struct PlannedStmt;

namespace steward::monitor {

/// Like EXPLAIN, without conditions. Allocates nothing and raises no error; what does not fit is left out.
void write_plan(const PlannedStmt *statement, char *place, int size) noexcept;

/// The text with the names of the relations that write_plan() could not look up.
text *plan_with_names(const char *plan);

} // namespace steward::monitor
