#include "sidecar/api/login.hpp"

#include "sidecar/api/answer.hpp"
#include "sidecar/base/json.hpp"
#include "sidecar/http/text.hpp"

namespace steward::sidecar::api {
namespace {

void set_cookie(httplib::Response &response, std::string_view token, long seconds, LoginSettings settings) {
    std::string cookie(auth::cookie_name);
    cookie.append("=").append(token).append("; Path=/; Max-Age=").append(std::to_string(seconds));
    cookie += "; HttpOnly; SameSite=Strict";
    if (settings.is_secure)
        cookie += "; Secure";
    response.set_header("Set-Cookie", cookie);
    response.set_header("Cache-Control", "no-store");
}

} // namespace

void log_in(http::Request const &request, std::string const &address, LoginSettings settings,
            httplib::Response &response, auth::Gate &gate, db::Session &session) {
    std::string_view const type = request.content_type.substr(0, request.content_type.find(';'));
    if (!http::equal_ignoring_case(http::trim(type), "application/x-www-form-urlencoded"))
        throw Failure({415, "STW24", "The body must be application/x-www-form-urlencoded.", "", 0});
    if (request.fetch_site == "cross-site") // somebody else's page would log its reader in as somebody else
        throw Failure({403, "STW33", "Another site may not log in here.", "", 0});
    std::string token;
    for (auto &[name, value] : http::query_pairs(request.body))
        if (name == "token")
            token = http::trim(value);
    if (token.empty())
        throw bad_request("token is missing.");
    auth::Identity const identity = gate.check(token, address, false, session);
    set_cookie(response, token, identity.seconds_left, settings);
    if (request.accept.find("application/json") != std::string_view::npos) {
        show_session(identity, gate.is_on(), response);
    } else {
        response.status = 303;
        response.set_header("Location", "/");
    }
}

void log_out(LoginSettings settings, httplib::Response &response) {
    set_cookie(response, "", 0, settings);
    response.status = 204;
}

void show_session(auth::Identity const &identity, bool is_on, httplib::Response &response) {
    bool const is_known = !identity.token_id.empty();
    JsonObject body;
    body.add("auth", is_on ? "on" : "off")
        .add("level", level_name(identity.level))
        .add_raw("role", identity.role.empty() ? "null" : json_string(identity.role))
        .add_raw("token_id", is_known ? json_string(identity.token_id) : "null")
        .add("label", identity.label)
        .add_raw("expires_at", is_known ? identity.expires_at : "null")
        .add_raw("csrf", is_known ? json_string(identity.csrf_token) : "null");
    response.set_header("Cache-Control", "no-store");
    response.set_content(std::move(body).close() + "\n", "application/json");
}

} // namespace steward::sidecar::api
