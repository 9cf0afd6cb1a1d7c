// What the solvers of fields and oscillators did, as Prometheus metrics.
#pragma once

#include <string>

#include "sidecar/db/session.hpp"

namespace steward::sidecar::metrics {

/// How long each run of a solver took and how many steps a second the newest one made, with their aliases;
/// nothing where the extension of the solvers is not there, or not for this role
void read_fields(db::Session &session, std::string &text, bool with_aliases);

} // namespace steward::sidecar::metrics
