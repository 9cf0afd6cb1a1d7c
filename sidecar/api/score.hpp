// /api/v1/qec/constitutional-distance: how robust a principle is, stored or as a draft.
#pragma once

#include <string_view>

#include <httplib.h>

#include "sidecar/db/session.hpp"

namespace steward::sidecar::api {

/// Does once what else the first request would wait for: the connection, the library, the statement.
void warm_up(db::Session &session);

void get_score(std::string_view target, httplib::Response &response, db::Session &session);
void post_score(std::string_view body, httplib::Response &response, db::Session &session);

} // namespace steward::sidecar::api
