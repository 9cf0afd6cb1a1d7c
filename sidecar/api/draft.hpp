// Reads the body of a request that asks for a score.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steward::sidecar::api {

struct Draft {
    std::optional<std::int64_t> principle_id;
    std::optional<std::string> description; // nothing: the principle is scored as it is stored
    std::string criteria = "[]";            // JSON
    std::optional<std::string> profile;
};

/// Throws Failure, with the name of the member that is wrong.
Draft parse_draft(std::string_view body);

} // namespace steward::sidecar::api
