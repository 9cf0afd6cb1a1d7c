// How the database fares: objectives, alerts, performance, what changed, what is wrong.
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/request_values.hpp"

namespace steward::sidecar::api {
namespace {

#define FINDING "name:string state:string detail:string? hint:string? command:string?"

std::vector<Endpoint> objectives() {
    return {
        {.method = "GET",
         .path = "/api/v1/slo",
         .name = "slo",
         .summary = "Each objective, what was measured, and how good that is",
         .parameters = {limit_parameter, after_parameter},
         .answer = "name:string preset:string description:string? source:string? unit:string? better:string "
                   "value:number? "
                   "n:integer? "
                   "window_seconds:number? grade:string? met:boolean? excellent:number? target:number? "
                   "acceptable:number? weight:number? at:string?",
         .sql = "SELECT s.name, s.preset, s.description, s.source, s.unit, s.better, s.value, s.n,"
                " extract(epoch FROM s.time_window)::float8 AS window_seconds, s.grade, s.met, s.excellent, "
                "s.target, s.acceptable,"
                " s.weight, s.at, s.name AS _key FROM steward.slo_status AS s"
                " WHERE $2::text IS NULL OR s.name > $2 ORDER BY s.name LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/alerts",
         .name = "alerts",
         .summary = "Alerts, the newest first",
         .parameters = {limit_parameter,
                        after_parameter,
                        {.where = Where::query,
                         .name = "state",
                         .kind = Kind::choice,
                         .description = "Only those in this state.",
                         .choices = "pending open closed"}},
         .answer =
             "rule:string state:string severity:string since:string opened_at:string? closed_at:string? "
             "value:number? peak:number? threshold:number? summary:string? description:string? note:string?",
         .sql =
             "SELECT a.*, a.since || '|' || a.rule AS _key FROM steward.alerts AS a"
             " WHERE ($2::text IS NULL OR (a.since, a.rule) <"
             " (split_part($2, '|', 1)::timestamptz, substr($2, strpos($2, '|') + 1)))"
             " AND ($3::text IS NULL OR a.state = $3) ORDER BY a.since DESC, a.rule DESC LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/performance/summary",
         .name = "performance_summary",
         .summary = "The figures of the dashboard in one object",
         .parameters = {{Where::query, "window", Kind::interval, "Over how long.", false, "1 hour"}},
         .answer =
             "overall_score:number? coordination_frequency:number? response_time_p95:number? "
             "memory_efficiency:number? "
             "constitutional:any? mathematical:any? esc_system:any? orchestrator:any? hit_ratio:number? "
             "cache_memory:number? eviction_rate:number? alerts:any?",
         .sql = "SELECT to_jsonb(p)::text FROM steward.performance_summary($1::interval) AS p"},
        {.method = "GET",
         .path = "/api/v1/performance/report",
         .name = "performance_report",
         .summary = "A report to be kept",
         .parameters = {{Where::query, "window", Kind::interval, "Over how long.", false, "1 hour"}},
         .answer = "at:string window_seconds:number summary:object slo:array components:array caches:array "
                   "alerts:array changes:array",
         .sql = "SELECT steward.performance_report($1::interval)::text"},
    };
}

std::vector<Endpoint> findings() {
    return {
        {.method = "GET",
         .path = "/api/v1/preflight",
         .name = "preflight",
         .summary = "Whether everything is ready for production, item by item",
         .parameters = {limit_parameter, after_parameter},
         .answer = "item:integer title:string " FINDING,
         .sql = "SELECT p.*, p.item::text || '|' || p.name AS _key FROM steward.preflight() AS p"
                " WHERE $2::text IS NULL OR (p.item, p.name) > (split_part($2, '|', 1)::integer, substr($2, "
                "strpos($2, '|') + 1))"
                " ORDER BY p.item, p.name LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/doctor",
         .name = "doctor",
         .summary = "What is wrong, and what helps",
         .parameters = {limit_parameter, after_parameter},
         .answer = FINDING " can_apply:boolean",
         .sql =
             "SELECT d.*, d.state <> 'ok' AND coalesce(d.command = ANY (steward.doctor_remedies()), false) "
             "AS can_apply, d.name AS _key"
             " FROM steward.doctor() AS d WHERE $2::text IS NULL OR d.name > $2 ORDER BY d.name LIMIT "
             "$1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/doctor/{name}/apply",
         .name = "doctor_apply",
         .summary = "Does what is advised for a check, and looks again",
         .level = Level::writer,
         .parameters = {{Where::path, "name", Kind::text, "Which check."}},
         .answer = FINDING,
         .sql = "SELECT to_jsonb(d)::text FROM steward.doctor_apply($1::text) AS d",
         .writes = true},
        {.method = "GET",
         .path = "/api/v1/metrics/changes",
         .name = "metric_changes",
         .summary = "What takes longer since a moment, with bounds of how much",
         .parameters = {limit_parameter,
                        after_parameter,
                        {Where::query, "at", Kind::timestamp, "The moment.", true},
                        {Where::query, "window", Kind::interval, "How long before and after it.", false,
                         "1 hour"}},
         .answer = "what:string labels:object? before:number? after:number? change:number? low:number? "
                   "high:number? "
                   "verdict:string first_seen:string? n_before:integer n_after:integer",
         .sql = "SELECT s.*, s.row AS _key FROM (SELECT c.*, row_number() OVER (ORDER BY c.what, "
                "c.labels::text) AS row"
                " FROM steward.slower_since($3::timestamptz, $4::interval) AS c) AS s"
                " WHERE $2::text IS NULL OR s.row > $2::bigint ORDER BY s.row LIMIT $1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/metrics/changes",
         .name = "metric_change_create",
         .summary = "Notes that something has changed, so that it can be compared",
         .level = Level::writer,
         .parameters = {{Where::body, "note", Kind::text, "What has changed.", true}},
         .answer = "at:string",
         .sql = "SELECT jsonb_build_object('at', steward.change_mark($1::text))::text",
         .writes = true,
         .status = 201},
        {.method = "GET",
         .path = "/api/v1/metrics/points",
         .name = "metric_points",
         .summary = "A metric over time, for charts",
         .parameters = {{Where::query, "name", Kind::text, "Which metric.", true},
                        {Where::query, "labels", Kind::json, "Labels that it must have.", false, "{}"},
                        {Where::query, "since", Kind::timestamp, "Since when; an hour ago unless said."},
                        {Where::query, "step", Kind::interval, "How far apart.", false, "1 minute"}},
         .answer = "points:[object]",
         .sql =
             "SELECT jsonb_build_object('points', coalesce((SELECT jsonb_agg(to_jsonb(p) ORDER BY p.at) FROM"
             " steward.metric_points($1::text, $2::jsonb, $3::timestamptz, $4::interval) AS p), "
             "'[]'))::text"},
    };
}

} // namespace

std::vector<Endpoint> health_endpoints() {
    std::vector<Endpoint> all = objectives();
    for (Endpoint &endpoint : findings())
        all.push_back(std::move(endpoint));
    return all;
}

} // namespace steward::sidecar::api
