// Which routes a server has, by what it says of itself.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sidecar/load/client.hpp"
#include "sidecar/load/route.hpp"

namespace steward::sidecar::load {

struct Discovered {
    std::vector<Route> routes;
    std::vector<std::pair<std::string, std::string>> left_out; // which, and why
};

/// What an OpenAPI document says can be read: by GET, without a stream, and without a parameter for which
/// neither it has an example nor a number does. Throws std::runtime_error if it is none.
Discovered describe(std::string const &openapi);

/// Leaves out what cannot be asked for at all: there is no such thing, or whoever asks may not.
void try_out(Discovered &found, Client &client, std::string const &url);

} // namespace steward::sidecar::load
