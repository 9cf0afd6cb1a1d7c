// Statements that take long and have to do with the extension: kept with their plans until the monitor takes
// them.
#pragma once

#include "extension/shared.hpp"

namespace steward::monitor {

/// From how many milliseconds on a statement is slow; less than 0 for never.
extern int slow_ms;

/// What is reserved when the library is preloaded.
SharedBlock &slow_block() noexcept;

/// From here on statements are looked at. Only with the block.
void watch_statements();

} // namespace steward::monitor
