#include "sidecar/load/usage.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include <sys/resource.h>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar::load {
namespace {

// As this program names them, and as most others do.
constexpr std::array<std::string_view, 10> wanted{
    "steward_process_cpu_seconds_total", "steward_process_memory_bytes", "process_cpu_seconds_total",
    "process_resident_memory_bytes",     "steward_http_connections",     "steward_database_sessions",
    "steward_database_connections",      "steward_server_memory_bytes",  "steward_host_cpu_usage_ratio",
    "steward_host_memory_usage_ratio"};

} // namespace

Usage own_usage() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return {cpu_seconds(), static_cast<double>(usage.ru_maxrss) * 1024};
}

Samples samples_of(std::string const &metrics) {
    Samples samples;
    std::istringstream lines(metrics);
    for (std::string line; std::getline(lines, line);) {
        std::size_t const blank = line.find(' ');
        if (blank == std::string::npos)
            continue;
        std::string const name = line.substr(0, blank);
        if (std::find(wanted.begin(), wanted.end(), name) != wanted.end())
            samples[name] = std::strtod(line.c_str() + blank, nullptr);
    }
    return samples;
}

Samples server_usage(Client &client, std::string const &url) {
    Reply const reply = client.get(url + "/metrics");
    return reply.error.empty() ? samples_of(reply.body) : Samples();
}

} // namespace steward::sidecar::load
