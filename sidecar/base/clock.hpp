// Points in time, and how logs, answers and HTTP write them.
#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace steward::sidecar {

using Clock = std::chrono::steady_clock;

inline double seconds_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

/// Processor time of this process, with all its threads.
inline double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// 2026-01-31T12:00:00.000Z
std::string utc_now();

/// Sat, 31 Jan 2026 12:00:00 GMT
std::string http_date();

/// A timestamp as PostgreSQL prints it in the time zone UTC and the date style ISO, as in utc_now().
std::string utc_from_database(std::string timestamp);

} // namespace steward::sidecar
