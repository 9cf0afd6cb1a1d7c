// Which addresses of the internet are for everybody, and which belong to somebody's own network. Depends on
// nothing but the shape of addresses, and is fuzzed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/socket.h>

namespace steward::sidecar::deliver {

/// IPv6; one of IPv4 stands in it as ::ffff:a.b.c.d.
using Address = std::array<std::uint8_t, 16>;

struct Range {
    Address start{};
    int bits = 0; // of the 128 that have to agree
};

/// Nothing if it is neither IPv4 nor IPv6.
std::optional<Address> address_of(sockaddr const *address);

/// "10.0.0.0/8", "2001:db8::/32", or an address alone. Nothing if it is anything else.
std::optional<Range> parse_range(std::string_view text);

bool contains(Range const &range, Address const &address);

/// Whether the address is one that anybody may have: neither this machine, nor a private network, nor what
/// clouds tell their machines' secrets at, nor a way to any of those.
bool is_public(Address const &address);

bool is_listed(Address const &address, std::vector<Range> const &allowed);

/// 0 if it is neither IPv4 nor IPv6.
int port_of(sockaddr const *address);

/// What is in one of the ranges; or what is public, by TLS and at its port.
bool may_send_to(Address const &address, int port, bool is_encrypted, std::vector<Range> const &allowed);

} // namespace steward::sidecar::deliver
