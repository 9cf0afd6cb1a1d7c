#include "sidecar/deliver/address_range.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace steward::sidecar::deliver {
namespace {

Address address(char const *text) {
    return parse_range(text)->start;
}

TEST(AddressRange, WhatBelongsToSomebody) {
    for (char const *text : {"0.0.0.0",
                             "0.1.2.3",
                             "10.0.0.1",
                             "10.255.255.255",
                             "100.64.0.1",
                             "100.127.255.255",
                             "127.0.0.1",
                             "127.255.255.254",
                             "169.254.169.254",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.0.0.8",
                             "192.0.2.1",
                             "192.168.1.1",
                             "198.18.0.1",
                             "198.19.255.255",
                             "198.51.100.1",
                             "203.0.113.9",
                             "224.0.0.1",
                             "239.255.255.255",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::127.0.0.1",
                             "fc00::1",
                             "fd12:3456::1",
                             "fe80::1",
                             "ff02::1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "64:ff9b::a00:1",
                             "64:ff9b:1::1",
                             "2001:db8::1",
                             "2001::1",
                             "2002:7f00:1::",
                             "100::1",
                             "3fff::1",
                             "4000::1"})
        EXPECT_FALSE(is_public(address(text))) << text;
}

TEST(AddressRange, WhatIsForEverybody) {
    for (char const *text :
         {"1.1.1.1",        "8.8.8.8",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
          "100.128.0.0",    "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",
          "172.15.255.255", "172.32.0.0",      "192.167.255.255", "192.169.0.0",     "198.17.255.255",
          "198.20.0.0",     "223.255.255.255", "::ffff:8.8.8.8",  "2606:4700::1111", "2a00:1450::1",
          "2001:200::1"})
        EXPECT_TRUE(is_public(address(text))) << text;
}

TEST(AddressRange, Ranges) {
    EXPECT_TRUE(contains(*parse_range("10.1.2.0/24"), address("10.1.2.255")));
    EXPECT_FALSE(contains(*parse_range("10.1.2.0/24"), address("10.1.3.0")));
    EXPECT_TRUE(contains(*parse_range("10.1.2.3"), address("10.1.2.3")));
    EXPECT_FALSE(contains(*parse_range("10.1.2.3"), address("10.1.2.2")));
    EXPECT_TRUE(contains(*parse_range("0.0.0.0/0"), address("8.8.8.8")));
    EXPECT_FALSE(contains(*parse_range("0.0.0.0/0"), address("::1"))); // of IPv4 alone
    EXPECT_TRUE(contains(*parse_range("::/0"), address("8.8.8.8")));
    EXPECT_TRUE(contains(*parse_range("fd00::/9"), address("fd7f::1")));
    EXPECT_FALSE(contains(*parse_range("fd00::/9"), address("fd80::1")));
    for (char const *text :
         {"", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "10.0.0", "0x7f.1", "2130706433",
          "0177.0.0.1", "::/129", "1.2.3.4.5", "[::1]", "10.0.0.0/8/8", " 10.0.0.1"})
        EXPECT_FALSE(parse_range(text)) << text;
}

TEST(AddressRange, WhatIsAllowedBesides) {
    std::vector<Range> const allowed{*parse_range("127.0.0.0/8"), *parse_range("fd00::1")};
    for (bool const is_encrypted : {false, true})
        for (int const port : {80, 443, 8080}) {
            EXPECT_TRUE(may_send_to(address("127.0.0.1"), port, is_encrypted, allowed));
            EXPECT_TRUE(may_send_to(address("fd00::1"), port, is_encrypted, allowed));
            EXPECT_FALSE(may_send_to(address("10.0.0.1"), port, is_encrypted, allowed));
            EXPECT_FALSE(may_send_to(address("::1"), port, is_encrypted, allowed));
            EXPECT_EQ(may_send_to(address("8.8.8.8"), port, is_encrypted, allowed),
                      is_encrypted && port == 443);
        }
    EXPECT_FALSE(is_listed(address("8.8.8.8"), allowed));
}

TEST(AddressRange, OfSockets) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(8080);
    inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
    EXPECT_EQ(address_of(reinterpret_cast<sockaddr *>(&v4)), address("127.0.0.1"));
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(443);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
    EXPECT_EQ(address_of(reinterpret_cast<sockaddr *>(&v6)), address("127.0.0.1"));
    EXPECT_EQ(port_of(reinterpret_cast<sockaddr *>(&v4)), 8080);
    EXPECT_EQ(port_of(reinterpret_cast<sockaddr *>(&v6)), 443);
    sockaddr other{};
    other.sa_family = AF_UNIX;
    EXPECT_EQ(port_of(&other), 0);
    EXPECT_FALSE(address_of(&other));
}

} // namespace
} // namespace steward::sidecar::deliver
