// The part of the front that deals with streams of events.
#include "sidecar/http/front.hpp"

#include <sys/eventfd.h>

#include "sidecar/base/log.hpp"

namespace steward::sidecar::http {
namespace {

constexpr std::chrono::seconds heartbeat{15}; // proxies close what is silent for long
constexpr std::chrono::seconds stream_write_time{15};

} // namespace

/// The head of the answer has been sent, or as much of it as the socket took.
void Front::begin_stream(Connection &connection) {
    connection.state = Connection::State::streaming;
    connection.request_size = 0; // counts what is discarded
    connection.deadline = Clock::now() + heartbeat;
    connection.taken = taken_by_client(connection);
    if (service_.is_stopping)
        connection.peer_closed = true;
}

/// What is new since the last time, unless the client is still busy with that: then it gets the newest later.
void Front::send_events(Connection &connection) {
    if (!connection.output.empty())
        send_some(connection);
    if (!connection.output.empty() || connection.peer_closed)
        return;
    if (service_.publisher.is_revoked(connection.subscription->token)) {
        connection.peer_closed = true;
        return;
    }
    auto const values = service_.publisher.values(connection.subscription->role);
    if (!values)
        return;
    connection.output = live::events_since(*connection.subscription, *values);
    if (connection.output.empty())
        return;
    connection.taken = taken_by_client(connection);
    send_some(connection);
    connection.deadline = Clock::now() + (connection.output.empty() ? heartbeat : stream_write_time);
}

void Front::send_news() {
    eventfd_t ignored = 0;
    ::eventfd_read(news_.get(), &ignored);
    for (std::size_t fd = 0; fd < slots_.size(); ++fd)
        if (Connection const *connection = slots_[fd].connection.get();
            connection != nullptr && connection->state == Connection::State::streaming)
            advance(static_cast<int>(fd));
}

/// Nothing was sent for a while, or the client took nothing.
void Front::keep_stream_alive(Connection &connection) {
    if (connection.output.empty()) {
        connection.output = ":\n\n";
        send_some(connection);
    } else if (std::uint64_t const taken = taken_by_client(connection); taken > connection.taken) {
        connection.taken = taken;
    } else {
        log(Level::warning, "a client was too slow to take its events",
            std::move(JsonObject().add("request_id", connection.request_id)));
        connection.peer_closed = true;
    }
    connection.deadline = Clock::now() + heartbeat;
}

} // namespace steward::sidecar::http
