// When the worker is asked to look at summaries.
#pragma once

#include "extension/boundary.hpp"

namespace steward::summary {

/// The transaction has written to a table of changes: the worker looks soon after it has committed.
void wish_refresh();

} // namespace steward::summary
