// /readyz: whether this process can answer for its database.
#pragma once

#include <mutex>
#include <string>

#include "sidecar/db/session.hpp"

namespace steward::sidecar::api {

/// Asks through a connection of its own, one question at a time; whoever comes meanwhile gets the last
/// answer. A hot standby is ready: everything here only reads.
class Readiness {
  public:
    struct Answer {
        bool is_ready = false;
        std::string body;
    };

    Readiness(db::SessionSettings settings, db::Health &health, std::string role);

    Answer check();

  private:
    Answer ask();

    std::mutex asking_;
    db::Session session_;
    std::mutex mutex_; // guards what follows
    Answer last_{false, "{\"ready\":false}\n"};
};

} // namespace steward::sidecar::api
