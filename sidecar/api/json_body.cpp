#include "sidecar/api/json_body.hpp"

#include <string>

#include "sidecar/api/answer.hpp"

namespace steward::sidecar::api {
namespace {

// Whoever writes JSON out again does it recursively.
constexpr int deepest = 64;

} // namespace

nlohmann::json parse_object(std::string_view body) {
    using nlohmann::json;
    auto const limit_depth = [](int depth, json::parse_event_t, json &) {
        if (depth > deepest)
            throw bad_request("The JSON is nested more than " + std::to_string(deepest) + " levels deep.");
        return true;
    };
    try {
        json document = json::parse(body, limit_depth);
        if (!document.is_object())
            throw bad_request("The body must be a JSON object.");
        return document;
    } catch (json::exception const &) {
        throw bad_request("The body is not valid JSON in UTF-8.");
    }
}

} // namespace steward::sidecar::api
