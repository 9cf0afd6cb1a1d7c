// ETag and If-None-Match.
#pragma once

#include <string>
#include <string_view>

namespace steward::sidecar::api {

/// In quotes. It depends on who asks, so that nobody learns from a 304 what somebody else was answered.
std::string entity_tag(std::string_view who, std::string_view body);

/// Whether If-None-Match names the tag.
bool is_named(std::string_view if_none_match, std::string_view tag);

} // namespace steward::sidecar::api
