#include "sidecar/http/framing.hpp"

#include <gtest/gtest.h>

#include <string>

namespace steward::sidecar::http {
namespace {

Framed framed(std::string_view text) {
    return frame(text, Limits{});
}

/// The status with which a request of these headers is refused; 0 if it is complete.
int status_of(std::string const &headers, std::string const &line = "GET / HTTP/1.1") {
    std::string const text = line + "\r\n" + headers + "\r\n";
    Framed const result = framed(text);
    return result.outcome == Outcome::complete ? 0 : result.refusal.status;
}

std::string const host = "Host: a\r\n";

TEST(Framing, TakesAPlainRequest) {
    std::string const text = "GET /p?x=1 HTTP/1.1\r\nHost: a\r\n\r\n";
    Framed const result = framed(text);
    ASSERT_EQ(result.outcome, Outcome::complete);
    EXPECT_EQ(result.size, text.size());
    EXPECT_EQ(result.request.method, "GET");
    EXPECT_EQ(result.request.target, "/p?x=1");
    EXPECT_EQ(path_of(result.request.target), "/p");
    EXPECT_TRUE(result.request.keep_alive);
    EXPECT_EQ(result.request.body, "");
}

TEST(Framing, WaitsForEveryByte) {
    std::string const text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_EQ(framed(text.substr(0, size)).outcome, Outcome::incomplete) << size;
    std::string const two = text + text;
    Framed const result = framed(two);
    ASSERT_EQ(result.outcome, Outcome::complete);
    EXPECT_EQ(result.size, text.size());
    EXPECT_EQ(result.request.body, "hello");
}

TEST(Framing, KnowsTheSizeOnceTheHeadIsThere) {
    std::string const head =
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    Framed const result = framed(head);
    EXPECT_EQ(result.outcome, Outcome::incomplete);
    EXPECT_EQ(result.size, head.size() + 5);
    EXPECT_TRUE(result.wants_continue);
}

TEST(Framing, SkipsLineEndsInFront) {
    std::string const text = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(framed(text).outcome, Outcome::complete);
    EXPECT_EQ(framed(text).size, text.size());
}

TEST(Framing, RefusesWhatCanBeReadInTwoWays) {
    EXPECT_EQ(status_of(host), 0);
    EXPECT_EQ(status_of(host + "Content-Length: 0\r\nContent-Length: 0\r\n"), 400);
    EXPECT_EQ(status_of(host + "Content-Length: 0, 0\r\n"), 400);
    EXPECT_EQ(status_of(host + "Content-Length: +0\r\n"), 400);
    EXPECT_EQ(status_of(host + "Content-Length: 0x0\r\n"), 400);
    EXPECT_EQ(status_of(host + "Content-Length: \r\n"), 400);
    EXPECT_EQ(status_of(host + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400);
    EXPECT_EQ(status_of(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400);
    EXPECT_EQ(status_of(host + "Transfer-Encoding: gzip, chunked\r\n"), 400);
    EXPECT_EQ(status_of(host + "Transfer-Encoding:\r\n"), 400);
    EXPECT_EQ(status_of("Transfer-Encoding: chunked\r\n", "GET / HTTP/1.0"), 400);
    EXPECT_EQ(status_of(host + "Content-Length : 0\r\n"), 400);
    EXPECT_EQ(status_of(host + " folded: 1\r\n"), 400);
    EXPECT_EQ(status_of(host + "no colon\r\n"), 400);
    EXPECT_EQ(status_of(host + ": no name\r\n"), 400);
    EXPECT_EQ(status_of(host + host), 400);
    EXPECT_EQ(status_of(""), 400);
}

TEST(Framing, RefusesControlCharacters) {
    EXPECT_EQ(status_of(host + "X: a\rb\r\n"), 400);
    EXPECT_EQ(status_of(host + "X: a\nb\r\n"), 400);
    EXPECT_EQ(status_of(host + std::string("X: a\0b\r\n", 8)), 400);
    EXPECT_EQ(status_of(host + "X: a\tb \xc3\xa4\r\n"), 0);
    EXPECT_EQ(status_of(host, "GET /a\tb HTTP/1.1"), 400);
    EXPECT_EQ(framed("\x16\x03\x01").refusal.status, 400); // TLS
}

TEST(Framing, SpeaksTwoVersions) {
    EXPECT_EQ(status_of("", "GET / HTTP/1.0"), 0);
    for (char const *version : {"HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "http/1.1", "HTTP/1.1 ", ""})
        EXPECT_EQ(status_of(host, std::string("GET / ") + version), 400) << version;
}

TEST(Framing, RefusesBadRequestLines) {
    EXPECT_EQ(status_of(host, "GET"), 400);
    EXPECT_EQ(status_of(host, "GET /"), 400);
    EXPECT_EQ(status_of(host, "GET a HTTP/1.1"), 400);
    EXPECT_EQ(status_of(host, "GET  HTTP/1.1"), 400);
    EXPECT_EQ(status_of(host, "GET /a b HTTP/1.1"), 400);
    EXPECT_EQ(status_of(host, "BREW / HTTP/1.1"), 501);
    EXPECT_EQ(status_of(host, "CONNECT a:1 HTTP/1.1"), 501);
    EXPECT_EQ(status_of(host, "GET /" + std::string(5000, 'a') + " HTTP/1.1"), 414);
    EXPECT_EQ(status_of(host, "GET http://a/b HTTP/1.1"), 0);
}

TEST(Framing, ReadsTheAbsoluteForm) {
    EXPECT_EQ(framed("GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n").request.target, "/b");
    EXPECT_EQ(status_of(host, "GET http://a?b=/c HTTP/1.1"), 400);
    EXPECT_EQ(status_of(host, "GET /b#c HTTP/1.1"), 400);
    EXPECT_EQ(framed("GET HTTP://a HTTP/1.1\r\nHost: a\r\n\r\n").request.target, "/");
}

TEST(Framing, KeepsLimits) {
    EXPECT_EQ(status_of(host + "Content-Length: 1048577\r\n"), 413);
    EXPECT_EQ(status_of(host + "Content-Length: 99999999999999999999999\r\n"), 413);
    EXPECT_EQ(status_of(host + "X: " + std::string(17000, 'a') + "\r\n"), 431);
    EXPECT_EQ(framed("GET /" + std::string(17000, 'a')).refusal.status, 431);
    std::string headers = host;
    for (int i = 0; i < 100; ++i)
        headers += "X: 1\r\n";
    EXPECT_EQ(status_of(headers), 431);
    EXPECT_EQ(framed(std::string(20000, '\r')).refusal.status, 400);
}

TEST(Framing, RefusesChunkedAndCompressedBodies) {
    EXPECT_EQ(status_of(host + "Transfer-Encoding: chunked\r\n"), 411);
    EXPECT_EQ(status_of(host + "Content-Encoding: gzip\r\n"), 415);
    EXPECT_EQ(status_of(host + "Expect: a miracle\r\n"), 417);
}

TEST(Framing, KnowsWhenToClose) {
    auto const keeps = [](std::string const &text) { return framed(text).request.keep_alive; };
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(Framing, TakesTheRequestIdIfItIsOne) {
    EXPECT_EQ(framed("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a.B-9_\r\n\r\n").request.request_id,
              "a.B-9_");
    EXPECT_EQ(framed("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n\r\n").request.request_id, "");
    EXPECT_TRUE(is_request_id(std::string(64, 'a')));
    EXPECT_FALSE(is_request_id(std::string(65, 'a')));
    EXPECT_FALSE(is_request_id(""));
}

} // namespace
} // namespace steward::sidecar::http
