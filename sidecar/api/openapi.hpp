// The description of the API that programs read: OpenAPI 3.1, made from the table of endpoints.
#pragma once

#include <string>

namespace steward::sidecar::api {

/// Made once.
std::string const &openapi_document();

} // namespace steward::sidecar::api
