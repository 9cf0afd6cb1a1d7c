#include "sidecar/http/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::http {
namespace {

constexpr int backlog = 4096;

bool is_loopback(sockaddr const *address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

[[noreturn]] void fail(std::string const &what, Address const &address) {
    throw std::runtime_error(what + " " + address.host + ":" + address.port + ": " + std::strerror(errno));
}

} // namespace

void Descriptor::reset(int fd) {
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = fd;
}

Address parse_address(std::string const &text) {
    std::size_t const colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
        throw std::runtime_error("the address to listen on is HOST:PORT, not " + text);
    std::string host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        throw std::runtime_error("an IPv6 address stands in brackets: [" + host +
                                 "]:" + text.substr(colon + 1));
    std::string const port = text.substr(colon + 1);
    // getaddrinfo takes larger numbers, too, and cuts them.
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit) || std::stoi(port) > 65535)
        throw std::runtime_error(port + " is not a port");
    return {host, port};
}

int open_listener(Address const &address, bool has_auth) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *found = nullptr;
    if (int const error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
        error != 0)
        throw std::runtime_error("cannot listen on " + address.host + ":" + address.port + ": " +
                                 ::gai_strerror(error));
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const addresses(found, ::freeaddrinfo);
    // What is checked is what is bound: names and odd spellings of numbers are resolved by now.
    if (!has_auth && !is_loopback(addresses->ai_addr))
        throw std::runtime_error("other machines can reach " + address.host +
                                 ", and nobody has to say who he is: listen on 127.0.0.1, or say --auth on");
    Descriptor fd(::socket(addresses->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0)
        fail("cannot open a socket for", address);
    // Only so that connections of an earlier run do not hold the port; SO_REUSEPORT would hide a clash.
    int const on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 || ::listen(fd.get(), backlog) != 0)
        fail("cannot listen on", address);
    return fd.release();
}

std::string address_text(sockaddr_storage const &address, socklen_t size) {
    char text[NI_MAXHOST] = "";
    ::getnameinfo(reinterpret_cast<sockaddr const *>(&address), size, text, sizeof text, nullptr, 0,
                  NI_NUMERICHOST);
    return text;
}

int port_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size);
    sockaddr_in v4; // IPv6 has the port at the same place
    std::memcpy(&v4, &address, sizeof v4);
    return ntohs(v4.sin_port);
}

bool send_some(Connection &connection) {
    std::size_t sent = 0;
    bool is_alive = true;
    while (sent < connection.output.size()) {
        ssize_t const count = ::send(connection.fd, connection.output.data() + sent,
                                     connection.output.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            sent += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            is_alive = errno == EAGAIN || errno == EWOULDBLOCK;
            break;
        }
    }
    connection.sent += sent;
    if (is_alive) {
        connection.output.erase(0, sent);
    } else {
        connection.output.clear();
        connection.peer_closed = true;
        connection.close_behind = true;
    }
    return is_alive;
}

std::uint64_t taken_by_client(Connection const &connection) {
    int waiting = 0; // in the kernel, which may hold megabytes
    if (::ioctl(connection.fd, SIOCOUTQ, &waiting) != 0)
        return connection.sent;
    return connection.sent - std::min(connection.sent, static_cast<std::uint64_t>(waiting));
}

} // namespace steward::sidecar::http
