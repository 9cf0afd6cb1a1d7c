// /login, /logout and /api/v1/session: a browser keeps its token in a cookie that no script can read.
#pragma once

#include <string>

#include <httplib.h>

#include "sidecar/auth/gate.hpp"

namespace steward::sidecar::api {

struct LoginSettings {
    bool is_secure = false; // the cookie is for TLS only
};

void log_in(http::Request const &request, std::string const &address, LoginSettings settings,
            httplib::Response &response, auth::Gate &gate, db::Session &session);
void log_out(LoginSettings settings, httplib::Response &response);
void show_session(auth::Identity const &identity, bool is_on, httplib::Response &response);

} // namespace steward::sidecar::api
