// Jobs that are statements of their own.
#pragma once

namespace steward {

/// Runs those of the role that this worker is connected as, until there is none left: taken, run and settled
/// in transactions of their own. What a statement raises is its own matter. Raises what the others raise.
void run_statement_jobs();

} // namespace steward
