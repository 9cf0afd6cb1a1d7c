// Histograms that the database keeps, on their way to Prometheus.
#pragma once

#include <map>
#include <string>

#include "sidecar/db/result.hpp"
#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {

struct Histogram {
    std::map<double, double> buckets; // cumulative, by upper bound; the last one is infinite
    double sum = 0;

    void add(Histogram const &other);
};

/// The samples of a histogram of that name. The bucket without an end is there even where `values` has none.
void add_histogram(std::string &text, std::string const &name, Labels const &labels, Histogram const &values);

double number_at(db::Result const &result, int row, int column);

} // namespace steward::sidecar::metrics
