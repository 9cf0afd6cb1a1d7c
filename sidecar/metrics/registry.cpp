#include "sidecar/metrics/registry.hpp"

#include <algorithm>

#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {

void Registry::count_request(std::string_view route, std::string_view method, int status, double seconds) {
    auto const place = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
    std::lock_guard const lock(mutex_);
    ++requests_[{std::string(route), std::string(method), status}];
    Histogram &histogram = durations_[std::string(route)];
    ++histogram.buckets[static_cast<std::size_t>(place)];
    histogram.sum += seconds;
    ++histogram.count;
}

std::string Registry::render() const {
    std::string text;
    add_head(text, "steward_build_info", "gauge", "The version of the program; always 1.");
    add_sample(text, "steward_build_info", {{"version", STEWARD_VERSION}}, 1);
    add_head(text, "steward_http_connections", "gauge", "Connections of clients that are open.");
    add_sample(text, "steward_http_connections", {}, connections);

    std::lock_guard const lock(mutex_);
    add_head(text, "steward_http_requests_total", "counter", "Requests that were answered.");
    for (auto const &[key, count] : requests_) {
        auto const &[route, method, status] = key;
        add_sample(text, "steward_http_requests_total",
                   {{"route", route}, {"method", method}, {"status", std::to_string(status)}},
                   static_cast<double>(count));
    }
    constexpr std::string_view name = "steward_http_request_duration_seconds";
    add_head(text, name, "histogram", "Time from a complete request to its answer.");
    for (auto const &[route, histogram] : durations_) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i <= bounds.size(); ++i) {
            below += histogram.buckets[i];
            std::string const bound = i < bounds.size() ? number(bounds[i]) : "+Inf";
            add_sample(text, std::string(name) + "_bucket", {{"route", route}, {"le", bound}},
                       static_cast<double>(below));
        }
        add_sample(text, std::string(name) + "_sum", {{"route", route}}, histogram.sum);
        add_sample(text, std::string(name) + "_count", {{"route", route}},
                   static_cast<double>(histogram.count));
    }
    return text;
}

} // namespace steward::sidecar::metrics
