// When the next attempt to reach a lost database is due; shared by all connections.
#pragma once

#include <mutex>
#include <random>

#include "sidecar/base/clock.hpp"

namespace steward::sidecar::db {

/// While the database answers, everybody may connect. Once it does not, one attempt at a time is made, each
/// after a longer wait, with a random part so that several processes do not come back in step.
class Backoff {
  public:
    /// True hands out an attempt, which the caller reports by succeeded() or failed().
    bool begin_attempt(Clock::time_point now);
    void succeeded();
    void failed(Clock::time_point now);

  private:
    std::mutex mutex_;
    std::mt19937 random_{std::random_device{}()};
    int failures_ = 0;
    bool is_probed_ = false; // while there are failures: somebody tries at the moment
    Clock::time_point next_{};
};

} // namespace steward::sidecar::db
