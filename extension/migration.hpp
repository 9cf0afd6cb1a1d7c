// Which of the DBA's migrations this database has.
#pragma once

#include "extension/boundary.hpp"

namespace steward {

/// The table `name` of schema steward, or InvalidOid. Plain C.
Oid steward_table(const char *name);

/// Raises 55000, with a hint, for want of the migration of that name. Plain C.
[[noreturn]] void raise_missing_migration(const char *migration);

} // namespace steward
