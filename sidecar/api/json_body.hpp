// Reads bodies that are JSON objects.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace steward::sidecar::api {

/// Throws Failure if it is anything else, or nested too deep.
nlohmann::json parse_object(std::string_view body);

} // namespace steward::sidecar::api
