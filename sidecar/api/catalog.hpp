// All endpoints that a statement answers, and which of them a request means.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/api/endpoint.hpp"

namespace steward::sidecar::api {

std::vector<Endpoint> const &endpoints();

// The parts of endpoints(), one a subject.
std::vector<Endpoint> live_endpoints();
std::vector<Endpoint> quality_endpoints();
std::vector<Endpoint> knowledge_endpoints();
std::vector<Endpoint> work_endpoints();
std::vector<Endpoint> health_endpoints();

/// What a path is, whatever the method.
struct PathMatch {
    std::string_view pattern; // empty: none of ours
    std::string allow;        // as the header Allow lists it
    std::vector<Endpoint const *> endpoints;
};

PathMatch match_path(std::string_view path);

/// The one that answers the method: GET also answers HEAD. Null if none does.
Endpoint const *endpoint_for(PathMatch const &match, std::string_view method);

/// The segments that stand where the pattern has {name}, decoded; one that is not well encoded is empty.
std::map<std::string, std::string, std::less<>> path_values(std::string_view pattern, std::string_view path);

} // namespace steward::sidecar::api
