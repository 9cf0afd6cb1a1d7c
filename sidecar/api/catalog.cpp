#include "sidecar/api/catalog.hpp"

#include <algorithm>
#include <iterator>

#include "sidecar/http/framing.hpp"

namespace steward::sidecar::api {
namespace {

/// Takes the first segment, without its slash, off the path.
std::string_view take_segment(std::string_view &path) {
    path.remove_prefix(1);
    std::string_view const segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
        std::string_view const wanted = take_segment(pattern);
        std::string_view const given = take_segment(path);
        if (is_parameter(wanted) ? given.empty() : wanted != given)
            return false;
    }
    return pattern.empty() && path.empty();
}

} // namespace

char const *level_name(Level level) {
    switch (level) {
    case Level::reader:
        return "reader";
    case Level::writer:
        return "writer";
    case Level::admin:
        break;
    }
    return "admin";
}

std::vector<Endpoint> const &endpoints() {
    static std::vector<Endpoint> const all = [] {
        std::vector<Endpoint> list;
        for (auto const part :
             {live_endpoints, quality_endpoints, knowledge_endpoints, work_endpoints, health_endpoints})
            for (Endpoint &endpoint : part())
                list.push_back(std::move(endpoint));
        return list;
    }();
    return all;
}

PathMatch match_path(std::string_view path) {
    PathMatch match;
    // A path without parameters comes before one that would take it in.
    auto const add = [&](bool is_exact) {
        for (Endpoint const &endpoint : endpoints()) {
            std::string_view const pattern = endpoint.path;
            if (match.pattern.empty() && (is_exact ? pattern == path : fits(pattern, path)))
                match.pattern = pattern;
            if (pattern == match.pattern)
                match.endpoints.push_back(&endpoint);
        }
    };
    if (path.empty() || path.front() != '/')
        return match;
    add(true);
    if (match.endpoints.empty())
        add(false);
    for (Endpoint const *endpoint : match.endpoints) {
        match.allow.append(match.allow.empty() ? "" : ", ").append(endpoint->method);
        if (std::string_view(endpoint->method) == "GET")
            match.allow += ", HEAD";
    }
    return match;
}

Endpoint const *endpoint_for(PathMatch const &match, std::string_view method) {
    if (method == "HEAD")
        method = "GET";
    auto const found = std::find_if(match.endpoints.begin(), match.endpoints.end(),
                                    [&](Endpoint const *endpoint) { return endpoint->method == method; });
    return found == match.endpoints.end() ? nullptr : *found;
}

std::map<std::string, std::string, std::less<>> path_values(std::string_view pattern, std::string_view path) {
    std::map<std::string, std::string, std::less<>> values;
    while (!pattern.empty() && !path.empty()) {
        std::string_view const wanted = take_segment(pattern);
        std::string_view const given = take_segment(path);
        if (is_parameter(wanted))
            values[std::string(wanted.substr(1, wanted.size() - 2))] =
                http::path_segment_decoded(given).value_or("");
    }
    return values;
}

} // namespace steward::sidecar::api
