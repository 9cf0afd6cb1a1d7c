#include "sidecar/load/run.hpp"

#include <algorithm>

#include <poll.h>

namespace steward::sidecar::load {
namespace {

constexpr double longest_wait = 0.25; // seconds

bool is_readable(int fd) {
    pollfd look{fd, POLLIN, 0};
    return fd >= 0 && ::poll(&look, 1, 0) == 1;
}

class Run {
  public:
    Run(Plan const &plan, std::vector<Route> const &routes, std::string const &url, Client &client)
        : plan_(plan), routes_(routes), url_(url), client_(client), schedule_(plan), draw_(routes, plan.seed),
          users_(static_cast<std::size_t>(plan.users)) {
        outcome_.routes.resize(routes.size());
    }

    Outcome go(int stop) {
        start_ = Clock::now();
        while (!is_over()) {
            if (is_readable(stop)) {
                outcome_.is_interrupted = true;
                break;
            }
            while (auto const start =
                       now() < plan_.duration + plan_.timeout ? schedule_.take(now()) : std::nullopt)
                begin(*start);
            double const until = std::min(schedule_.next_due(), now() + longest_wait);
            client_.wait(
                start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(until)),
                stop, [this](int user, Reply const &reply) { end(user, reply); });
        }
        return close();
    }

  private:
    struct User {
        std::size_t route = 0;
        double late = 0; // seconds, between when it was to begin and when it did
    };

    double now() const { return seconds_between(start_, Clock::now()); }

    bool is_over() const {
        return client_.under_way() == 0 && (schedule_.is_over() || now() >= plan_.duration + plan_.timeout);
    }

    void begin(Schedule::Start const &start) {
        double const at = now();
        if (first_ < 0)
            first_ = at;
        User &user = users_[static_cast<std::size_t>(start.user)];
        user.route = draw_.next();
        user.late = plan_.is_open() ? at - start.intended : 0;
        outcome_.most_late = std::max(outcome_.most_late, user.late);
        Route const &route = routes_[user.route];
        client_.begin(start.user, {route.method, url_ + drawn(route.path, draw_.random()),
                                   drawn(route.body, draw_.random())});
        outcome_.most_under_way = std::max(outcome_.most_under_way, client_.under_way());
    }

    void end(int number, Reply const &reply) {
        last_ = now();
        User const &user = users_[static_cast<std::size_t>(number)];
        Tally &tally = outcome_.routes[user.route];
        ++tally.requests;
        if (!reply.error.empty())
            ++tally.errors[reply.error];
        if (reply.error.empty() || reply.error == "timeout")
            tally.durations.add(user.late + reply.seconds);
        schedule_.finish(number, last_);
    }

    Outcome close() {
        for (Tally const &tally : outcome_.routes)
            outcome_.all.add(tally);
        // Of no route yet. They are what a server does to those whom nobody sees.
        for (double const intended : schedule_.waiting(now())) {
            ++outcome_.all.requests;
            ++outcome_.all.errors["never began"];
            outcome_.all.durations.add(now() - intended);
        }
        outcome_.cut_off = client_.under_way();
        client_.drop();
        outcome_.observed = schedule_.observed();
        outcome_.seconds = std::max(last_, outcome_.is_interrupted ? now() : 0) - std::max(first_, 0.0);
        return std::move(outcome_);
    }

    Plan const &plan_;
    std::vector<Route> const &routes_;
    std::string const &url_;
    Client &client_;
    Schedule schedule_;
    Draw draw_;
    std::vector<User> users_;
    Clock::time_point start_;
    double first_ = -1;
    double last_ = 0;
    Outcome outcome_;
};

} // namespace

Outcome run(Plan const &plan, std::vector<Route> const &routes, std::string const &url, Client &client,
            int stop) {
    return Run(plan, routes, url, client).go(stop);
}

} // namespace steward::sidecar::load
