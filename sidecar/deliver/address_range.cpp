#include "sidecar/deliver/address_range.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace steward::sidecar::deliver {
namespace {

constexpr int mapped_bits = 96; // in front of an IPv4 address
constexpr int https_port = 443;

Address mapped(in_addr const &v4) {
    Address address{};
    address[10] = address[11] = 0xff;
    std::memcpy(address.data() + 12, &v4.s_addr, 4);
    return address;
}

std::optional<Address> parse_address(std::string const &text) {
    in_addr v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4) == 1)
        return mapped(v4);
    Address address{};
    if (::inet_pton(AF_INET6, text.c_str(), address.data()) == 1)
        return address;
    return {};
}

bool is_in(Address const &address, char const *const *first, char const *const *last) {
    return std::any_of(first, last, [&](char const *text) { return contains(*parse_range(text), address); });
}

// By the registries of special-purpose addresses of IANA.
constexpr std::array special_v4{"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
                                "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
                                "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
                                "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4"};
// Within 2000::/3, where everything public is: what documents, tunnels to IPv4 or tests use.
constexpr std::array special_v6{"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"};

} // namespace

std::optional<Address> address_of(sockaddr const *address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, address, sizeof v4);
        return mapped(v4.sin_addr);
    }
    if (address->sa_family != AF_INET6)
        return {};
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    Address result;
    std::memcpy(result.data(), &v6.sin6_addr, result.size());
    return result;
}

std::optional<Range> parse_range(std::string_view text) {
    std::size_t const slash = text.find('/');
    auto const start = parse_address(std::string(text.substr(0, slash)));
    if (!start)
        return {};
    bool const is_v4 = text.find(':') == std::string_view::npos;
    int const most = is_v4 ? 32 : 128;
    int bits = most;
    if (slash != std::string_view::npos) {
        std::string_view const digits = text.substr(slash + 1);
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || bits < 0 ||
            bits > most)
            return {};
    }
    return Range{*start, is_v4 ? mapped_bits + bits : bits};
}

bool contains(Range const &range, Address const &address) {
    for (int bit = 0; bit < range.bits; bit += 8) {
        auto const place = static_cast<std::size_t>(bit / 8);
        int const compared = std::min(8, range.bits - bit);
        auto const mask = static_cast<std::uint8_t>(0xff00 >> compared);
        if ((range.start[place] & mask) != (address[place] & mask))
            return false;
    }
    return true;
}

bool is_public(Address const &address) {
    static Range const v4 = *parse_range("::ffff:0:0/96");
    static Range const global = *parse_range("2000::/3");
    if (contains(v4, address))
        return !is_in(address, special_v4.data(), special_v4.data() + special_v4.size());
    return contains(global, address) &&
           !is_in(address, special_v6.data(), special_v6.data() + special_v6.size());
}

bool is_listed(Address const &address, std::vector<Range> const &allowed) {
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](Range const &range) { return contains(range, address); });
}

int port_of(sockaddr const *address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, address, sizeof v4);
        return ntohs(v4.sin_port);
    }
    if (address->sa_family != AF_INET6)
        return 0;
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return ntohs(v6.sin6_port);
}

bool may_send_to(Address const &address, int port, bool is_encrypted, std::vector<Range> const &allowed) {
    return is_listed(address, allowed) || (is_encrypted && port == https_port && is_public(address));
}

} // namespace steward::sidecar::deliver
