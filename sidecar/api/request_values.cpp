#include "sidecar/api/request_values.hpp"

#include <algorithm>
#include <map>

#include "sidecar/api/answer.hpp"
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/json_body.hpp"
#include "sidecar/http/framing.hpp"

namespace steward::sidecar::api {
namespace {

using nlohmann::json;
using Named = std::map<std::string, std::string, std::less<>>;

bool is_known(Endpoint const &endpoint, Where where, std::string_view name) {
    return std::any_of(endpoint.parameters.begin(), endpoint.parameters.end(),
                       [&](Parameter const &p) { return p.where == where && p.name == name; });
}

Named query_of(Endpoint const &endpoint, std::string_view target) {
    Named values;
    for (auto &[name, value] : http::query_pairs(http::query_of(target))) {
        if (!is_known(endpoint, Where::query, name))
            throw bad_request("The parameter " + name.substr(0, 64) + " is not known here.");
        if (!values.try_emplace(name, std::move(value)).second)
            throw bad_request("The parameter " + name + " is given twice.");
    }
    return values;
}

[[noreturn]] void wrong(Parameter const &parameter, std::string const &complaint) {
    throw bad_request(std::string(parameter.name) + " " + complaint);
}

/// The member as the text that the statement gets.
std::string text_of(Parameter const &parameter, json const &value) {
    switch (parameter.kind) {
    case Kind::json:
        return value.dump();
    case Kind::bigint:
    case Kind::integer:
        if (!value.is_number_integer())
            wrong(parameter, "must be a whole number.");
        return value.dump();
    case Kind::number:
        if (!value.is_number())
            wrong(parameter, "must be a number.");
        return value.dump();
    case Kind::boolean:
        if (!value.is_boolean())
            wrong(parameter, "must be true or false.");
        return value.dump();
    case Kind::text:
    case Kind::timestamp:
    case Kind::interval:
    case Kind::uuid:
    case Kind::choice:
        break;
    }
    if (!value.is_string())
        wrong(parameter, "must be a string.");
    return value.get<std::string>();
}

Named body_of(Endpoint const &endpoint, std::string_view body) {
    Named values;
    bool const has_members = std::any_of(endpoint.parameters.begin(), endpoint.parameters.end(),
                                         [](Parameter const &p) { return p.where == Where::body; });
    if (!has_members || body.empty())
        return values;
    json const document = parse_object(body);
    for (auto const &[name, value] : document.items())
        if (!is_known(endpoint, Where::body, name))
            throw bad_request("The member " + name.substr(0, 64) + " is not known here.");
    for (Parameter const &parameter : endpoint.parameters)
        if (parameter.where == Where::body)
            if (auto const found = document.find(parameter.name);
                found != document.end() && !found->is_null())
                values[parameter.name] = text_of(parameter, *found);
    return values;
}

} // namespace

Values request_values(Endpoint const &endpoint, std::string_view target, std::string_view body) {
    Named const path = path_values(endpoint.path, http::path_of(target));
    Named const query = query_of(endpoint, target);
    Named const members = body_of(endpoint, body);
    Values values;
    for (Parameter const &parameter : endpoint.parameters) {
        Named const &source = parameter.where == Where::path    ? path
                              : parameter.where == Where::query ? query
                                                                : members;
        auto const found = source.find(parameter.name);
        std::optional<std::string> value;
        if (found != source.end()) {
            if (auto const complaint = complaint_about(parameter, found->second))
                wrong(parameter, *complaint);
            value = found->second;
        } else if (parameter.is_required) {
            wrong(parameter, "is missing.");
        } else if (parameter.fallback != nullptr) {
            value = parameter.fallback;
        }
        values.push_back(std::move(value));
    }
    return values;
}

} // namespace steward::sidecar::api
