// Commits that bring work wake the launcher.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "datatype/timestamp.h"
}

namespace steward {

/// Watches the writes of this process and the end of its transactions.
void install_wake_hooks();

/// The transaction wakes the launcher if it commits.
void wake_at_commit() noexcept;
/// The jobs of the role are done if the transaction commits; several roles may be named. Does nothing in a
/// server that does not preload the library.
void wake_role_at_commit(Oid role);
/// The duties of this database are run by that time, at the latest. Does nothing in a server that does not
/// preload the library.
void run_duties_by(TimestampTz at) noexcept;
/// The launcher looks at the catalogs if the transaction commits.
void look_at_commit() noexcept;
/// As wake_at_commit(), if the relation, or a partition of it, is in schema steward. Tables of jobs wake
/// nobody: what writes them says whom to wake.
void wake_at_commit_of(Oid relation);

} // namespace steward
