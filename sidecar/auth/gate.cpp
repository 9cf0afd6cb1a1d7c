#include "sidecar/auth/gate.hpp"

#include "sidecar/api/answer.hpp"
#include "sidecar/base/digest.hpp"
#include "sidecar/http/text.hpp"

namespace steward::sidecar::auth {
namespace {

using api::Failure;

Failure no_token(char const *code, char const *detail) {
    return Failure({401, code, detail, "", 0});
}

/// What follows the word Bearer.
std::string_view bearer_token(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (!http::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
        throw no_token("STW30", "The only way to authenticate is a bearer token.");
    return http::trim(authorization.substr(scheme.size()));
}

/// Whether a Host header names this machine, as seen by itself. Any other name may be one that a web site has
/// made point here, so that pages of its own may read what is answered (DNS rebinding).
bool names_this_machine(std::string_view host) {
    if (host.substr(0, 1) == "[")
        return host.substr(0, host.find(']') + 1) == "[::1]";
    std::string_view const name = host.substr(0, host.find(':'));
    bool const is_address = !name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos;
    return name.empty() || http::equal_ignoring_case(name, "localhost") ||
           (is_address && name.substr(0, 4) == "127.");
}

/// Browsers send cookies also with requests that another site has made up; the header it cannot add.
void check_csrf(http::Request const &request, Identity const &identity) {
    if (!are_equal_secrets(request.csrf_token, identity.csrf_token))
        throw Failure({403, "STW33", "A request that writes and comes by cookie needs X-CSRF-Token.",
                       "GET /api/v1/session says which.", 0});
}

} // namespace

Identity Gate::admit(http::Request const &request, std::string const &address, Wanted wanted,
                     db::Session &session) {
    bool const needs_token = is_on_ || wanted.writes || wanted.level != api::Level::reader;
    bool const is_safe = request.method == "GET" || request.method == "HEAD";
    if (!is_on_ && !names_this_machine(request.host))
        throw Failure({403, "STW35", "Without identity the program answers to localhost only.",
                       "Ask for 127.0.0.1 or localhost, or start it with --auth on.", 0});
    Identity identity;
    if (!request.authorization.empty()) {
        identity = check(bearer_token(request.authorization), address, wanted.however_old, session);
    } else if (std::string_view const cookie = http::cookie_value(request.cookie, cookie_name);
               !cookie.empty()) {
        try {
            identity = check(cookie, address, wanted.however_old, session);
        } catch (Failure const &) {
            if (needs_token) // a cookie of yesterday is no reason to refuse what everybody may
                throw;
        }
        if (!is_safe && !identity.token_id.empty())
            check_csrf(request, identity);
    }
    if (needs_token && identity.token_id.empty())
        throw no_token("STW30", "This needs a token.");
    if (identity.level < wanted.level)
        throw Failure({403, "STW32",
                       std::string("This needs a token of the level ") + api::level_name(wanted.level) + ".",
                       "", 0});
    check_rate(identity, address);
    return identity;
}

/// Who has no token is counted by his address: he cannot have another at will.
void Gate::check_rate(Identity const &identity, std::string const &address) {
    if (!rates_.is_limited())
        return;
    std::string const key = identity.token_id.empty() ? "address " + address : "token " + identity.token_id;
    auto const wait = rates_.wait(key, Clock::now());
    if (wait > Clock::duration::zero())
        throw Failure({429, "STW36", "These were too many requests in a second.",
                       "max-requests-per-second says how many there may be.",
                       static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count())});
}

Identity Gate::check(std::string_view token, std::string const &address, bool however_old,
                     db::Session &session) {
    if (auto const known = tokens_.remembered(token))
        return *known;
    auto const now = Clock::now();
    if (int const seconds = attempts_.wait(address, now); seconds > 0)
        throw Failure({429, "STW34", "There were too many wrong tokens from this address.", "", seconds});
    std::optional<Identity> found;
    try {
        found = tokens_.look_up(token, session);
    } catch (db::Error const &) {
        if (auto const known = tokens_.remembered(token, however_old); however_old && known)
            return *known;
        throw;
    }
    if (!found) {
        attempts_.failed(address, now);
        throw no_token("STW31", "The token is wrong, has expired or was revoked.");
    }
    attempts_.succeeded(address);
    return *found;
}

} // namespace steward::sidecar::auth
