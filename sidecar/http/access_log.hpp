// Counts and logs what was answered.
#pragma once

#include <string_view>

#include "sidecar/http/connection.hpp"
#include "sidecar/metrics/registry.hpp"

namespace steward::sidecar::http {

void record(metrics::Registry &registry, Connection const &connection, std::string_view route,
            std::string_view method, int status);

} // namespace steward::sidecar::http
