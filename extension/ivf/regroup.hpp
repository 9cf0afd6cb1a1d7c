// Vectors of an index that is in use are grouped anew, when there are many others than when they were
// grouped.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace steward::ivf {

/// Whether so many have come and gone. Called by vacuum, which no other one runs beside.
bool needs_regrouping(Relation index, std::uint64_t vectors);

/// Groups them. Sessions search and insert meanwhile; inserts wait while the new grouping takes over.
void regroup(Relation index, std::uint64_t vectors);

/// Notes that vacuum has removed some. Plain C.
void note_removed(Relation index, std::uint64_t removed);

} // namespace steward::ivf
