// The paths that are known beside the table of endpoints, and what may be done with each.
#pragma once

#include <string_view>

namespace steward::sidecar::http {

enum class Target { score, livez, readyz, metrics, events, page, login, logout, session, openapi };

struct Route {
    std::string_view path;
    char const *allow; // methods, as the header Allow lists them
    Target target;
    bool is_probe = false; // never waits behind scores
};

/// Null if the path is not known here.
Route const *find_route(std::string_view path);

bool allows(std::string_view allowed, std::string_view method);

inline constexpr char const *score_path = "/api/v1/qec/constitutional-distance";

} // namespace steward::sidecar::http
