// The options of the program, and where they come from: a file, the environment, the command line.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace steward::sidecar {

/// What `steward serve` can be told. docs/http.md has a row for each.
struct Settings {
    std::string database; // empty: what libpq takes from the environment
    std::string listen = "127.0.0.1:8001";
    std::string admin_listen; // empty: probes are answered with the rest
    bool auth = false;
    bool secure_cookies = false;
    bool metric_aliases = true;
    bool webhooks = false;
    std::vector<std::string> webhook_allow; // ranges of addresses
    std::string webhook_secrets;            // a folder
    int workers = 0;                        // 0: twice the cores, at least 4
    int pool_max_overflow = 0;              // more of them while requests wait
    double pool_timeout = 30;               // seconds, that a request may wait for one; 0: any time
    int pool_recycle = 3600;                // seconds, after which a connection is replaced; -1: never
    bool pool_pre_ping = true;              // a connection that was lost is replaced before anybody sees it
    bool pool_echo = false;                 // statements are logged
    int max_connections = 4096;
    std::size_t max_body_bytes = 1024 * 1024;
    std::size_t max_memory_bytes = 256 * 1024 * 1024;
    int max_streams = 100;
    int max_requests_per_second = 0; // 0: no limit
    int statement_timeout_ms = 5000;
    bool prepared_statements = true;
    std::string application_name = "steward";
    std::string log_level = "info";
    std::string port_file;
    std::string admin_port_file;
    std::string config;
};

/// The arguments behind the name of the program, with those of the file and of the environment in front, so
/// that the last one to name an option wins: file < environment < command line. `options` are the names that
/// a file may use. Throws std::runtime_error for a file that cannot be read or names anything else.
std::vector<std::string> with_file_and_environment(std::vector<std::string> const &arguments,
                                                   std::vector<std::string> const &options);

} // namespace steward::sidecar
