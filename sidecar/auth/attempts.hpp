// How often an address has tried in vain to log in lately, and how long it has to wait for that.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar::auth {

/// The first five failures are free; then the wait doubles from one second to a minute. It is forgotten after
/// five minutes without another.
class Attempts {
  public:
    /// Seconds until the address may try again; 0: now.
    int wait(std::string const &address, Clock::time_point now);
    void failed(std::string const &address, Clock::time_point now);
    void succeeded(std::string const &address);

  private:
    struct Record {
        int failures = 0;
        Clock::time_point last{};
        Clock::time_point next{};
    };
    void forget_old(Clock::time_point now);

    std::mutex mutex_;
    std::unordered_map<std::string, Record> records_;
};

} // namespace steward::sidecar::auth
