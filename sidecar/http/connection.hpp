// A connection of a client, and the one request of it that may be under way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sidecar/base/clock.hpp"
#include "sidecar/http/framing.hpp"
#include "sidecar/live/subscription.hpp"

namespace steward::sidecar::http {

/// Belongs to the front, or, while its request is answered, to one worker: whoever holds the unique_ptr.
/// Nobody else looks at it, so it needs no lock.
struct Connection {
    enum class State {
        reading,   // waits for a complete request
        writing,   // the client is slow to take its answer
        streaming, // gets events until it closes
        draining,  // refused: what the client still sends is read, or it would not see the answer
    };

    explicit Connection(int socket) : fd(socket) {}

    int const fd;
    State state = State::reading;
    std::string input;
    std::string output;
    std::size_t request_size = 0; // once the head of the request is there
    bool continued = false;       // 100 Continue has been sent
    bool close_behind = false;    // no request follows this answer
    bool readable = false;        // there may be bytes to read
    bool is_ending = false;       // the client has announced that it closes
    bool peer_closed = false;     // there will be none any more
    std::size_t charged = 0;      // of the memory that all connections share
    std::uint64_t sent = 0;       // bytes that the socket took in all
    std::uint64_t taken = 0;      // while writing: what the client had of them when last looked
    Clock::time_point deadline{}; // of the state it is in
    Clock::time_point received{}; // when the request was complete
    Request request;              // views into input
    std::string request_id;
    std::string address;                              // of the client, as numbers
    std::unique_ptr<live::Subscription> subscription; // the answer is a stream of events
};

} // namespace steward::sidecar::http
