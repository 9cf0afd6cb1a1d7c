// The vectors of a table, one after the other, as an index that is being made meets them.
#pragma once

#include <functional>

#include "extension/ivf/opened.hpp"

extern "C" {
#include "access/relscan.h"
#include "nodes/execnodes.h"
}

namespace steward::ivf {

/// Who takes them; an exception ends the pass.
using VectorTaker = std::function<void(const ItemPointerData &tid, std::span<const float> vector)>;

/// Goes through the rows that the index is to have, or through those that `scan`, which it ends, gives to
/// this process -> how many rows there are. Vectors without a direction are left out where it counts alone.
double go_through(Relation heap, Relation index, IndexInfo *info, const VectorTaker &taker,
                  TableScanDesc scan = nullptr);

} // namespace steward::ivf
