// Names for requests that came without one.
#pragma once

#include <string>

namespace steward::sidecar::http {

/// 32 hexadecimal digits.
std::string new_request_id();

} // namespace steward::sidecar::http
