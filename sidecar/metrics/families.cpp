#include "sidecar/metrics/families.hpp"

#include <array>

#include "sidecar/base/log.hpp"
#include "sidecar/metrics/histogram.hpp"
#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr std::chrono::seconds missing_for{60};

// Each gives rows of a name, two labels (empty where there is none) and a value.
constexpr std::array<db::Statement, 8> sources{{
    {"metrics_cache",
     "SELECT v.name, c.namespace, v.label, v.value FROM (SELECT s.namespace,"
     "  sum(s.hits) AS hits, min(s.misses)"
     "  AS misses, sum(s.evicted_for_entries + coalesce(s.evicted_for_bytes, 0) + "
     "coalesce(s.evicted_for_memory, 0)) AS evicted,"
     "  sum(s.entries) AS entries, sum(s.bytes) AS bytes, max(s.hit_share_5min) AS share, "
     "sum(s.saved_seconds) AS saved_seconds,"
     "  sum(s.saved_cost) AS saved_cost FROM steward.cache_stats AS s GROUP BY s.namespace) AS c CROSS JOIN "
     "LATERAL (VALUES"
     "  ('cache_lookups', 'hit', c.hits::float8), ('cache_lookups', 'miss', greatest(c.misses, 0)::float8),"
     "  ('cache_evictions', '', c.evicted::float8), ('cache_entries', '', c.entries::float8), "
     "('cache_bytes', '', c.bytes::float8),"
     "  ('cache_share', '', c.share::float8), ('cache_saved_seconds', '', c.saved_seconds::float8),"
     "  ('cache_saved_cost', '', c.saved_cost::float8)) AS v (name, label, value) WHERE v.value IS NOT NULL"},
    {"metrics_cache_memory",
     "SELECT v.name, '', '', v.value FROM steward.cache_memory() AS m CROSS JOIN LATERAL (VALUES"
     " ('cache_memory', m.total_bytes::float8), ('cache_memory_free', m.free_bytes::float8),"
     " ('cache_memory_share', CASE WHEN m.total_bytes > 0 THEN 1 - m.free_bytes::float8 / m.total_bytes "
     "END)) AS v (name, value)"
     " WHERE v.value IS NOT NULL"},
    {"metrics_server",
     "SELECT v.name, '', '', v.value FROM (SELECT (SELECT d.numbackends FROM pg_catalog.pg_stat_database AS d"
     "  WHERE d.datname = pg_catalog.current_database()) AS here, (SELECT sum(d.numbackends) FROM "
     "pg_catalog.pg_stat_database AS d) AS all_) AS s"
     " CROSS JOIN LATERAL (VALUES ('sessions', s.here::float8),"
     "  ('sessions_share', s.all_::float8 / pg_catalog.current_setting('max_connections')::float8)) AS v "
     "(name, value)"},
    {"metrics_memory", // what the monitor found in its last rounds
     "SELECT m.name, coalesce(m.labels ->> 'queue', m.labels ->> 'summary', m.labels ->> 'model', m.labels "
     "->> 'rate_limit', ''), '', "
     "m.last"
     " FROM steward.metric_values(pg_catalog.now() - interval '3 minutes', pg_catalog.now()) AS m"
     " WHERE m.kind = 'gauge' AND m.last IS NOT NULL AND m.name !~ '^cache_'"},
    {"metrics_slo", "SELECT v.name, s.name, '', v.value FROM steward.slo_status AS s CROSS JOIN LATERAL "
                    "(VALUES ('slo_value', s.value),"
                    " ('slo_met', s.met::integer::float8)) AS v (name, value) WHERE v.value IS NOT NULL"
                    " UNION ALL SELECT 'score', '', '', o.score / 100 FROM steward.overall_score AS o WHERE "
                    "o.score IS NOT NULL"},
    {"metrics_alerts",
     "SELECT 'alerts', r.severity, t.state, count(a.rule)::float8 FROM (VALUES ('info'), ('warning'), "
     "('critical')) AS r (severity)"
     " CROSS JOIN (VALUES ('pending'), ('open')) AS t (state) LEFT JOIN steward.alerts AS a ON a.severity = "
     "r.severity AND a.state = t.state"
     " GROUP BY 1, 2, 3"
     " UNION ALL SELECT 'heartbeat_age', h.source, '', extract(epoch FROM pg_catalog.now() - "
     "max(h.minute))::float8"
     " FROM steward.heartbeat AS h WHERE h.minute > pg_catalog.now() - interval '1 day' GROUP BY h.source"},
    {"metrics_prompts",
     "SELECT 'prompt_lookups', p.cache, v.result, v.amount FROM steward.prompt_counts() AS p CROSS JOIN "
     "LATERAL "
     "(VALUES ('exact', p.exact_hits::float8), ('similar', p.similar_hits::float8), ('refused', "
     "p.refused::float8), ('missed', p.missed::float8)) AS v (result, amount)"},
    {"metrics_changes", // what the newest change of the last day that was judged has brought
     "WITH mark AS (SELECT m.verdicts FROM steward.change_mark AS m WHERE m.judged_at IS NOT NULL AND m.at > "
     "pg_catalog.now() - interval '1 day' ORDER BY m.at DESC LIMIT 1),"
     " seen AS (SELECT v.what, v.before_s, v.after_s, v.n_after FROM mark AS m CROSS JOIN LATERAL "
     "pg_catalog.jsonb_to_recordset(m.verdicts)"
     "  AS v (what text, before_s float8, after_s float8, n_after float8) WHERE v.before_s > 0 LIMIT 100)"
     " SELECT 'change_saved', s.what, '', 1 - s.after_s / s.before_s FROM seen AS s"
     " UNION ALL SELECT 'change_saved_total', '', '', coalesce((SELECT 1 - sum(s.n_after * s.after_s) / "
     "nullif(sum(s.n_after * s.before_s), 0) FROM seen AS s), 0) FROM mark"},
}};

struct Family {
    char const *source; // as a source calls it
    char const *name;
    char const *type;
    char const *labels[2];
    char const *help;
    bool is_alias = false; // as one of the documents calls it
    double factor = 1;
};

constexpr Family families[] = {
    {"cache_lookups",
     "steward_cache_lookups_total",
     "counter",
     {"namespace", "result"},
     "Keys that caches were asked for."},
    {"prompt_lookups",
     "steward_prompt_lookups_total",
     "counter",
     {"cache", "result"},
     "Prompts that prompt caches were asked for."},
    {"cache_evictions",
     "steward_cache_evictions_total",
     "counter",
     {"namespace", ""},
     "Entries that had to make room."},
    {"cache_saved_seconds",
     "steward_cache_saved_seconds_total",
     "counter",
     {"namespace", ""},
     "Time that hits have saved."},
    {"cache_saved_cost",
     "steward_cache_saved_cost_total",
     "counter",
     {"namespace", ""},
     "Cost that hits have saved."},
    {"cache_entries",
     "steward_cache_entries",
     "gauge",
     {"namespace", ""},
     "Entries of caches, in all tiers."},
    {"cache_bytes", "steward_cache_size_bytes", "gauge", {"namespace", ""}, "Size of caches, in all tiers."},
    {"cache_share",
     "steward_cache_hit_ratio",
     "gauge",
     {"namespace", ""},
     "Share of hits in the last five minutes."},
    {"cache_share",
     "qec_cache_hit_rate",
     "gauge",
     {"cache_type", ""},
     "Share of hits in the last five minutes.",
     true},
    {"cache_memory", "steward_cache_memory_bytes", "gauge", {"", ""}, "Shared memory of caches."},
    {"cache_memory_free",
     "steward_cache_memory_free_bytes",
     "gauge",
     {"", ""},
     "Shared memory that no cache uses."},
    {"cache_memory_share",
     "steward_cache_memory_usage_ratio",
     "gauge",
     {"", ""},
     "Share of the shared memory of caches that is in use."},
    {"cache_memory_share",
     "nfcs_memory_efficiency_ratio",
     "gauge",
     {"", ""},
     "Share of the shared memory of caches that is in use.",
     true},
    {"sessions", "steward_database_sessions", "gauge", {"", ""}, "Sessions of this database."},
    {"sessions", "qec_active_database_connections", "gauge", {"", ""}, "Sessions of this database.", true},
    {"sessions_share",
     "steward_database_sessions_ratio",
     "gauge",
     {"", ""},
     "Sessions of the server, as a share of max_connections."},
    {"queue_ready", "steward_queue_ready_jobs", "gauge", {"queue", ""}, "Jobs that could run."},
    {"queue_dead", "steward_queue_dead_jobs", "gauge", {"queue", ""}, "Jobs that were given up."},
    {"queue_oldest_seconds",
     "steward_queue_oldest_age_seconds",
     "gauge",
     {"queue", ""},
     "Age of the oldest job that could run."},
    {"queue_running", "steward_running_jobs", "gauge", {"", ""}, "Jobs that run."},
    {"rate_limit_share",
     "steward_rate_limit_usage_ratio",
     "gauge",
     {"rate_limit", ""},
     "Share of a rate limit that is used."},
    {"summary_backlog",
     "steward_refresh_backlog_changes",
     "gauge",
     {"summary", ""},
     "Changes that a summary has not seen."},
    {"summary_lag_seconds",
     "steward_refresh_lag_seconds",
     "gauge",
     {"summary", ""},
     "Age of the oldest of those."},
    {"model_drift",
     "steward_model_drift",
     "gauge",
     {"model", ""},
     "How far inputs are from those that the model was judged by."},
    {"model_log_loss", "steward_model_log_loss", "gauge", {"model", ""}, "Of the version that serves."},
    {"host_cpu_share",
     "steward_host_cpu_usage_ratio",
     "gauge",
     {"", ""},
     "Share of the processors of the database's machine in use."},
    {"host_cpu_share",
     "cpu_usage_percent",
     "gauge",
     {"", ""},
     "Share of the processors of the database's machine in use.",
     true,
     100},
    {"host_memory_share",
     "steward_host_memory_usage_ratio",
     "gauge",
     {"", ""},
     "Share of the memory of the database's machine in use."},
    {"host_memory_available_bytes",
     "steward_host_memory_available_bytes",
     "gauge",
     {"", ""},
     "Memory of the machine that is to be had."},
    {"server_memory_bytes",
     "steward_server_memory_bytes",
     "gauge",
     {"", ""},
     "Memory of all processes of the server."},
    {"server_memory_bytes",
     "memory_usage_bytes",
     "gauge",
     {"", ""},
     "Memory of all processes of the server.",
     true},
    {"first_pass_share",
     "steward_first_pass_success_ratio",
     "gauge",
     {"", ""},
     "Principles whose first attempt of a day succeeded."},
    {"resolution_seconds",
     "steward_resolution_seconds",
     "gauge",
     {"", ""},
     "Mean time from a failure to the next success."},
    {"slo_value",
     "steward_slo_value",
     "gauge",
     {"slo", ""},
     "What was measured for an objective, in its own unit."},
    {"slo_met", "steward_slo_met", "gauge", {"slo", ""}, "1 if an objective is met."},
    {"score",
     "steward_overall_score_ratio",
     "gauge",
     {"", ""},
     "Weight of the objectives that are met, of those that were measured."},
    {"alerts", "steward_alerts", "gauge", {"severity", "state"}, "Alerts that are open or about to be."},
    {"change_saved",
     "steward_change_saved_ratio",
     "gauge",
     {"what", ""},
     "Share of a typical call's time that the newest change saves; below 0 it costs."},
    {"change_saved_total",
     "steward_change_saved_time_ratio",
     "gauge",
     {"", ""},
     "Share of the time of all calls it is felt by that the newest change saves."},
    {"change_saved_total",
     "optimization_effectiveness_percent",
     "gauge",
     {"", ""},
     "Share of the time of all calls it is felt by that the newest change saves.",
     true,
     100},
    {"heartbeat_age",
     "steward_heartbeat_age_seconds",
     "gauge",
     {"source", ""},
     "Since worker or sidecar was last there, to the minute."},
};

/// Not there, or not for this role.
bool is_missing(std::string const &sqlstate) {
    return sqlstate == "42883" || sqlstate == "42P01" || sqlstate == "3F000" || sqlstate == "42501" ||
           sqlstate == "55000" || sqlstate == "42703";
}

} // namespace

void Families::ask(db::Session &session, std::size_t source, Values &values) {
    if (Clock::now() < missing_until_[source])
        return;
    try {
        db::Result const result = session.run(sources[source]);
        for (int row = 0; row < result.rows(); ++row)
            values[std::string(result.text(row, 0))].push_back(
                {{std::string(result.text(row, 1)), std::string(result.text(row, 2))},
                 number_at(result, row, 3)});
    } catch (db::Error const &error) {
        if (!is_missing(error.sqlstate()))
            throw;
        missing_until_[source] = Clock::now() + missing_for;
        log(Level::info, "some metrics are not there",
            JsonObject().add("source", sources[source].name).add("detail", error.what()));
    }
}

void Families::read(db::Session &session, std::string &text) {
    Values values;
    for (std::size_t source = 0; source < sources.size(); ++source)
        ask(session, source, values);
    double hits = 0;
    double lookups = 0;
    for (Value const &value : values["cache_lookups"]) {
        lookups += value.value;
        hits += value.labels[1] == "hit" ? value.value : 0;
    }
    for (Family const &family : families) {
        auto const found = values.find(family.source);
        if (found == values.end() || found->second.empty() || (family.is_alias && !with_aliases_))
            continue;
        add_head(text, family.name, family.type, family.help);
        for (Value const &value : found->second) {
            Labels labels;
            for (std::size_t i = 0; i < 2; ++i)
                if (*family.labels[i] != '\0')
                    labels.emplace_back(family.labels[i], value.labels[i]);
            add_sample(text, family.name, labels, value.value * family.factor);
        }
    }
    if (with_aliases_ && lookups > 0) {
        add_head(text, "cache_hit_rate_ratio", "gauge",
                 "Share of hits of all caches since the server has started.");
        add_sample(text, "cache_hit_rate_ratio", {}, hits / lookups);
    }
}

} // namespace steward::sidecar::metrics
