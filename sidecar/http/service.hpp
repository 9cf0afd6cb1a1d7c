// Everything that the workers of one process share.
#pragma once

#include <atomic>

#include "sidecar/api/readiness.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/metrics/database_metrics.hpp"
#include "sidecar/metrics/registry.hpp"

namespace steward::sidecar::http {

struct Service {
    db::SessionSettings scores;
    db::Health health;
    metrics::Registry registry;
    metrics::DatabaseMetrics database_metrics;
    api::Readiness readiness;
    std::atomic<bool> is_stopping{false};

    Service(db::SessionSettings for_scores, db::SessionSettings const &for_probes)
        : scores(std::move(for_scores)), database_metrics(for_probes, health), readiness(for_probes, health) {
    }
};

} // namespace steward::sidecar::http
