#include "sidecar/db/backoff.hpp"

#include <algorithm>

namespace steward::sidecar::db {
namespace {

constexpr std::chrono::milliseconds first_wait{100};
constexpr std::chrono::milliseconds longest_wait{3200};
constexpr int most_doublings = 5;

} // namespace

bool Backoff::begin_attempt(Clock::time_point now) {
    std::lock_guard const lock(mutex_);
    if (failures_ == 0)
        return true;
    if (is_probed_ || now < next_)
        return false;
    is_probed_ = true;
    return true;
}

void Backoff::succeeded() {
    std::lock_guard const lock(mutex_);
    failures_ = 0;
    is_probed_ = false;
}

void Backoff::failed(Clock::time_point now) {
    std::lock_guard const lock(mutex_);
    auto const wait = std::min(first_wait * (1 << std::min(failures_, most_doublings)), longest_wait);
    std::uniform_int_distribution<long> jitter(wait.count() / 2, wait.count());
    next_ = now + std::chrono::milliseconds(jitter(random_));
    failures_ = std::min(failures_ + 1, most_doublings);
    is_probed_ = false;
}

} // namespace steward::sidecar::db
