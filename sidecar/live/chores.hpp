// What the program does by itself: it tells the database that it is there and how requests went, and sends
// alerts on their way.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/clock.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/deliver/address_range.hpp"
#include "sidecar/metrics/registry.hpp"

namespace steward::sidecar::live {

struct ChoreSettings {
    std::string role; // may do what steward_sidecar may; empty: that of the program itself
    bool sends_alerts = false;
    std::vector<deliver::Range> allowed; // besides public addresses
    std::string secrets;                 // the folder of those in files
    std::function<void()> each_second;
};

class Chores {
  public:
    Chores(db::SessionSettings settings, db::Health &health, metrics::Registry &registry,
           ChoreSettings chores);
    ~Chores();
    Chores(Chores const &) = delete;
    Chores &operator=(Chores const &) = delete;

  private:
    void run();
    void attempt(void (Chores::*chore)(), Clock::time_point &missing_until);
    void tell();
    void tell_requests();
    void send_alerts();
    void send_alert(db::Result const &deliveries, int row);

    ChoreSettings const chores_;
    metrics::Registry &registry_;
    db::Session session_;
    std::mutex mutex_;
    std::condition_variable ending_;
    bool is_ending_ = false;
    std::thread thread_;
};

} // namespace steward::sidecar::live
