#include "sidecar/load/discover.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace steward::sidecar::load {
namespace {

using nlohmann::json;

std::string encoded(std::string const &text) {
    static constexpr std::string_view plain = "-._~";
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string result;
    for (char const c : text) {
        bool const is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_word || plain.find(c) != std::string_view::npos) {
            result += c;
        } else {
            result += '%';
            result += digits[static_cast<unsigned char>(c) >> 4];
            result += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return result;
}

std::string as_text(json const &value) {
    return encoded(value.is_string() ? value.get<std::string>() : value.dump());
}

/// A value that the parameter may have.
std::optional<std::string> example_of(json const &parameter) {
    json const schema = parameter.value("schema", json::object());
    for (json const *place : {&parameter, &schema})
        if (place->contains("example"))
            return as_text(place->at("example"));
    if (schema.contains("default"))
        return as_text(schema["default"]);
    if (schema.contains("enum") && !schema["enum"].empty())
        return as_text(schema["enum"][0]);
    json const type = schema.value("type", json());
    if (type == "integer" || type == "number")
        return as_text(schema.value("minimum", json(1)));
    return std::nullopt;
}

/// Whether it answers with something that has no end.
bool is_stream(json const &operation) {
    json const content = operation.value("responses", json::object())
                             .value("200", json::object())
                             .value("content", json::object());
    return content.contains("text/event-stream");
}

/// Fills in what has to be said; why that is not possible.
std::optional<std::string> fill_in(std::string &path, json const &operation) {
    std::string query;
    for (json const &parameter : operation.value("parameters", json::array())) {
        if (!parameter.value("required", false))
            continue;
        std::string const name = parameter.value("name", "");
        auto const example = example_of(parameter);
        if (!example)
            return "there is no example of " + name;
        std::string const place = "{" + name + "}";
        if (std::size_t const at = path.find(place); at != std::string::npos)
            path.replace(at, place.size(), *example);
        else if (parameter.value("in", "") == "query")
            query += (query.empty() ? "?" : "&") + encoded(name) + "=" + *example;
        else
            return "it needs the header " + name;
    }
    path += query;
    return std::nullopt;
}

} // namespace

Discovered describe(std::string const &openapi) {
    Discovered found;
    try {
        json const document = json::parse(openapi);
        for (auto const &[path, methods] : document.at("paths").items()) {
            auto const operation = methods.find("get");
            if (operation == methods.end())
                continue;
            Route route;
            route.path = path;
            auto reason = is_stream(*operation) ? "it has no end" : fill_in(route.path, *operation);
            if (reason)
                found.left_out.emplace_back(route.name(), *reason);
            else
                found.routes.push_back(std::move(route));
        }
    } catch (json::exception const &) {
        throw std::runtime_error("what the server says of itself is not OpenAPI");
    }
    return found;
}

void try_out(Discovered &found, Client &client, std::string const &url) {
    static constexpr std::array<int, 7> hopeless{400, 401, 403, 404, 405, 406, 501};
    std::vector<Route> able;
    std::mt19937_64 random{1};
    for (Route &route : found.routes) {
        Reply const reply = client.get(url + drawn(route.path, random));
        if (std::find(hopeless.begin(), hopeless.end(), reply.status) == hopeless.end())
            able.push_back(std::move(route));
        else
            found.left_out.emplace_back(route.name(), reply.error);
    }
    found.routes = std::move(able);
}

} // namespace steward::sidecar::load
