// What the process counts about itself. Every label comes from a fixed list.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {

class Registry {
  public:
    void count_request(std::string_view route, std::string_view method, int status, double seconds);

    /// Prometheus' text format.
    std::string render(bool with_aliases) const;

    /// What was counted since the last time, by route: durations, how many of each, and answers by status.
    struct Recent {
        std::vector<double> seconds;
        std::vector<double> counts;
        std::map<int, std::uint64_t> by_status;
    };
    std::map<std::string, Recent> take_recent();

    std::atomic<int> connections{0};

  private:
    static constexpr std::array<double, 12> bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                   0.05,   0.1,   0.25,   0.5,   1,    5};
    struct Histogram {
        std::array<std::uint64_t, bounds.size() + 1> buckets{};
        double sum = 0;
        std::uint64_t count = 0;
    };

    static void add(std::string &text, std::string const &name, Labels const &labels,
                    Histogram const &histogram);

    // Four steps to a doubling, from a microsecond to a quarter of an hour.
    struct Fine {
        std::array<std::uint64_t, 120> steps{};
        std::map<int, std::uint64_t> by_status;
    };

    mutable std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, int>, std::uint64_t, std::less<>> requests_;
    std::map<std::string, Histogram, std::less<>> durations_;
    std::map<std::string, Fine> fine_;
};

} // namespace steward::sidecar::metrics
