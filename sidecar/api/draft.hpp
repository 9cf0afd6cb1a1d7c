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

/// A whole number in the range of bigint, and nothing else.
std::optional<std::int64_t> parse_bigint(std::string_view text);

} // namespace steward::sidecar::api
