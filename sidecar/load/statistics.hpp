// How long requests took, and how they failed. Depends on nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace steward::sidecar::load {

/// Durations in as much memory for a million of them as for one: by steps that are half a percent apart, so a
/// quantile is right to a quarter of a percent. Number, mean and bounds are exact.
class Durations {
  public:
    void add(double seconds);
    void add(Durations const &others);

    std::uint64_t count() const { return count_; }
    double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
    double most() const { return most_; }
    /// The shortest one that so many of all are not above; 0 if there are none.
    double quantile(double share) const;

    /// Each step that has some: about how long, and how many.
    std::vector<std::pair<double, std::uint64_t>> steps() const;

  private:
    std::vector<std::uint64_t> steps_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
    double least_ = 0;
    double most_ = 0;
};

/// Of one route, or of all.
struct Tally {
    std::uint64_t requests = 0; // that have ended, or never began although they were due
    std::map<std::string, std::uint64_t> errors;
    /// Of requests that were answered well, and of those that somebody waited for in vain. Those that failed
    /// at once would make the others look faster.
    Durations durations;

    void add(Tally const &other);
    std::uint64_t error_count() const;
    std::uint64_t successes() const { return requests - error_count(); }
};

} // namespace steward::sidecar::load
