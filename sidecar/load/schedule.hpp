// When which request begins. It knows no clock but what it is told: seconds since the run began.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "sidecar/load/plan.hpp"

namespace steward::sidecar::load {

/// What came of the plan.
struct Observed {
    int users_started = 0;
    int users_reached = 0; // most of them at once: from their first request to their last
    double ramp_up = 0;    // when the last user began his first request
    std::size_t thoughts = 0;
    double thought = 0; // all of them together
    double least_thought = 0;
    double most_thought = 0;
};

/// Users ask, wait for the answer, think, and ask again: a server that stalls is asked less. With a rate,
/// requests are due whatever the server does; one that finds no user free waits for one, and its time has
/// begun.
class Schedule {
  public:
    struct Start {
        int user = 0;
        double intended = 0; // from when on its time counts
    };

    explicit Schedule(Plan const &plan);

    /// The next request to begin, if one is due and a user is free for it. Call it until there is none.
    std::optional<Start> take(double now);

    /// The request of that user has ended.
    void finish(int user, double now);

    /// When take() may give something without finish() before it; infinite if never.
    double next_due() const;

    /// Nothing will begin any more, whatever ends.
    bool is_over() const;

    /// Intended starts of requests that were due by then, and have not begun.
    std::vector<double> waiting(double now) const;

    Observed const &observed() const { return observed_; }

  private:
    struct User {
        int requests = 0;
        double idle_since = 0;
    };
    using Due = std::pair<double, int>; // when, who

    std::optional<Start> take_of_rate(double now);
    void note_start(User &user, double now);
    double arrival(std::size_t number) const;

    Plan const plan_;
    std::mt19937_64 random_;
    std::vector<User> users_;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_; // of users who think
    std::vector<int> free_;                                          // with a rate
    std::size_t arrivals_ = 0;                                       // that have been taken
    int present_ = 0;
    Observed observed_;
};

} // namespace steward::sidecar::load
