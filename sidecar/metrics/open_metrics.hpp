// OpenMetrics 1.0, made of Prometheus' text format.
#pragma once

#include <string>
#include <string_view>

namespace steward::sidecar::metrics {

inline constexpr char const *prometheus_type = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr char const *open_metrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the header Accept would rather have OpenMetrics.
bool prefers_open_metrics(std::string_view accept);

/// `text` is as add_head() and add_sample() write it.
std::string open_metrics(std::string_view text);

} // namespace steward::sidecar::metrics
