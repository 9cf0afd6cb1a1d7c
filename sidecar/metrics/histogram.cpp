#include "sidecar/metrics/histogram.hpp"

#include <cmath>
#include <cstdlib>

namespace steward::sidecar::metrics {

void Histogram::add(Histogram const &other) {
    for (auto const &[bound, observations] : other.buckets)
        buckets[bound] += observations;
    sum += other.sum;
}

void add_histogram(std::string &text, std::string const &name, Labels const &labels,
                   Histogram const &values) {
    auto const bucket = [&](double upper, double observations) {
        std::string const bound = number(upper);
        Labels all = labels;
        all.emplace_back("le", bound);
        add_sample(text, name + "_bucket", all, observations);
    };
    for (auto const &[upper, observations] : values.buckets)
        bucket(upper, observations);
    double const count = values.buckets.empty() ? 0 : values.buckets.rbegin()->second;
    if (values.buckets.empty() || !std::isinf(values.buckets.rbegin()->first))
        bucket(HUGE_VAL, count);
    add_sample(text, name + "_sum", labels, values.sum);
    add_sample(text, name + "_count", labels, count);
}

double number_at(db::Result const &result, int row, int column) {
    return std::strtod(std::string(result.text(row, column)).c_str(), nullptr);
}

} // namespace steward::sidecar::metrics
