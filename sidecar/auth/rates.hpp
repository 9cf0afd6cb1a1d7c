// How fast somebody may ask.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar::auth {

/// Lets each key have so many requests a second; after a pause, those of one second at once.
class Rates {
  public:
    /// 0: as many as they like.
    explicit Rates(int per_second);

    bool is_limited() const { return interval_ != Clock::duration::zero(); }
    /// Zero, and then the request counts; or how long until one would.
    Clock::duration wait(std::string const &key, Clock::time_point now);

  private:
    void forget_idle(Clock::time_point now);

    Clock::duration const interval_; // between two requests that come evenly; 0: no limit
    std::mutex mutex_;
    std::unordered_map<std::string, Clock::time_point>
        due_; // when all requests so far would have come evenly
};

} // namespace steward::sidecar::auth
