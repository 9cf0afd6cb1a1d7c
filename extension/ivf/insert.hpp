// One vector more.
#pragma once

#include "extension/ivf/rows.hpp"

namespace steward::ivf {

/// The page whose heavyweight lock inserts share, and which is held alone while another generation begins to
/// count.
inline constexpr BlockNumber grouping_lock = meta_block;

/// Puts an entry into its list. Plain C.
void insert_entry(Relation index, const Opened &opened, const Entry &entry, const ItemPointerData &tid);

/// Says where the next vector of a list goes. Plain C.
void hint_insert(Relation index, const Opened &opened, std::uint32_t list, BlockNumber block);

} // namespace steward::ivf
