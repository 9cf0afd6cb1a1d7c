// Asks the database for what the streams of events show: once a second for all clients together.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "sidecar/base/clock.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/live/subscription.hpp"

namespace steward::sidecar::live {

/// Values are asked for with the rights of each role that somebody subscribes with, so that row security
/// holds for streams as well. While nobody subscribes, nothing is asked.
class Publisher {
  public:
    /// `tokens_role` may look up tokens; empty where there are none.
    Publisher(db::SessionSettings settings, db::Health &health, std::string tokens_role, int most_streams);
    ~Publisher();
    Publisher(Publisher const &) = delete;
    Publisher &operator=(Publisher const &) = delete;

    /// Called from the publisher's thread whenever there are new values.
    void on_news(std::function<void()> wake);

    /// A place for one more stream; false if there are as many as there may be.
    bool add(Subscription const &subscription);
    void remove(Subscription const &subscription);
    int streams() const;

    /// Null until the role has been asked for.
    std::shared_ptr<Values const> values(std::string const &role) const;

    /// Whether the token of a stream is good no more.
    bool is_revoked(std::string const &token) const;

  private:
    void run();
    std::shared_ptr<Values> ask(std::string const &role, std::shared_ptr<Values const> const &before);
    void ask_topic(std::string const &role, Topic topic, Values &values);
    void look_at_tokens();
    void set(Values &values, Topic topic, std::string json);

    db::Health &health_;
    std::string const tokens_role_;
    int const most_streams_;
    db::Session session_; // of the thread, as what follows
    std::map<std::pair<std::string, Topic>, Clock::time_point> missing_until_; // what a role cannot be told
    Clock::time_point looked_at_tokens_{};
    std::uint64_t version_; // of the newest value; above those of an earlier run

    mutable std::mutex mutex_; // guards what follows
    std::condition_variable changed_;
    std::function<void()> wake_;
    std::map<std::string, int> roles_;  // and how many subscribe with each
    std::map<std::string, int> tokens_; // likewise
    std::map<std::string, std::shared_ptr<Values const>> values_;
    std::set<std::string> revoked_;
    int streams_ = 0;
    bool is_ending_ = false;
    bool is_asked_anew_ = false;
    std::thread thread_;
};

} // namespace steward::sidecar::live
