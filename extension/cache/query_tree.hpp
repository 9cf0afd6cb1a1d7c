// What a query reads, and whether its rows may be kept.
#pragma once

#include "extension/cache/tags.hpp"

extern "C" {
#include "utils/plancache.h"
}

namespace steward::cache {

/// Adds the tables of a query to what its rows depend on. Raises 0A000 if they may change in a way that
/// nobody hears of, or belong to one session alone.
void add_tables(Stamps &stamps, const CachedPlanSource *source);

} // namespace steward::cache
