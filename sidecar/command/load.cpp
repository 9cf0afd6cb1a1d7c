#include "sidecar/command/load.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include <sys/resource.h>
#include <sys/signalfd.h>

#include "sidecar/db/session.hpp"
#include "sidecar/http/socket.hpp"
#include "sidecar/load/discover.hpp"
#include "sidecar/load/report.hpp"

namespace steward::sidecar::command {
namespace {

// Twice: a server may describe itself at either place.
constexpr char const *descriptions[] = {"/api/v1/openapi.json", "/openapi.json"};
constexpr rlim_t other_descriptors = 64;

constexpr db::Statement create_metrics{
    "create_metrics",
    "SELECT steward.metric_create(m.name, m.kind, m.help, '{preset}', unit => m.unit) FROM (VALUES"
    " ('load_request_seconds', 'histogram', 'response times of load runs', NULL),"
    " ('load_errors', 'counter', 'requests of load runs that failed', 'requests'),"
    " ('load_throughput', 'gauge', 'requests a second of the last load run', 'requests/s'))"
    " AS m (name, kind, help, unit)"
    " WHERE NOT EXISTS (SELECT FROM steward.metric AS d WHERE d.name = m.name)",
    true};
constexpr db::Statement store_run{
    "store_run",
    "SELECT steward.metric_record_many('load_request_seconds', $1::float8[], $2::bigint[], l.labels),"
    " steward.metric_record('load_errors', $3::float8, l.labels),"
    " steward.metric_record('load_throughput', $4::float8, l.labels)"
    " FROM (SELECT jsonb_build_object('preset', $5::text) AS labels) AS l",
    true};

/// Whoever presses Ctrl-C wants to see what has come out so far.
class Interrupt {
  public:
    Interrupt() {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
        descriptor_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    }
    int get() const { return descriptor_.get(); }

  private:
    http::Descriptor descriptor_;
};

void allow_connections(int users) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < static_cast<rlim_t>(users) + other_descriptors)
        throw std::runtime_error("the limit of open files is too low for so many users");
}

template <typename Value> void set(Value &value, std::optional<Value> const &wanted) {
    if (wanted)
        value = *wanted;
}

load::Plan plan_of(LoadOptions const &options) {
    load::Plan plan;
    if (!options.preset.empty()) {
        auto const named = load::preset(options.preset);
        if (!named)
            throw std::runtime_error("presets are documents, fixed, normal, peak and stress, not " +
                                     options.preset);
        plan = *named;
    }
    set(plan.users, options.users);
    set(plan.duration, options.duration);
    set(plan.ramp_up, options.ramp_up);
    set(plan.requests_per_user, options.requests_per_user);
    set(plan.rate, options.rate);
    set(plan.timeout, options.timeout);
    set(plan.seed, options.seed);
    if (!options.think.empty()) {
        auto const think = load::parse_seconds(options.think);
        if (!think)
            throw std::runtime_error("a time to think is like 1..5 or 2, in seconds, not " + options.think);
        plan.think = *think;
    }
    if (plan.is_open() && options.requests_per_user)
        throw std::runtime_error(
            "with --rate, requests begin whatever users do: --requests-per-user has no meaning");
    return plan;
}

std::vector<load::Route> parsed(std::vector<std::string> const &texts) {
    std::vector<load::Route> routes;
    for (std::string const &text : texts) {
        auto const route = load::parse_route(text);
        if (!route)
            throw std::runtime_error("a route is like \"3 GET /path\" or \"POST /path {}\", not " + text);
        routes.push_back(*route);
    }
    return routes;
}

/// Those that somebody named are asked for whatever they answer; others have to be there.
load::Discovered find_routes(LoadOptions const &options, load::Plan const &plan, load::Client &client) {
    if (!options.routes.empty())
        return {parsed(options.routes), {}};
    load::Discovered found{parsed(plan.routes), {}};
    if (found.routes.empty()) {
        load::Reply reply;
        for (char const *path : descriptions)
            if (reply = client.get(options.url + path); reply.status == 200)
                break;
        if (reply.status != 200)
            throw std::runtime_error("the server does not say what routes it has (" + reply.error +
                                     "); name them with --route");
        found = load::describe(reply.body);
    }
    load::try_out(found, client, options.url);
    if (found.routes.empty())
        throw std::runtime_error("the server has no route that answers; name some with --route");
    return found;
}

template <typename Values> std::string array_of(Values const &values) {
    std::string text = "{";
    for (auto const &value : values)
        text += (text.size() > 1 ? "," : "") + std::to_string(value);
    return text + "}";
}

/// As metrics of the database, beside what it measures itself.
void store(load::Report const &report, std::string const &database) {
    db::Health health;
    db::SessionSettings settings;
    settings.conninfo = database;
    settings.application_name = "steward load";
    db::Session session(settings, health);
    session.run(create_metrics);
    std::vector<double> seconds;
    std::vector<std::uint64_t> counts;
    for (auto const &[duration, count] : report.outcome.all.durations.steps()) {
        seconds.push_back(duration);
        counts.push_back(count);
    }
    std::string const durations = array_of(seconds);
    std::string const numbers = array_of(counts);
    std::string const errors = std::to_string(report.outcome.all.error_count());
    std::string const rate = std::to_string(load::throughput(report));
    std::string const preset = report.plan.preset.empty() ? "none" : report.plan.preset;
    session.run(store_run,
                {durations.c_str(), numbers.c_str(), errors.c_str(), rate.c_str(), preset.c_str()});
}

} // namespace

int load(LoadOptions options) {
    while (!options.url.empty() && options.url.back() == '/')
        options.url.pop_back();
    load::Report report;
    report.plan = plan_of(options);
    Interrupt const interrupt;
    allow_connections(report.plan.users);
    load::Client client(report.plan.users, report.plan.timeout, options.token);
    load::Discovered found = find_routes(options, report.plan, client);
    report.url = options.url;
    report.routes = std::move(found.routes);
    report.left_out = std::move(found.left_out);
    report.before = load::server_usage(client, options.url);
    double const cpu_before = load::own_usage().cpu_seconds;
    report.outcome = load::run(report.plan, report.routes, report.url, client, interrupt.get());
    report.own = load::own_usage();
    report.own.cpu_seconds -= cpu_before;
    report.after = load::server_usage(client, options.url);

    std::vector<load::Held> const held = load::hold(report, options.limits);
    std::fputs((options.format == "json" ? load::as_json(report, held) : load::as_text(report, held)).c_str(),
               stdout);
    std::fflush(stdout);
    if (options.stores)
        store(report, options.database);
    for (load::Held const &limit : held)
        if (!limit.is_met)
            return 1;
    return 0;
}

} // namespace steward::sidecar::command
