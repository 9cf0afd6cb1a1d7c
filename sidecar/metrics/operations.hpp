// The operations that the extension counts and times, as Prometheus metrics.
#pragma once

#include <string>

#include "sidecar/db/session.hpp"

namespace steward::sidecar::metrics {

/// steward_operations_total
void read_operation_counts(db::Session &session, std::string &text, bool with_aliases);

/// steward_operation_duration_seconds; steward_distance_calculation_seconds and
/// steward_duty_duration_seconds, with their aliases
void read_operation_durations(db::Session &session, std::string &text, bool with_aliases);

} // namespace steward::sidecar::metrics
