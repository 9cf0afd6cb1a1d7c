#include "sidecar/metrics/registry.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <unistd.h>

#include "sidecar/base/clock.hpp"
#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr double least_seconds = 1e-6;
constexpr double steps_a_doubling = 4;

std::size_t fine_step(double seconds, std::size_t count) {
    double const step =
        std::floor(std::log2(std::max(seconds, least_seconds) / least_seconds) * steps_a_doubling);
    return std::min(static_cast<std::size_t>(step), count - 1);
}

/// What this process has taken of the machine.
void add_process(std::string &text) {
    add_head(text, "steward_process_cpu_seconds_total", "counter", "Processor time of the program.");
    add_sample(text, "steward_process_cpu_seconds_total", {}, cpu_seconds());
    double pages = 0;
    if (std::ifstream("/proc/self/statm") >> pages >> pages) { // the second is what is in memory
        add_head(text, "steward_process_memory_bytes", "gauge", "Memory of the program.");
        add_sample(text, "steward_process_memory_bytes", {},
                   pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    }
}

} // namespace

void Registry::count_request(std::string_view route, std::string_view method, int status, double seconds) {
    auto const place = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
    std::lock_guard const lock(mutex_);
    ++requests_[{std::string(route), std::string(method), status}];
    Histogram &histogram = durations_[std::string(route)];
    ++histogram.buckets[static_cast<std::size_t>(place)];
    histogram.sum += seconds;
    ++histogram.count;
    Fine &fine = fine_[std::string(route)];
    ++fine.steps[fine_step(seconds, fine.steps.size())];
    ++fine.by_status[status];
}

std::map<std::string, Registry::Recent> Registry::take_recent() {
    std::map<std::string, Fine> taken;
    {
        std::lock_guard const lock(mutex_);
        taken.swap(fine_);
    }
    std::map<std::string, Recent> all;
    for (auto const &[route, fine] : taken) {
        Recent &recent = all[route];
        recent.by_status = fine.by_status;
        for (std::size_t step = 0; step < fine.steps.size(); ++step) {
            if (fine.steps[step] == 0)
                continue;
            recent.seconds.push_back(least_seconds *
                                     std::exp2((static_cast<double>(step) + 0.5) / steps_a_doubling));
            recent.counts.push_back(static_cast<double>(fine.steps[step]));
        }
    }
    return all;
}

std::string Registry::render(bool with_aliases) const {
    std::string text;
    add_head(text, "steward_build_info", "gauge", "The version of the program; always 1.");
    add_sample(text, "steward_build_info", {{"version", STEWARD_VERSION}}, 1);
    add_head(text, "steward_http_connections", "gauge", "Connections of clients that are open.");
    add_sample(text, "steward_http_connections", {}, connections);
    add_process(text);

    std::lock_guard const lock(mutex_);
    add_head(text, "steward_http_requests_total", "counter", "Requests that were answered.");
    for (auto const &[key, count] : requests_) {
        auto const &[route, method, status] = key;
        add_sample(text, "steward_http_requests_total",
                   {{"route", route}, {"method", method}, {"status", std::to_string(status)}},
                   static_cast<double>(count));
    }
    add_head(text, "steward_http_request_duration_seconds", "histogram",
             "Time from a complete request to its answer.");
    Histogram all;
    for (auto const &[route, histogram] : durations_) {
        add(text, "steward_http_request_duration_seconds", {{"route", route}}, histogram);
        for (std::size_t i = 0; i < all.buckets.size(); ++i)
            all.buckets[i] += histogram.buckets[i];
        all.sum += histogram.sum;
        all.count += histogram.count;
    }
    if (with_aliases) {
        add_head(text, "response_time_seconds", "histogram", "Time from a complete request to its answer.");
        add(text, "response_time_seconds", {}, all);
    }
    return text;
}

void Registry::add(std::string &text, std::string const &name, Labels const &labels,
                   Histogram const &histogram) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        below += histogram.buckets[i];
        std::string const bound = i < bounds.size() ? number(bounds[i]) : "+Inf";
        Labels all = labels;
        all.emplace_back("le", bound);
        add_sample(text, name + "_bucket", all, static_cast<double>(below));
    }
    add_sample(text, name + "_sum", labels, histogram.sum);
    add_sample(text, name + "_count", labels, static_cast<double>(histogram.count));
}

} // namespace steward::sidecar::metrics
