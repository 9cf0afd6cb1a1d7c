// What a client that reads the stream of events has had of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace steward::sidecar::live {

enum Topic : std::size_t { state_topic, dashboard_topic, alerts_topic, jobs_topic, topic_count };

inline constexpr std::array<char const *, topic_count> topic_names{"state", "dashboard", "alerts", "jobs"};

struct Subscription {
    std::string role;  // with whose rights the values are asked for
    std::string token; // its id; empty without one
    std::array<std::uint64_t, topic_count> seen{};
};

/// The newest values that a role may see.
struct Values {
    struct Value {
        std::uint64_t version = 0; // 0: there is none yet
        std::string json;          // one line
    };
    std::array<Value, topic_count> topics;
};

/// The events that the subscriber has not had, as they go over the wire; only the newest of each topic,
/// however many there were. It counts them as seen.
std::string events_since(Subscription &subscription, Values const &values);

} // namespace steward::sidecar::live
