#include "sidecar/auth/rates.hpp"

#include <algorithm>

namespace steward::sidecar::auth {
namespace {

constexpr std::chrono::seconds burst{1};
constexpr std::size_t most_keys = 10000;

} // namespace

Rates::Rates(int per_second)
    : interval_(per_second <= 0 ? Clock::duration::zero() : Clock::duration(burst) / per_second) {
}

Clock::duration Rates::wait(std::string const &key, Clock::time_point now) {
    if (!is_limited())
        return Clock::duration::zero();
    std::lock_guard const lock(mutex_);
    if (due_.size() >= most_keys)
        forget_idle(now);
    Clock::time_point &due = due_[key];
    Clock::time_point const next = std::max(due, now) + interval_;
    if (next - now > burst)
        return next - now - burst;
    due = next;
    return Clock::duration::zero();
}

/// Called with the lock held. If all are busy, all begin anew: memory is bounded, whoever asks.
void Rates::forget_idle(Clock::time_point now) {
    for (auto each = due_.begin(); each != due_.end();)
        each = each->second <= now ? due_.erase(each) : std::next(each);
    if (due_.size() >= most_keys)
        due_.clear();
}

} // namespace steward::sidecar::auth
