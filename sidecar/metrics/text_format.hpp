// Prometheus' text format, version 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace steward::sidecar::metrics {

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

/// The two lines in front of the samples of a metric.
void add_head(std::string &text, std::string_view name, std::string_view type, std::string_view help);

void add_sample(std::string &text, std::string_view name, Labels const &labels, double value);

/// As the format writes numbers: as short as they can be read back.
std::string number(double value);

} // namespace steward::sidecar::metrics
