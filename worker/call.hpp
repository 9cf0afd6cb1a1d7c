// SQL from a process that has no client.
#pragma once

#include "extension/boundary.hpp"

namespace steward {

/// Runs `work`, which holds no objects. An error ends the transaction, as it would in a session, and is
/// handed back, in the memory context of the caller; nullptr if there was none.
ErrorData *attempt(void (*work)());

/// Runs one statement as a client at the top level would, so that a procedure may commit. The parsed
/// statement outlives these commits: it is in the memory context of the caller, who outlives the call.
void run_statement(const char *sql);

} // namespace steward
