#include "sidecar/metrics/ticks.hpp"

#include "sidecar/metrics/histogram.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr db::Statement summary{"tick_summary",
                                "SELECT frequency_hz, latency_total_s FROM steward.tick_summary()"};
constexpr db::Statement histogram{"tick_histogram",
                                  "SELECT upper_seconds, observations FROM steward.tick_histogram()"};

} // namespace

// Dashboards of NFCS know them by the second name.
void read_ticks(db::Session &session, std::string &text, bool with_aliases) {
    db::Result const ticks = session.run(summary);
    db::Result const buckets = session.run(histogram);
    if (ticks.rows() == 0)
        return;
    for (char const *name : {"steward_tick_frequency_hertz", "nfcs_coordination_frequency_hz"}) {
        if (!with_aliases && name[0] != 's')
            continue;
        add_head(text, name, "gauge", "Ticks of the launcher a second, over the last minute.");
        add_sample(text, name, {}, number_at(ticks, 0, 0));
    }
    Histogram lateness;
    for (int row = 0; row < buckets.rows(); ++row)
        lateness.buckets[number_at(buckets, row, 0)] = number_at(buckets, row, 1);
    lateness.sum = number_at(ticks, 0, 1);
    for (char const *name : {"steward_tick_latency_seconds", "nfcs_coordination_latency_seconds"}) {
        if (!with_aliases && name[0] != 's')
            continue;
        add_head(text, name, "histogram",
                 "How much later than they were due the ticks of the launcher came.");
        add_histogram(text, name, {}, lateness);
    }
}

} // namespace steward::sidecar::metrics
