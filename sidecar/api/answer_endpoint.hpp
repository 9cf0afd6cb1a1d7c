// Answers what a row of the table of endpoints describes.
#pragma once

#include <string_view>

#include <httplib.h>

#include "sidecar/api/endpoint.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/http/framing.hpp"

namespace steward::sidecar::api {

/// `session` has the rights of `who` already. Throws Failure and db::Error.
void answer_endpoint(Endpoint const &endpoint, http::Request const &request, std::string_view who,
                     httplib::Response &response, db::Session &session);

/// Adds an ETag; what the client has already becomes a 304 without a body.
void set_entity_tag(httplib::Response &response, http::Request const &request, std::string_view who);

} // namespace steward::sidecar::api
