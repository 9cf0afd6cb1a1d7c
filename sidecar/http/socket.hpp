// Sockets: how they are opened, and how they are written to without waiting.
#pragma once

#include <string>
#include <utility>

#include <sys/socket.h>

#include "sidecar/http/connection.hpp"

namespace steward::sidecar::http {

/// Closes what it holds.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor const &) = delete;
    Descriptor &operator=(Descriptor const &) = delete;

    int get() const { return fd_; }
    void reset(int fd = -1);
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_ = -1;
};

struct Address {
    std::string host;
    std::string port;
};

/// HOST:PORT, with an IPv6 address in brackets. Throws std::runtime_error.
Address parse_address(std::string const &text);

/// Binds and listens. A port that somebody has already is an error. Unless `has_auth`, so is an address
/// that other machines can reach. Throws std::runtime_error.
int open_listener(Address const &address, bool has_auth);

/// The numbers of an address, without the port.
std::string address_text(sockaddr_storage const &address, socklen_t size);

/// The port a socket is bound to.
int port_of(int fd);

/// Sends what the socket takes at once. What is left stays in the output; false if the client is gone.
bool send_some(Connection &connection);

/// How many bytes of all that were sent have arrived at the client.
std::uint64_t taken_by_client(Connection const &connection);

} // namespace steward::sidecar::http
