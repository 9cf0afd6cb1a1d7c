#include "sidecar/auth/attempts.hpp"

#include <algorithm>

namespace steward::sidecar::auth {
namespace {

constexpr int free_failures = 5;
constexpr int most_doublings = 6;
constexpr std::chrono::seconds longest_wait{60};
constexpr std::chrono::minutes memory{5};
constexpr std::size_t most_records = 10000;

} // namespace

int Attempts::wait(std::string const &address, Clock::time_point now) {
    std::lock_guard const lock(mutex_);
    auto const found = records_.find(address);
    if (found == records_.end() || found->second.next <= now)
        return 0;
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(found->second.next - now).count());
}

void Attempts::failed(std::string const &address, Clock::time_point now) {
    std::lock_guard const lock(mutex_);
    if (records_.size() >= most_records)
        forget_old(now);
    Record &record = records_[address];
    if (now - record.last > memory)
        record.failures = 0;
    record.last = now;
    if (++record.failures <= free_failures)
        return;
    int const doublings = std::min(record.failures - free_failures - 1, most_doublings);
    record.next = now + std::min<std::chrono::seconds>(std::chrono::seconds(1 << doublings), longest_wait);
}

void Attempts::succeeded(std::string const &address) {
    std::lock_guard const lock(mutex_);
    records_.erase(address);
}

/// Called with the lock held. If all are new, all are forgotten: memory is bounded, whoever asks.
void Attempts::forget_old(Clock::time_point now) {
    for (auto each = records_.begin(); each != records_.end();)
        each = now - each->second.last > memory ? records_.erase(each) : std::next(each);
    if (records_.size() >= most_records)
        records_.clear();
}

} // namespace steward::sidecar::auth
