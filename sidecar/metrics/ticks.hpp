// The launcher's ticks, as Prometheus metrics.
#pragma once

#include <string>

#include "sidecar/db/session.hpp"

namespace steward::sidecar::metrics {

/// steward_tick_frequency_hertz and steward_tick_latency_seconds, with their aliases; nothing where no
/// launcher has ticked
void read_ticks(db::Session &session, std::string &text, bool with_aliases);

} // namespace steward::sidecar::metrics
