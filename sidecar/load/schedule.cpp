#include "sidecar/load/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace steward::sidecar::load {

Schedule::Schedule(Plan const &plan)
    : plan_(plan), random_(plan.seed), users_(static_cast<std::size_t>(plan.users)) {
    for (int user = 0; user < plan_.users; ++user) {
        if (plan_.is_open()) {
            free_.push_back(plan_.users - 1 - user);
        } else if (double const begin = plan_.ramp_up * user / plan_.users; begin < plan_.duration) {
            due_.emplace(begin, user);
        }
    }
}

/// While it is ramped up, the rate grows evenly from nothing.
double Schedule::arrival(std::size_t number) const {
    double const requests = static_cast<double>(number);
    double const of_ramp = plan_.rate * plan_.ramp_up / 2;
    if (requests < of_ramp)
        return std::sqrt(2 * requests * plan_.ramp_up / plan_.rate);
    return plan_.ramp_up + (requests - of_ramp) / plan_.rate;
}

std::optional<Schedule::Start> Schedule::take(double now) {
    if (plan_.is_open())
        return take_of_rate(now);
    if (due_.empty() || due_.top().first > now)
        return std::nullopt;
    auto const [due, number] = due_.top();
    due_.pop();
    User &user = users_[static_cast<std::size_t>(number)];
    note_start(user, now);
    return Start{number, now};
}

std::optional<Schedule::Start> Schedule::take_of_rate(double now) {
    double const intended = arrival(arrivals_);
    if (intended >= plan_.duration || intended > now || free_.empty())
        return std::nullopt;
    ++arrivals_;
    int const number = free_.back();
    free_.pop_back();
    note_start(users_[static_cast<std::size_t>(number)], now);
    return Start{number, intended};
}

void Schedule::note_start(User &user, double now) {
    if (user.requests == 0) {
        ++observed_.users_started;
        observed_.ramp_up = now;
    } else if (!plan_.is_open()) {
        double const thought = now - user.idle_since;
        observed_.least_thought =
            observed_.thoughts == 0 ? thought : std::min(observed_.least_thought, thought);
        observed_.most_thought = std::max(observed_.most_thought, thought);
        observed_.thought += thought;
        ++observed_.thoughts;
    }
    if (user.requests == 0 || plan_.is_open())
        observed_.users_reached = std::max(observed_.users_reached, ++present_);
    ++user.requests;
}

void Schedule::finish(int number, double now) {
    User &user = users_[static_cast<std::size_t>(number)];
    if (plan_.is_open()) {
        free_.push_back(number);
        --present_;
        return;
    }
    user.idle_since = now;
    double const due =
        now + std::uniform_real_distribution<double>(plan_.think.least, plan_.think.most)(random_);
    bool const is_done = plan_.requests_per_user > 0 && user.requests >= plan_.requests_per_user;
    if (is_done || due >= plan_.duration)
        --present_;
    else
        due_.emplace(due, number);
}

double Schedule::next_due() const {
    constexpr double never = std::numeric_limits<double>::infinity();
    if (!plan_.is_open())
        return due_.empty() ? never : due_.top().first;
    double const intended = arrival(arrivals_);
    return intended < plan_.duration && !free_.empty() ? intended : never;
}

bool Schedule::is_over() const {
    if (plan_.is_open())
        return arrival(arrivals_) >= plan_.duration;
    return due_.empty() && present_ == 0;
}

std::vector<double> Schedule::waiting(double now) const {
    std::vector<double> late;
    if (plan_.is_open())
        for (std::size_t number = arrivals_; arrival(number) < std::min(now, plan_.duration); ++number)
            late.push_back(arrival(number));
    return late;
}

} // namespace steward::sidecar::load
