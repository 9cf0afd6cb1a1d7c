#include "sidecar/auth/tokens.hpp"

#include <algorithm>

#include "sidecar/api/parameter.hpp"
#include "sidecar/base/digest.hpp"

namespace steward::sidecar::auth {
namespace {

constexpr std::chrono::seconds fresh_for{2};
constexpr std::size_t most_known = 10000;
constexpr std::string_view prefix = "stw_";
constexpr std::size_t id_digits = 16;
constexpr std::size_t secret_digits = 64;

constexpr db::Statement question{
    "api_token", "SELECT t.hash, t.level, t.role, t.label, pg_catalog.to_json(t.expires_at)::text,"
                 " pg_catalog.floor(extract(epoch FROM t.expires_at - pg_catalog.now()))::bigint"
                 " FROM steward.api_token AS t"
                 " WHERE t.token_id = $1 AND t.revoked_at IS NULL AND t.expires_at > pg_catalog.now()"};

bool is_hexadecimal(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

api::Level level_of(std::string_view name) {
    for (api::Level const level : {api::Level::admin, api::Level::writer})
        if (name == api::level_name(level))
            return level;
    return api::Level::reader;
}

} // namespace

NewToken make_token() {
    NewToken token;
    token.id = random_digits(id_digits / 2);
    token.text = std::string(prefix) + token.id + "_" + random_digits(secret_digits / 2);
    token.hash = sha256(token.text);
    return token;
}

std::optional<std::string> id_of_token(std::string_view text) {
    if (text.size() != prefix.size() + id_digits + 1 + secret_digits ||
        text.substr(0, prefix.size()) != prefix)
        return {};
    std::string_view const id = text.substr(prefix.size(), id_digits);
    std::string_view const secret = text.substr(prefix.size() + id_digits + 1);
    if (text[prefix.size() + id_digits] != '_' || !is_hexadecimal(id) || !is_hexadecimal(secret))
        return {};
    return std::string(id);
}

std::optional<Identity> Tokens::remembered(std::string_view token, bool however_old) {
    std::string const hash = sha256(token);
    auto const now = Clock::now();
    std::lock_guard const lock(mutex_);
    auto const found = known_.find(hash);
    if (found == known_.end() || now >= found->second.good_for ||
        (!however_old && now >= found->second.until))
        return {};
    return found->second.identity;
}

std::optional<Identity> Tokens::look_up(std::string_view token, db::Session &session) {
    auto const id = id_of_token(token);
    if (!id)
        return {};
    std::string const hash = sha256(token);
    session.set_role(role_);
    db::Result const result = session.run(question, {id->c_str()});
    bool const is_good = result.rows() == 1 && are_equal_secrets(result.text(0, 0), hash);
    std::lock_guard const lock(mutex_);
    if (!is_good) {
        known_.erase(hash);
        return {};
    }
    Identity identity;
    identity.level = level_of(result.text(0, 1));
    identity.role = result.text(0, 2);
    identity.token_id = *id;
    identity.label = result.text(0, 3);
    identity.expires_at = result.text(0, 4);
    identity.seconds_left = static_cast<long>(api::parse_bigint(result.text(0, 5)).value_or(0));
    identity.csrf_token = sha256("csrf " + std::string(token));
    if (known_.size() >= most_known)
        known_.clear();
    auto const now = Clock::now();
    known_[hash] = {identity, now + fresh_for, now + std::chrono::seconds(identity.seconds_left)};
    return identity;
}

} // namespace steward::sidecar::auth
