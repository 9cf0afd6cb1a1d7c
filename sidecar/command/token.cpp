#include <cstdio>
#include <string>

#include "sidecar/auth/tokens.hpp"
#include "sidecar/command/commands.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::command {
namespace {

constexpr db::Statement create{
    "token_create",
    "INSERT INTO steward.api_token (token_id, hash, level, role, label, expires_at)"
    " SELECT $1, $2, $3, r.rolname, $5, pg_catalog.now() + $6::interval FROM pg_catalog.pg_roles AS r"
    " WHERE r.rolname = $4 AND NOT r.rolsuper RETURNING role, expires_at",
    true};
constexpr db::Statement list{
    "token_list",
    "SELECT token_id, level, role, label, created_by, created_at::timestamptz(0), expires_at::timestamptz(0),"
    " CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= pg_catalog.now() THEN 'expired'"
    " ELSE 'good' END FROM steward.api_token ORDER BY created_at, token_id"};
constexpr db::Statement revoke{
    "token_revoke",
    "UPDATE steward.api_token SET revoked_at = coalesce(revoked_at, pg_catalog.now()) WHERE token_id = $1"
    " RETURNING token_id",
    true};

int create_token(TokenOptions const &options, db::Session &session) {
    auth::NewToken const token = auth::make_token();
    std::string const role = options.role.empty() ? "steward_" + options.level : options.role;
    db::Result const made = session.run(create, {token.id.c_str(), token.hash.c_str(), options.level.c_str(),
                                                 role.c_str(), options.label.c_str(), options.ttl.c_str()});
    if (made.rows() == 0) {
        std::fprintf(stderr, "error: there is no role \"%s\", or it is a superuser\n", role.c_str());
        return 2;
    }
    std::fprintf(stderr, "Token %s asks with the rights of %s until %s. It is shown only once:\n",
                 token.id.c_str(), role.c_str(), std::string(made.text(0, 1)).c_str());
    std::puts(token.text.c_str());
    return 0;
}

int list_tokens(db::Session &session) {
    db::Result const tokens = session.run(list);
    std::puts("token_id\tlevel\trole\tlabel\tcreated_by\tcreated_at\texpires_at\tstate");
    for (int row = 0; row < tokens.rows(); ++row) {
        std::string line;
        for (int column = 0; column < 8; ++column)
            line.append(column == 0 ? "" : "\t").append(tokens.text(row, column));
        std::puts(line.c_str());
    }
    return 0;
}

int revoke_token(std::string const &id, db::Session &session) {
    if (session.run(revoke, {id.c_str()}).rows() == 1)
        return 0;
    std::fprintf(stderr, "error: there is no token \"%s\"\n", id.c_str());
    return 2;
}

} // namespace

int token(TokenOptions const &options) {
    db::Health health;
    db::SessionSettings settings;
    settings.conninfo = options.database;
    settings.application_name = "steward token";
    db::Session session(settings, health);
    try {
        if (options.action == "create")
            return create_token(options, session);
        return options.action == "list" ? list_tokens(session) : revoke_token(options.id, session);
    } catch (db::Error const &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 2;
    }
}

} // namespace steward::sidecar::command
