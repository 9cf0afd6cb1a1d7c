// The part of the front that deals with a single connection.
#include "sidecar/http/front.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "sidecar/base/log.hpp"
#include "sidecar/http/access_log.hpp"
#include "sidecar/http/problem.hpp"
#include "sidecar/http/request_id.hpp"
#include "sidecar/http/routes.hpp"

namespace steward::sidecar::http {
namespace {

constexpr std::chrono::seconds head_time{5}; // from the first byte of a head to its last
constexpr std::chrono::seconds body_time{30};
constexpr std::chrono::seconds idle_time{75};
constexpr std::chrono::seconds write_time{15}; // in which a client has to take so much:
constexpr std::uint64_t write_bytes = 15 * 1000;
constexpr std::chrono::seconds drain_time{5}; // a busy client may need a while to send its rest
constexpr std::size_t drain_bytes = 4 * 1024 * 1024;
constexpr int accepts_a_turn = 64;
constexpr int room_for_refusals = 64; // connections over the limit that are being told so

std::string refusal_answer(Problem const &problem, std::string const &request_id) {
    std::string const body = problem_body(problem, request_id);
    std::string answer = "HTTP/1.1 " + std::to_string(problem.status) + " " + reason(problem.status) + "\r\n";
    answer += "Connection: close\r\nContent-Type: application/problem+json\r\n";
    answer += "Content-Length: " + std::to_string(body.size()) + "\r\nDate: " + http_date() + "\r\n";
    if (problem.retry_after > 0)
        answer += "Retry-After: " + std::to_string(problem.retry_after) + "\r\n";
    return answer + "X-Request-Id: " + request_id + "\r\n\r\n" + body;
}

/// Behind a body, some clients send line ends that begin nothing.
void skip_line_ends(std::string &input) {
    std::size_t end = 0;
    while (input.compare(end, 2, "\r\n") == 0)
        end += 2;
    input.erase(0, end);
}

} // namespace

void Front::watch_listener(bool on) {
    if (on == listener_is_watched_)
        return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_.get();
    ::epoll_ctl(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener_.get(), &event);
    listener_is_watched_ = on;
}

void Front::accept_some() {
    for (int i = 0; i < accepts_a_turn; ++i) {
        if (open_ >= settings_.max_connections + room_for_refusals) {
            watch_listener(false); // until the next sweep: who waits, waits in the kernel
            return;
        }
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        int const fd = ::accept4(listener_.get(), reinterpret_cast<sockaddr *>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add_connection(fd, address_text(address, size));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            // No descriptors or no memory. The socket stays readable: without a pause this would spin.
            log(Level::warning, "cannot accept", std::move(JsonObject().add("detail", std::strerror(errno))));
            watch_listener(false);
            return;
        }
    }
}

void Front::add_connection(int fd, std::string address) {
    int const on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Edges, not levels: a connection that is lent need not be taken out, and costs nothing.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.fd = fd;
    if (slots_.size() <= static_cast<std::size_t>(fd))
        slots_.resize(static_cast<std::size_t>(fd) + 1);
    Slot &slot = slots_[static_cast<std::size_t>(fd)];
    slot.connection = std::make_unique<Connection>(fd);
    slot.connection->address = std::move(address);
    slot.connection->deadline = Clock::now() + idle_time;
    ++open_;
    ++service_.registry.connections;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
    } else if (open_ > settings_.max_connections) {
        refuse(*slot.connection, {503, "STW08", "The server has as many connections as it takes.", "", 1});
        advance(fd);
    }
}

/// Does whatever can be done without waiting.
void Front::advance(int fd) {
    Slot &slot = slots_[static_cast<std::size_t>(fd)];
    if (slot.connection->state == Connection::State::writing) {
        send_some(*slot.connection);
        finish_answer(*slot.connection);
    }
    if (slot.connection->state == Connection::State::reading)
        read_requests(slot);
    if (!slot.connection)
        return;
    Connection &connection = *slot.connection;
    if (connection.state == Connection::State::streaming)
        send_events(connection);
    if (connection.state == Connection::State::draining || connection.state == Connection::State::streaming)
        discard_input(connection);
    if (connection.peer_closed && connection.state != Connection::State::writing)
        close(fd);
    else
        charge(connection);
}

/// Counts what the connection holds at the moment, or is about to.
void Front::charge(Connection &connection) {
    std::size_t const held =
        std::max(connection.input.capacity(), connection.request_size) + connection.output.capacity();
    memory_ = memory_ - connection.charged + held;
    connection.charged = held;
}

/// Whether the request may be kept until it is answered. Probes are always answered.
bool Front::has_room(Connection const &connection, Framed const &framed) const {
    if (framed.outcome == Outcome::complete) {
        Route const *const route = find_route(path_of(framed.request.target));
        if (framed.request.body.empty() && route != nullptr && route->is_probe)
            return true;
    }
    return memory_ - connection.charged + framed.size <= settings_.max_memory_bytes;
}

/// Reads until a request is complete and lent out, or nothing more is there.
void Front::read_requests(Slot &slot) {
    Connection &connection = *slot.connection;
    for (;;) {
        bool const was_empty = connection.input.empty();
        if (!was_empty && connection.input.size() >= connection.request_size) {
            Framed const framed = frame(connection.input, settings_.limits);
            if (framed.outcome == Outcome::refused)
                return refuse(connection, problem_of(framed.refusal));
            bool const is_new = connection.request_size == 0 && framed.size != 0;
            if (is_new && !has_room(connection, framed))
                return refuse(connection,
                              {503, "STW12", "The server has no memory for more requests.", "", 1});
            if (framed.outcome == Outcome::complete) {
                connection.request_size = framed.size;
                return dispatch(slot, framed.request);
            }
            if (is_new) {
                connection.deadline = Clock::now() + body_time;
                connection.input.reserve(framed.size);
            }
            connection.request_size = framed.size;
            if (framed.wants_continue && !connection.continued) {
                connection.continued = true;
                connection.output = "HTTP/1.1 100 Continue\r\n\r\n";
                send_some(connection);
            }
        }
        if (!read_some(connection))
            return;
        if (connection.request_size == 0)
            skip_line_ends(connection.input);
        if (was_empty && !connection.input.empty())
            connection.deadline = Clock::now() + head_time;
    }
}

/// False if nothing came.
bool Front::read_some(Connection &connection) {
    while (connection.readable) {
        ssize_t const count = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
        if (count > 0) {
            connection.input.append(buffer_.data(), static_cast<std::size_t>(count));
            // What comes after a short read is announced anew; an end that was announced already is not.
            connection.readable = connection.is_ending || static_cast<std::size_t>(count) == buffer_.size();
            return true;
        }
        if (count < 0 && errno == EINTR)
            continue;
        connection.readable = false;
        connection.peer_closed = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
    return false;
}

/// A socket that is closed while bytes wait in it takes the answer away from the client.
void Front::discard_input(Connection &connection) {
    connection.input.clear();
    while (connection.request_size < drain_bytes && read_some(connection)) {
        connection.request_size += connection.input.size();
        connection.input.clear();
    }
    if (connection.request_size >= drain_bytes)
        connection.peer_closed = true;
}

void Front::refuse(Connection &connection, Problem const &problem) {
    connection.request = {};
    connection.request_id = new_request_id();
    connection.received = Clock::now();
    connection.close_behind = true;
    connection.output += refusal_answer(problem, connection.request_id);
    send_some(connection);
    record(service_.registry, connection, "other", "other", problem.status);
    finish_answer(connection);
}

/// Answers requests that no worker has come for in time.
void Front::refuse_late() {
    for (auto &connection : scores_->take_late(Clock::now() - settings_.queue_time)) {
        Problem const problem{503, "STW14", "All connections to the database were busy for too long.", "", 1};
        connection->close_behind = true;
        std::string answer = refusal_answer(problem, connection->request_id);
        if (connection->request.method == "HEAD")
            answer.resize(answer.find("\r\n\r\n") + 4);
        connection->output += answer;
        record(service_.registry, *connection, "other", connection->request.method, problem.status);
        take_back(std::move(connection));
    }
}

/// The next state of a connection whose answer has been sent, or as much of it as the socket took.
void Front::finish_answer(Connection &connection) {
    if (!connection.output.empty()) {
        if (connection.state != Connection::State::writing) {
            connection.deadline = Clock::now() + write_time;
            connection.taken = taken_by_client(connection);
        }
        connection.state = Connection::State::writing;
        return;
    }
    connection.output.shrink_to_fit();
    if (connection.close_behind) {
        ::shutdown(connection.fd, SHUT_WR);
        connection.state = Connection::State::draining;
        connection.request_size = 0; // counts what is discarded
        connection.deadline = Clock::now() + drain_time;
    } else {
        connection.state = Connection::State::reading;
        skip_line_ends(connection.input);
        connection.deadline = Clock::now() + (connection.input.empty() ? idle_time : head_time);
    }
}

/// What the end of the time means depends on what was waited for.
void Front::expire(Connection &connection) {
    if (connection.state == Connection::State::streaming)
        return keep_stream_alive(connection);
    if (connection.state == Connection::State::writing) {
        std::uint64_t const taken = taken_by_client(connection);
        if (taken >= connection.taken + write_bytes) { // slow, but alive
            connection.taken = taken;
            connection.deadline = Clock::now() + write_time;
            return;
        }
        log(Level::warning, "a client was too slow to take its answer",
            std::move(JsonObject()
                          .add("request_id", connection.request_id)
                          .add("left", static_cast<std::int64_t>(connection.output.size()))));
        connection.peer_closed = true;
        connection.state = Connection::State::draining;
    } else if (connection.state == Connection::State::reading && !connection.input.empty()) {
        refuse(connection, {408, "STW02", "The request was not complete in time.", "", 0});
    } else {
        connection.peer_closed = true;
    }
}

} // namespace steward::sidecar::http
