// What a load run is to be: how many users, for how long, how fast. Depends on nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steward::sidecar::load {

struct Seconds {
    double least = 0;
    double most = 0;
};

struct Plan {
    std::string preset;
    int users = 10;            // with a rate: the most requests that are under way at once
    double duration = 60;      // seconds, in which requests begin
    double ramp_up = 0;        // seconds, until all users are there, or the rate is reached
    Seconds think;             // between an answer and the next request of the same user
    int requests_per_user = 0; // 0: as many as there is time for
    double rate = 0;           // requests a second that begin whatever the server does; 0: users who wait
    double timeout = 10;       // seconds, of one request
    std::uint64_t seed = 1;
    std::vector<std::string> routes; // empty: those that the server describes

    bool is_open() const { return rate > 0; }
};

constexpr int most_users = 1000;
constexpr double most_seconds = 3600;
constexpr double most_rate = 10000;

/// The plan of that name: documents, fixed, normal, peak or stress.
std::optional<Plan> preset(std::string_view name);

/// "1..5", or one number for both.
std::optional<Seconds> parse_seconds(std::string_view text);

} // namespace steward::sidecar::load
