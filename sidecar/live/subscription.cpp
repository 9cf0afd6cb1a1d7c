#include "sidecar/live/subscription.hpp"

namespace steward::sidecar::live {

std::string events_since(Subscription &subscription, Values const &values) {
    std::string text;
    for (std::size_t topic = 0; topic < topic_count; ++topic) {
        Values::Value const &value = values.topics[topic];
        if (value.version <= subscription.seen[topic])
            continue;
        subscription.seen[topic] = value.version;
        text.append("id: ").append(std::to_string(value.version)).append("\nevent: ");
        text.append(topic_names[topic]).append("\ndata: ").append(value.json).append("\n\n");
    }
    return text;
}

} // namespace steward::sidecar::live
