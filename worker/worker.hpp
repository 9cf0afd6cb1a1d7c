// The background worker, as the library starts it.
#pragma once

#include "worker/state.hpp"

namespace steward {

/// While the library is preloaded: registers the launcher and watches what sessions do, unless
/// steward.worker is off.
void start_worker();

} // namespace steward
