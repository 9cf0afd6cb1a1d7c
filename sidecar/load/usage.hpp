// What a load run takes: of this process, and of the server as its metrics say.
#pragma once

#include <map>
#include <string>

#include "sidecar/load/client.hpp"

namespace steward::sidecar::load {

struct Usage {
    double cpu_seconds = 0;
    double memory_bytes = 0; // the most so far
};

Usage own_usage();

/// Those that say how much a server takes, by name, without labels; empty if there are none.
using Samples = std::map<std::string, double>;

/// Asks the server for its metrics.
Samples server_usage(Client &client, std::string const &url);

/// What is of interest in Prometheus' text format.
Samples samples_of(std::string const &metrics);

} // namespace steward::sidecar::load
