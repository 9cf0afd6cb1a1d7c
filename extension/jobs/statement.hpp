// What can be seen of a command before it is run. Plain C: errors are PostgreSQL's.
#pragma once

#include "extension/boundary.hpp"

namespace steward::jobs {

/// Whether a command needs to be a statement of its own, outside of any function. Raises 42601 for what is
/// none, and 0A000 for several statements one of which needs that, or that end transactions.
bool must_be_toplevel(const char *command);
/// Raises an error unless that is one statement, which neither begins nor ends transactions.
void require_one_statement(const char *command);

} // namespace steward::jobs
