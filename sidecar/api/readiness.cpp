#include "sidecar/api/readiness.hpp"

#include "sidecar/base/json.hpp"

namespace steward::sidecar::api {
namespace {

constexpr db::Statement installed{
    "installed",
    "SELECT e.extversion,"
    " EXISTS (SELECT FROM pg_catalog.pg_class AS c"
    "         WHERE c.relnamespace = n.oid AND c.relname = 'constitutional_principles'),"
    " pg_is_in_recovery(),"
    " CASE WHEN n.oid IS NULL THEN 'schema steward'"
    "      WHEN NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN 'USAGE on schema steward'"
    "      ELSE (SELECT 'EXECUTE on ' || pg_catalog.string_agg(format('%s(%s)', w.name, w.arguments), ', ')"
    "            FROM (VALUES ('principle_score', 'bigint'),"
    "                         ('principle_draft_score', 'text, jsonb, bigint, text'),"
    "                         ('migration_require', 'text'),"
    "                         ('operation_begin', 'text, text')) AS w (name, arguments)"
    "            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p"
    "                              WHERE p.pronamespace = n.oid AND p.proname = w.name"
    "                                    AND pg_catalog.oidvectortypes(p.proargtypes) = w.arguments"
    "                                    AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE'))) END"
    " FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = 'pg_steward'"
    " LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'steward'"};
// The call loads the library, which defines the setting; one statement, because a pooler may run the next one
// in another session.
constexpr db::Statement library{"library", "SELECT steward.ambiguity(''),"
                                           " current_setting('steward.library_version', true)"};

/// What is checked, and what came out; the first failure makes all of it a failure.
class Checks {
  public:
    void add(char const *name, bool is_fine, std::string const &detail) {
        is_ready_ = is_ready_ && is_fine;
        checks_.add_raw(name, JsonObject().add("ok", is_fine).add("detail", detail).close());
    }
    void add_raw(char const *name, char const *json) { checks_.add_raw(name, json); }

    Readiness::Answer close() && {
        JsonObject body;
        body.add("ready", is_ready_).add_raw("checks", std::move(checks_).close());
        return {is_ready_, std::move(body).close() + "\n"};
    }

  private:
    bool is_ready_ = true;
    JsonObject checks_;
};

void check_library(db::Session &session, std::string const &installed_version, Checks &checks) {
    try {
        db::Result const result = session.run(library);
        std::string const version(result.text(0, 1));
        checks.add("library", version == installed_version, "version " + version);
    } catch (db::Error const &error) {
        // Who may score principles need not be allowed to score statements: nothing is known, then.
        bool const is_denied = error.sqlstate() == "42501";
        checks.add("library", is_denied, is_denied ? "not known: ambiguity may not be called" : "not loaded");
    }
}

} // namespace

Readiness::Readiness(db::SessionSettings settings, db::Health &health, std::string role)
    : session_(std::move(settings), health) {
    session_.set_role(std::move(role));
}

Readiness::Answer Readiness::check() {
    if (std::unique_lock const turn(asking_, std::try_to_lock); turn.owns_lock()) {
        Answer answer = ask();
        std::lock_guard const lock(mutex_);
        last_ = answer;
        return answer;
    }
    std::lock_guard const lock(mutex_);
    return last_;
}

Readiness::Answer Readiness::ask() {
    Checks checks;
    try {
        db::Result const result = session_.run(installed);
        checks.add("database", true, "reachable");
        std::string const version(result.text(0, 0));
        checks.add("extension", !version.empty(), version.empty() ? "not installed" : "version " + version);
        if (!version.empty())
            check_library(session_, version, checks);
        bool const is_migrated = result.text(0, 1) == "t";
        checks.add("migrations", is_migrated, is_migrated ? "deployed" : "not deployed");
        bool const may_serve = result.is_null(0, 3);
        checks.add("rights", may_serve,
                   may_serve ? "sufficient" : "missing: " + std::string(result.text(0, 3)));
        checks.add_raw("in_recovery", result.text(0, 2) == "t" ? "true" : "false");
    } catch (db::Error const &error) {
        // The reason is in the log: it may name hosts and users.
        bool const is_reached =
            error.sqlstate().rfind("08", 0) != 0 && error.sqlstate().rfind("57P0", 0) != 0;
        checks.add("database", false, (is_reached ? "no answer: " : "not reachable: ") + error.sqlstate());
    }
    return std::move(checks).close();
}

} // namespace steward::sidecar::api
