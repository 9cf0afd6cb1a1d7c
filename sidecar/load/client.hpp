// Sends requests over HTTP, many at a time, from one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar::load {

struct Request {
    std::string method = "GET";
    std::string url;
    std::string body; // JSON
};

struct Reply {
    int status = 0; // 0: there was no answer
    std::string
        error; // "timeout", "refused" and so on; empty: it was answered with a status below 300, or 304
    double seconds = 0;
    std::string body; // of get() alone
};

/// One that nobody is to follow elsewhere: no redirect, no proxy.
class Client {
  public:
    using Done = std::function<void(int user, Reply const &reply)>;

    /// `users` is how many requests may be under way, each by a user of its own: 0, 1 and so on.
    Client(int users, double timeout, std::string const &token);
    ~Client();
    Client(Client const &) = delete;
    Client &operator=(Client const &) = delete;

    /// Waits for the answer, of which it keeps the first megabytes.
    Reply get(std::string const &url);

    void begin(int user, Request const &request);

    /// Waits until then, for something to end, or for `wake` to be readable; calls `done` for all that have
    /// ended.
    void wait(Clock::time_point until, int wake, Done const &done);

    int under_way() const { return under_way_; }

    /// Ends all that are under way, without an answer.
    void drop();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
    int under_way_ = 0;
};

} // namespace steward::sidecar::load
