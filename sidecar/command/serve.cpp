#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

#include "sidecar/base/log.hpp"
#include "sidecar/command/commands.hpp"
#include "sidecar/db/conninfo.hpp"
#include "sidecar/http/front.hpp"
#include "sidecar/http/service.hpp"
#include "sidecar/http/socket.hpp"

namespace steward::sidecar::command {
namespace {

// A scrape or a question about readiness that takes longer would only pile up.
constexpr int probe_timeout_ms = 2000;
constexpr int probe_lock_timeout_ms = 100;
constexpr int admin_connections = 64;
constexpr rlim_t other_descriptors =
    64 + admin_connections; // connections to the database, the log, the libraries

Level level_of(std::string const &name) {
    if (name == "debug")
        return Level::debug;
    if (name == "warning")
        return Level::warning;
    return name == "error" ? Level::error : Level::info;
}

/// From here on, signals are read by the front; threads inherit the mask.
void block_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

/// As many connections as there are descriptors for, after asking for as many as are allowed.
int allowed_connections(int wanted, int workers) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t const needed = other_descriptors + static_cast<rlim_t>(workers);
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed + static_cast<rlim_t>(wanted))
        return wanted;
    int const possible = limit.rlim_cur > needed ? static_cast<int>(limit.rlim_cur - needed) : 1;
    log(Level::warning, "fewer connections than asked for: the limit of open files is low",
        std::move(JsonObject().add("connections", possible)));
    return possible;
}

/// Whoever waits for the file finds a complete one.
void write_port_file(std::string const &path, int port) {
    if (path.empty())
        return;
    std::string const draft = path + ".new";
    std::ofstream(draft) << port << '\n';
    if (std::rename(draft.c_str(), path.c_str()) != 0)
        throw std::runtime_error("cannot write the port file " + path);
}

/// The session's settings cannot go through a pooler, so time and date are left to variables that it tracks.
void set_session_environment() {
    ::setenv("PGTZ", "UTC", 1);
    ::setenv("PGDATESTYLE", "ISO, YMD", 1);
}

db::SessionSettings session_settings(Settings const &settings) {
    db::SessionSettings session;
    session.conninfo = settings.database;
    session.application_name = settings.application_name;
    session.statement_timeout_ms = settings.statement_timeout_ms;
    session.prepared_statements = settings.prepared_statements;
    session.recycle_seconds = settings.pool_recycle;
    session.pre_ping = settings.pool_pre_ping;
    session.echo = settings.pool_echo;
    return session;
}

int worker_count(Settings const &settings) {
    if (settings.workers > 0)
        return settings.workers;
    return std::max(4, 2 * static_cast<int>(std::thread::hardware_concurrency()));
}

/// Serves probes beside the rest, until the service stops.
class Admin {
  public:
    Admin(Settings const &settings, http::Service &service) : service_(service) {
        if (settings.admin_listen.empty())
            return;
        int const listener = http::open_listener(http::parse_address(settings.admin_listen), settings.auth);
        http::FrontSettings front;
        front.is_admin = true;
        front.max_connections = admin_connections;
        front_ = std::make_unique<http::Front>(listener, front, service);
        write_port_file(settings.admin_port_file, http::port_of(listener));
        thread_ = std::thread([this] { front_->run_admin(); });
    }
    ~Admin() {
        service_.is_stopping = true;
        if (thread_.joinable())
            thread_.join();
    }
    Admin(Admin const &) = delete;
    Admin &operator=(Admin const &) = delete;

  private:
    http::Service &service_;
    std::unique_ptr<http::Front> front_;
    std::thread thread_;
};

} // namespace

int serve(Settings const &settings) {
    set_log_level(level_of(settings.log_level));
    block_signals();
    set_session_environment();
    std::string const database = db::describe_conninfo(settings.database);
    http::Address const address = http::parse_address(settings.listen);
    int const listener = http::open_listener(address, settings.auth);

    db::SessionSettings const for_scores = session_settings(settings);
    db::SessionSettings for_probes = for_scores;
    for_probes.statement_timeout_ms = probe_timeout_ms;
    for_probes.lock_timeout_ms = probe_lock_timeout_ms;
    http::Service service(settings, for_scores, for_probes);

    http::FrontSettings front_settings;
    front_settings.limits.body_bytes = settings.max_body_bytes;
    front_settings.max_memory_bytes = settings.max_memory_bytes;
    front_settings.workers = worker_count(settings);
    front_settings.overflow = settings.pool_max_overflow;
    front_settings.queue_time =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings.pool_timeout));
    front_settings.max_connections =
        allowed_connections(settings.max_connections, front_settings.workers + front_settings.overflow);
    http::Front front(listener, front_settings, service);
    Admin const admin(settings, service);
    write_port_file(settings.port_file, http::port_of(listener));
    log(Level::info, "listening",
        std::move(JsonObject()
                      .add("version", STEWARD_VERSION)
                      .add("host", address.host)
                      .add("port", http::port_of(listener))
                      .add("database", database)
                      .add("workers", front_settings.workers)));
    if (!front.run()) {
        // Their threads cannot be ended, and waiting for them is what was just given up.
        log(Level::warning, "stopped with statements under way");
        ::_exit(0);
    }
    log(Level::info, "stopped");
    return 0;
}

} // namespace steward::sidecar::command
