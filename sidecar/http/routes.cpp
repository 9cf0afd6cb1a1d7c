#include "sidecar/http/routes.hpp"

#include <array>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::http {
namespace {

constexpr std::array<Route, 20> routes{{
    {score_path, "GET, HEAD, POST", Target::score},
    {"/livez", "GET, HEAD", Target::livez, true},
    {"/readyz", "GET, HEAD", Target::readyz, true},
    {"/metrics", "GET, HEAD", Target::metrics, true},
    {"/api/v1/events", "GET, HEAD", Target::events},
    {"/api/v1/openapi.json", "GET, HEAD", Target::openapi},
    {"/api/v1/session", "GET, HEAD", Target::session},
    {"/login", "POST", Target::login},
    {"/logout", "POST", Target::logout},
    {"/", "GET, HEAD", Target::page},
    {"/page.js", "GET, HEAD", Target::page},
    {"/page.css", "GET, HEAD", Target::page},
    {"/sections.js", "GET, HEAD", Target::page},
    {"/advice.js", "GET, HEAD", Target::page},
    {"/charts.js", "GET, HEAD", Target::page},
    {"/session.js", "GET, HEAD", Target::page},
    {"/dom.js", "GET, HEAD", Target::page},
    {"/format.js", "GET, HEAD", Target::page},
    {"/uplot.js", "GET, HEAD", Target::page},
    {"/uplot.css", "GET, HEAD", Target::page},
}};

} // namespace

Route const *find_route(std::string_view path) {
    for (Route const &route : routes)
        if (route.path == path)
            return &route;
    return nullptr;
}

bool allows(std::string_view allowed, std::string_view method) {
    while (!allowed.empty()) {
        std::size_t const comma = std::min(allowed.find(','), allowed.size());
        if (trim(allowed.substr(0, comma)) == method)
            return true;
        allowed.remove_prefix(std::min(comma + 1, allowed.size()));
    }
    return false;
}

} // namespace steward::sidecar::http
