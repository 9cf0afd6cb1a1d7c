// What is kept and learnt: caches, search, models, strategies.
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/request_values.hpp"

namespace steward::sidecar::api {
namespace {

constexpr Parameter model_in_path{Where::path, "name", Kind::text, "Which model."};

std::vector<Endpoint> caches() {
    return {
        {.method = "GET",
         .path = "/api/v1/cache/stats",
         .name = "cache_stats",
         .summary = "Hits, misses and size of each cache, by tier",
         .parameters = {limit_parameter, after_parameter},
         .answer = "namespace:string tier:string hits:integer? misses:integer? negative_hits:integer? "
                   "stale_hits:integer? early_refreshes:integer? flight_waits:integer? "
                   "refused_hits:integer? sets:integer? refused_sets:integer? evicted_for_entries:integer? "
                   "evicted_for_bytes:integer? evicted_for_memory:integer? expired:integer? "
                   "deleted:integer? entries:integer? bytes:integer? unsaved:integer? lost:integer? "
                   "hit_share_5min:number? grade:string? saved_seconds:number? saved_cost:number?",
         .sql = "SELECT c.*, c.namespace || '|' || c.tier AS _key FROM steward.cache_stats AS c"
                " WHERE $2::text IS NULL OR c.namespace || '|' || c.tier > $2 ORDER BY c.namespace || '|' || "
                "c.tier LIMIT $1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/cache/invalidate",
         .name = "cache_invalidate",
         .summary = "Takes out of caches a key, keys like a pattern, all of a tag, or everything",
         .level = Level::writer,
         .parameters = {{Where::body, "namespace", Kind::text, "Which cache; not with tag."},
                        {Where::body, "key", Kind::text, "One entry of it."},
                        {Where::body, "pattern", Kind::text, "Those whose key is LIKE this."},
                        {Where::body, "tag", Kind::text, "What has this tag, in all caches."}},
         .answer = "what:string removed:integer?",
         // void is not null, and a writer who names nothing means nothing
         .sql = "SELECT CASE WHEN $4::text IS NOT NULL AND $1::text IS NULL THEN jsonb_build_object('what', "
                "'tag', 'removed', NULL,"
                " 'done', steward.cache_invalidate_tag($4)::text) - 'done'"
                " WHEN $1 IS NULL THEN NULL"
                " WHEN $2::text IS NOT NULL THEN jsonb_build_object('what', 'key', 'removed', "
                "steward.cache_delete($1, $2)::integer)"
                " WHEN $3::text IS NOT NULL THEN jsonb_build_object('what', 'pattern', 'removed', "
                "steward.cache_delete_like($1, $3))"
                " ELSE jsonb_build_object('what', 'namespace', 'removed', NULL, 'done', "
                "steward.cache_clear($1)::text) - 'done' END::text",
         .writes = true},
        {.method = "POST",
         .path = "/api/v1/search",
         .name = "search",
         .summary =
             "The rows of a table that fit words, or are near to a vector or what the words mean, or both",
         .parameters = {{Where::body, "table", Kind::text, "Which table.", true, nullptr, 0, 200},
                        {Where::body, "query", Kind::text, "Words; needed unless there is a vector.", false,
                         nullptr, 0, 10000},
                        {Where::body, "vector", Kind::json, "Numbers; needed unless there are words."},
                        {Where::body, "column", Kind::text, "Which column of words, if there are several."},
                        {Where::body, "vector_column", Kind::text,
                         "Which column of vectors, if there are several."},
                        {Where::body, "k", Kind::integer, "How many rows.", false, "10", 1, 1000},
                        {Where::body, "matching", Kind::json, "Columns and the values that rows must have.",
                         false, "{}"}},
         .answer = "items:[object]",
         .sql =
             "SELECT jsonb_build_object('items', coalesce((SELECT jsonb_agg(jsonb_build_object('key', s.key, "
             "'score', s.score,"
             " 'row', s.row) ORDER BY s.score DESC) FROM ("
             " SELECT t.key, t.score, t.row FROM steward.text_search(r.relation, $2::text, $6::integer, "
             "$4::text, $7::jsonb) AS t"
             " WHERE $2 IS NOT NULL AND v.vector IS NULL AND NOT e.has_embedding"
             " UNION ALL SELECT h.key, h.score, h.row FROM steward.hybrid_search(r.relation, $2, v.vector, "
             "$6, $4, $5::text, $7) AS h"
             " WHERE $2 IS NOT NULL AND (v.vector IS NOT NULL OR e.has_embedding)"
             " UNION ALL SELECT n.key, -n.distance, n.row FROM steward.vector_search(r.relation, v.vector, "
             "$6, $5, $7) AS n"
             " WHERE $2 IS NULL AND v.vector IS NOT NULL) AS s), '[]'))::text"
             " FROM (SELECT to_regclass($1::text) AS relation) AS r, (SELECT CASE WHEN $3::jsonb IS NOT NULL"
             " THEN ARRAY(SELECT e::real FROM jsonb_array_elements_text($3) AS e) END AS vector) AS v,"
             " LATERAL (SELECT EXISTS (SELECT FROM steward.embeddings AS m WHERE m.relation = r.relation)) "
             "AS "
             "e (has_embedding)"
             " WHERE r.relation IS NOT NULL"},
    };
}

std::vector<Endpoint> models() {
    return {
        {.method = "GET",
         .path = "/api/v1/models",
         .name = "models",
         .summary = "Models, how good the version that serves is, and how trainings go",
         .parameters = {limit_parameter, after_parameter},
         .answer = "name:string version:integer? promoted_at:string? log_loss:number? live_log_loss:number? "
                   "drift:number? "
                   "examples:integer new_rows:integer? error:string?",
         .sql = "SELECT m.name, m.version, m.held, m.promoted_at, m.trained_at, m.log_loss::float8 AS "
                "log_loss, m.labels, m.live_rows,"
                " m.live_log_loss, m.drift, m.examples, m.new_rows, m.error, m.error_at, m.name AS _key FROM "
                "steward.models AS m"
                " WHERE $2::text IS NULL OR m.name > $2 ORDER BY m.name LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/models/{name}/versions",
         .name = "model_versions",
         .summary = "What each training of a model gave, the newest first",
         .parameters = {limit_parameter, after_parameter, model_in_path},
         .answer = "version:integer serves:boolean? outcome:string reason:string? trained_at:string "
                   "duration_seconds:number? "
                   "rows:integer? accuracy:number? log_loss:number?",
         .sql = "SELECT v.version, v.serves, v.outcome, v.reason, v.because, v.trained_at,"
                " extract(epoch FROM v.duration)::float8 AS duration_seconds, v.rows, v.holdout_rows, "
                "v.accuracy, v.log_loss,"
                " v.champion_log_loss, v.gained, v.gained_low, v.version AS _key FROM steward.model_versions "
                "AS v"
                " WHERE v.name = $3::text AND ($2::text IS NULL OR v.version < $2::bigint) ORDER BY "
                "v.version DESC LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/models/{name}/drift",
         .name = "model_drift",
         .summary = "How far the inputs of today are from those that a model was judged by",
         .parameters = {limit_parameter, after_parameter, model_in_path},
         .answer =
             "version:integer closed_at:string inputs:integer label:string drift:number? verdict:string",
         .sql = "SELECT d.version, d.closed_at, d.inputs, d.label, d.drift, d.verdict, d.closed_at || '|' || "
                "d.label AS _key"
                " FROM steward.model_drift AS d WHERE d.name = $3::text AND ($2::text IS NULL OR "
                "(d.closed_at, d.label) <"
                " (split_part($2, '|', 1)::timestamptz, substr($2, strpos($2, '|') + 1)))"
                " ORDER BY d.closed_at DESC, d.label DESC LIMIT $1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/models/{name}/predict",
         .name = "model_predict",
         .summary = "How likely each label is for an input",
         .parameters = {model_in_path,
                        {Where::body, "text", Kind::text, "The input, if it is a text.", false, nullptr, 0,
                         1000000},
                        {Where::body, "input", Kind::json, "The input, if it is an object of values."}},
         .answer = "label:string probability:number confident:boolean? version:integer labels:object",
         .sql = "SELECT (to_jsonb(d) || jsonb_build_object('labels', p))::text FROM (SELECT 1 WHERE $2::text "
                "IS NOT NULL) AS one,"
                " steward.model_predict_detail($1::text, $2::text) AS d, steward.model_predict($1, $2) AS p"
                " UNION ALL SELECT (to_jsonb(d) || jsonb_build_object('labels', p))::text FROM (SELECT 1 "
                "WHERE $2 IS NULL AND $3::jsonb IS NOT NULL)"
                " AS one, steward.model_predict_detail($1, $3::jsonb) AS d, steward.model_predict($1, "
                "$3::jsonb) AS p"},
    };
}

std::vector<Endpoint> strategies() {
    return {
        {.method = "GET",
         .path = "/api/v1/strategies",
         .name = "strategies",
         .summary = "What is tried against failures, and how it fared",
         .parameters = {limit_parameter,
                        after_parameter,
                        {Where::query, "failure_type", Kind::text, "Only those against such failures."}},
         .answer = "failure_type:string strategy:string role:string? enabled:boolean trials:integer "
                   "successes:integer "
                   "success_rate:number? low:number? high:number? expected:number?",
         .sql = "SELECT s.failure_type, s.strategy, s.role, s.by_person, s.enabled, s.trials, s.successes, "
                "s.success_rate, s.low, s.high,"
                " s.expected, s.mean_cost, extract(epoch FROM s.mean_duration)::float8 AS mean_seconds, "
                "s.last_at,"
                " s.failure_type || '|' || s.strategy AS _key FROM steward.strategy_stats AS s"
                " WHERE ($2::text IS NULL OR s.failure_type || '|' || s.strategy > $2)"
                " AND ($3::text IS NULL OR s.failure_type = $3) ORDER BY s.failure_type || '|' || s.strategy "
                "LIMIT $1::integer",
         .is_list = true},
    };
}

} // namespace

std::vector<Endpoint> knowledge_endpoints() {
    std::vector<Endpoint> all;
    for (auto const part : {caches, models, strategies})
        for (Endpoint &endpoint : part())
            all.push_back(std::move(endpoint));
    return all;
}

} // namespace steward::sidecar::api
