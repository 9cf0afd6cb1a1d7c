// The metrics that the database keeps, as they were when it was last asked.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "sidecar/base/clock.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/metrics/families.hpp"

namespace steward::sidecar::metrics {

/// Asks through a connection of its own, one question at a time, every few seconds while somebody scrapes: so
/// a scrape waits for the database only if nobody has scraped for a while. Whoever comes meanwhile, or while
/// the database is away, gets the last values and their age.
class DatabaseMetrics {
  public:
    DatabaseMetrics(db::SessionSettings settings, db::Health &health, std::string role, bool with_aliases);

    std::string render();

    /// Called every second or so, by one thread.
    void keep_fresh();

  private:
    void refresh();
    bool ask(std::function<void(db::Session &, std::string &)> const &read, std::string &text);

    db::Health &health_;
    std::mutex asking_; // held by the one who asks
    db::Session session_;
    bool const with_aliases_;
    Families families_;

    std::mutex mutex_; // guards what follows
    std::string text_;
    Clock::time_point asked_at_{};
    Clock::time_point scraped_at_{};
    Clock::time_point answered_at_{}; // zero: never
    std::uint64_t errors_ = 0;
};

} // namespace steward::sidecar::metrics
