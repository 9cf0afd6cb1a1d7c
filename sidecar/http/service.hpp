// Everything that the workers of one process share.
#pragma once

#include <atomic>
#include <string>

#include "sidecar/api/readiness.hpp"
#include "sidecar/auth/gate.hpp"
#include "sidecar/base/settings.hpp"
#include "sidecar/db/session.hpp"
#include "sidecar/live/chores.hpp"
#include "sidecar/live/publisher.hpp"
#include "sidecar/metrics/database_metrics.hpp"
#include "sidecar/metrics/registry.hpp"

namespace steward::sidecar::http {

struct Service {
    Settings settings;
    db::SessionSettings scores;
    db::Health health;
    auth::Gate gate;
    metrics::Registry registry;
    metrics::DatabaseMetrics database_metrics;
    api::Readiness readiness;
    live::Publisher publisher;
    live::Chores chores;
    std::atomic<bool> is_stopping{false};

    Service(Settings const &options, db::SessionSettings for_scores, db::SessionSettings const &for_probes)
        : settings(options), scores(std::move(for_scores)),
          gate(options.auth, options.max_requests_per_second),
          database_metrics(for_probes, health, gate.own_role("steward_metrics"), options.metric_aliases),
          readiness(for_probes, health, gate.own_role("steward_reader")),
          publisher(for_probes, health, gate.own_role("steward_sidecar"), options.max_streams),
          chores(for_probes, health, registry, chore_settings()) {}

    live::ChoreSettings chore_settings();
};

} // namespace steward::sidecar::http
