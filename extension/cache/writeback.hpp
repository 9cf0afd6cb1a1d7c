// Entries that the tables below the memory have to be told of.
#pragma once

#include "extension/cache/rows.hpp"

namespace steward::cache {

/// Writes dirty entries of this database, some thousand or a few megabytes at most, with the present
/// transaction; how many. None while somebody else does. Whoever holds a row is waited for, unless such rows
/// are to be skipped.
std::int64_t write_back(bool skips_held);

} // namespace steward::cache
