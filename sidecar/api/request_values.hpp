// What a request says for the parameters of an endpoint.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/api/endpoint.hpp"

namespace steward::sidecar::api {

using Values = std::vector<std::optional<std::string>>; // in the order of the parameters; nothing is NULL

/// Throws Failure with the name of the parameter or member that is wrong, missing, given twice or unknown.
Values request_values(Endpoint const &endpoint, std::string_view target, std::string_view body);

// Every list has these two in front of its own.
inline constexpr Parameter limit_parameter{
    Where::query, "limit", Kind::integer, "How many items at most.", false, "50", 1, 500};
inline constexpr Parameter after_parameter{Where::query, "after", Kind::text,
                                           "The `next` of the answer before: go on behind it."};

} // namespace steward::sidecar::api
