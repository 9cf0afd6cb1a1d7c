// The rows of the tables that define namespaces.
#pragma once

#include "extension/cache/namespace.hpp"

namespace steward::cache {

/// All namespaces of this database, in the present memory context: the newest committed ones, and those of
/// this transaction. `dependency_table` may be missing.
std::span<Namespace> read_namespaces(Oid table, Oid dependency_table);

} // namespace steward::cache
