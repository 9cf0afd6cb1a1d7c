// How lookups of prompt caches ended, in shared memory.
#pragma once

#include "extension/shared.hpp"

namespace steward::prompt {

/// The block to reserve when the library is preloaded.
SharedBlock &block() noexcept;

} // namespace steward::prompt
