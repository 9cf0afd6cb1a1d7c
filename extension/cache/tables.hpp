// Tables and their rows as what cached values depend on.
#pragma once

#include "extension/cache/transaction.hpp"

namespace steward::cache {

/// Rows of a table change, and with them those of the partitioned tables above it.
void change_table(Oid table, bool is_partition);
/// The same for its partitions and inheritors as well.
void change_table_with_partitions(Oid table);
/// More than rows: whoever depends on single rows hears of it, too.
void change_whole_table(Oid table);

} // namespace steward::cache
