// The program `steward`: reads the command line and starts a command.
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "sidecar/base/settings.hpp"
#include "sidecar/command/commands.hpp"
#include "sidecar/command/load.hpp"

namespace steward::sidecar {
namespace {

// Set by the build: where the migrations are unless --migrations says otherwise.
constexpr char const *default_migrations = STEWARD_MIGRATIONS;

/// The last one to name an option wins, so that the command line overrides what stands in front of it.
template <typename Value>
CLI::Option *add(CLI::App &app, std::string const &name, Value &value, std::string const &help) {
    return app.add_option(name, value, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->capture_default_str();
}

/// on or off
void add_switch(CLI::App &app, std::string const &name, bool &value, std::string const &help) {
    app.add_option_function<std::string>(
           name, [&value](std::string const &word) { value = word == "on" || word == "true"; },
           help + (value ? " [on]" : " [off]"))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->transform(CLI::IsMember({"on", "off", "true", "false"}, CLI::ignore_case));
}

void add_database(CLI::App &app, std::string &database) {
    add(app, "--database", database,
        "connection string of libpq; it is seen in a list of processes, so keep a password in PGPASSFILE");
}

/// By the names that pools of connections have elsewhere, too.
void add_pool(CLI::App &app, Settings &settings) {
    add(app, "--workers,--pool-size", settings.workers,
        "threads, each with a connection to the database; 0: 2 a core, at least 4")
        ->check(CLI::Range(0, 512));
    add(app, "--pool-max-overflow,--max-overflow", settings.pool_max_overflow,
        "more of them while requests wait; they disconnect when there is nothing to do")
        ->check(CLI::Range(0, 512));
    add(app, "--pool-timeout", settings.pool_timeout,
        "seconds that a request may wait for a worker before it gets 503; 0: any time")
        ->check(CLI::Range(0.0, 3600.0));
    add(app, "--pool-recycle", settings.pool_recycle,
        "seconds after which a connection is replaced before it is used again; -1: never")
        ->check(CLI::Range(-1, 31536000));
    add_switch(app, "--pool-pre-ping", settings.pool_pre_ping,
               "replace a connection that was lost while it was idle, instead of answering 503");
    add_switch(app, "--pool-echo,--echo", settings.pool_echo, "log statements, without values");
}

void add_serve(CLI::App &app, Settings &settings) {
    add_database(app, settings.database);
    add(app, "--listen", settings.listen, "HOST:PORT; port 0 takes a free one");
    add(app, "--admin-listen", settings.admin_listen,
        "HOST:PORT where /livez, /readyz and /metrics are answered as well, by threads of their own and "
        "without a token");
    add_switch(app, "--auth", settings.auth,
               "on: everybody needs a token, see `steward token`; needed to listen where other machines can "
               "reach it");
    add_switch(app, "--metric-aliases", settings.metric_aliases,
               "show metrics also under the names that other projects' dashboards know");
    add_switch(app, "--webhooks", settings.webhooks, "send alerts to the targets that the database names");
    app.add_option("--webhook-allow", settings.webhook_allow,
                   "ranges of addresses, such as 10.1.2.0/24, that alerts may be sent to besides public ones")
        ->delimiter(',')
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add(app, "--webhook-secrets", settings.webhook_secrets,
        "folder that holds what file:NAME stands for in alert targets");
    add_switch(app, "--secure-cookies", settings.secure_cookies, "on behind a proxy that speaks TLS");
    add_pool(app, settings);
    add(app, "--max-connections", settings.max_connections, "connections of clients")
        ->check(CLI::Range(1, 100000));
    add(app, "--max-body-bytes", settings.max_body_bytes, "longest body of a request")
        ->check(CLI::Range(1, 64 * 1024 * 1024));
    add(app, "--max-memory-bytes", settings.max_memory_bytes, "requests and answers that wait, all together")
        ->check(CLI::Range(1, 2000000000));
    add(app, "--max-streams", settings.max_streams, "clients that read the stream of events")
        ->check(CLI::Range(0, 10000));
    add(app, "--max-requests-per-second", settings.max_requests_per_second,
        "of each token, or of each address without one; 0: no limit")
        ->check(CLI::Range(0, 1000000));
    add(app, "--statement-timeout", settings.statement_timeout_ms, "milliseconds")
        ->check(CLI::Range(1, 600000));
    add_switch(app, "--prepared-statements", settings.prepared_statements,
               "off behind pgbouncer in transaction mode");
    add(app, "--application-name", settings.application_name, "as pg_stat_activity shows it");
    add(app, "--log-level", settings.log_level, "lowest level that is logged")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    add(app, "--port-file", settings.port_file, "a file that gets the port");
    add(app, "--admin-port-file", settings.admin_port_file, "a file that gets the port of --admin-listen");
    add(app, "--config", settings.config, "a file of lines key = value, where a key is an option");
}

void add_top(CLI::App &app, command::TopOptions &options) {
    add_database(app, options.database);
    add(app, "--window", options.window, "over how long, as an interval of PostgreSQL");
    add(app, "--interval", options.interval, "seconds between two looks")->check(CLI::Range(0.1, 3600.0));
    app.add_flag("--once", options.once, "look once, and end");
}

template <typename Value>
CLI::Option *add_limit(CLI::App &app, std::string const &name, std::optional<Value> &value,
                       std::string const &help) {
    return app.add_option(name, value, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_load(CLI::App &app, command::LoadOptions &options) {
    constexpr double longest = load::most_seconds;
    add(app, "--url", options.url, "the server");
    add(app, "--token", options.token, "a token of it; a list of processes shows it, STEWARD_TOKEN does not")
        ->envname("STEWARD_TOKEN");
    add(app, "--preset", options.preset, "documents, fixed, normal, peak or stress; other options change it");
    add_limit(app, "--users", options.users, "how many; with --rate, requests under way at most [10]")
        ->check(CLI::Range(1, load::most_users));
    add_limit(app, "--duration", options.duration, "seconds in which requests begin [60]")
        ->check(CLI::Range(0.1, longest));
    add_limit(app, "--ramp-up", options.ramp_up,
              "seconds until all users are there, or the rate is reached [0]")
        ->check(CLI::Range(0.0, longest));
    add(app, "--think", options.think,
        "seconds between an answer and the next request, such as 1..5 or 2 [0]");
    add_limit(app, "--requests-per-user", options.requests_per_user,
              "after so many, a user leaves [0: none do]")
        ->check(CLI::Range(0, 1000000));
    add_limit(app, "--rate", options.rate,
              "requests a second that begin whatever comes back, instead of users who wait")
        ->check(CLI::Range(0.001, load::most_rate));
    add_limit(app, "--timeout", options.timeout, "seconds that a request may take [10]")
        ->check(CLI::Range(0.01, 600.0));
    add_limit(app, "--seed", options.seed, "another one draws other routes and thinks other times [1]");
    app.add_option("--route", options.routes,
                   "[WEIGHT] [METHOD] PATH [BODY], as often as there are routes; {1-100} in it is drawn. "
                   "Unless said, "
                   "what can be read of what the server describes")
        ->allow_extra_args(false);
    add(app, "--format", options.format, "of the report")->check(CLI::IsMember({"text", "json"}));
    add_limit(app, "--expect-p95", options.limits.p95, "seconds; if 95 of 100 take longer, exit with 1");
    add_limit(app, "--expect-errors", options.limits.errors, "if there are more, exit with 1");
    add_limit(app, "--expect-throughput", options.limits.throughput,
              "good answers a second; if there are less, exit with 1");
    app.add_flag("--store", options.stores,
                 "keep the result as metrics of the database that --database names");
    add_database(app, options.database);
}

/// create, list, revoke
void add_token(CLI::App &app, command::TokenOptions &options) {
    app.require_subcommand(1);
    CLI::App *const create = app.add_subcommand("create", "Make a token, and print it once.");
    add(*create, "--role", options.level, "what it may ask for")
        ->required()
        ->check(CLI::IsMember({"reader", "writer", "admin"}));
    add(*create, "--as", options.role,
        "role of the database that it asks as; steward_reader and so on unless said");
    options.ttl = "30d";
    add(*create, "--ttl", options.ttl, "how long it is good, as an interval of PostgreSQL");
    add(*create, "--label", options.label, "whose it is");
    CLI::App *const list = app.add_subcommand("list", "Show all tokens, without their secrets.");
    CLI::App *const revoke = app.add_subcommand("revoke", "End a token; it stops within seconds.");
    revoke->add_option("token_id", options.id, "as the list shows it")->required();
    for (CLI::App *const action : {create, list, revoke}) {
        add_database(*action, options.database);
        action->callback([action, &options] { options.action = action->get_name(); });
    }
}

/// The long names that a file and the environment may set.
std::vector<std::string> option_names(CLI::App const &app) {
    std::vector<std::string> names;
    for (CLI::Option const *option : app.get_options())
        for (std::string const &name : option->get_lnames())
            if (name != "help" && name != "config" && name != "dry-run" && name != "once")
                names.push_back(name);
    return names;
}

int run(std::vector<std::string> arguments) {
    CLI::App app("pg_steward beside the database: scores over HTTP, health, metrics, and setting up.",
                 "steward");
    app.set_version_flag("--version", std::string("steward ") + STEWARD_VERSION);
    app.require_subcommand(1);
    Settings settings;
    CLI::App *const serve = app.add_subcommand("serve", "Serve scores, health and metrics over HTTP.");
    add_serve(*serve, settings);
    CLI::App *const doctor =
        app.add_subcommand("doctor", "Say what is wrong with a database, and what helps.");
    add_database(*doctor, settings.database);
    command::TopOptions top_options;
    CLI::App *const top = app.add_subcommand("top", "Show the values of the page in this terminal.");
    add_top(*top, top_options);
    command::LoadOptions load_options;
    CLI::App *const load =
        app.add_subcommand("load", "Ask a server as many users would, and say how it fared.");
    add_load(*load, load_options);
    command::SetupOptions options;
    options.migrations = default_migrations;
    CLI::App *const setup = app.add_subcommand("setup", "Create the extension, the tables and the grants.");
    add_database(*setup, options.database);
    add(*setup, "--migrations", options.migrations, "folder of the migrations");
    setup->add_flag("--dry-run", options.dry_run, "only print what would be done");
    command::TokenOptions token_options;
    CLI::App *const token = app.add_subcommand("token", "Say who may ask over HTTP.");
    add_token(*token, token_options);

    try {
        for (CLI::App *const command : {serve, doctor, setup, top})
            if (!arguments.empty() && arguments[0] == command->get_name()) {
                std::vector<std::string> const own(arguments.begin() + 1, arguments.end());
                arguments = with_file_and_environment(own, option_names(*command));
                arguments.insert(arguments.begin(), command->get_name());
                break;
            }
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (CLI::ParseError const &error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (serve->parsed())
        return command::serve(settings);
    if (top->parsed())
        return command::top(top_options);
    if (load->parsed())
        return command::load(load_options);
    if (token->parsed())
        return command::token(token_options);
    return doctor->parsed() ? command::doctor(settings.database) : command::setup(options);
}

} // namespace
} // namespace steward::sidecar

int main(int count, char **values) {
    try {
        return steward::sidecar::run(std::vector<std::string>(values + 1, values + count));
    } catch (std::exception const &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 2;
    }
}
