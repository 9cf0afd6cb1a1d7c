// The paths that are known, and what may be done with each.
#pragma once

#include <string_view>

namespace steward::sidecar::http {

struct Route {
    std::string_view path;
    char const *allow; // methods, as the header Allow lists them
    bool is_probe;     // never waits behind scores
    bool takes_json;   // by POST
};

/// Null if the path is not known.
Route const *find_route(std::string_view path);

bool allows(Route const &route, std::string_view method);

inline constexpr char const *score_path = "/api/v1/qec/constitutional-distance";

} // namespace steward::sidecar::http
