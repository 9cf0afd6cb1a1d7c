// Commits that bring work wake the launcher.
#pragma once

#include "extension/boundary.hpp"

namespace steward {

/// Watches the writes of this process and the end of its transactions.
void install_wake_hooks();

/// The transaction wakes the launcher if it commits.
void wake_at_commit() noexcept;
/// The same if the relation, or a partition of it, is in schema steward.
void wake_at_commit_of(Oid relation);

} // namespace steward
