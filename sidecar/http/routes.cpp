#include "sidecar/http/routes.hpp"

#include <array>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::http {
namespace {

constexpr std::array<Route, 4> routes{{
    {score_path, "GET, HEAD, POST", false, true},
    {"/livez", "GET, HEAD", true, false},
    {"/readyz", "GET, HEAD", true, false},
    {"/metrics", "GET, HEAD", true, false},
}};

} // namespace

Route const *find_route(std::string_view path) {
    for (Route const &route : routes)
        if (route.path == path)
            return &route;
    return nullptr;
}

bool allows(Route const &route, std::string_view method) {
    std::string_view allowed = route.allow;
    while (!allowed.empty()) {
        std::size_t const comma = std::min(allowed.find(','), allowed.size());
        if (trim(allowed.substr(0, comma)) == method)
            return true;
        allowed.remove_prefix(std::min(comma + 1, allowed.size()));
    }
    return false;
}

} // namespace steward::sidecar::http
