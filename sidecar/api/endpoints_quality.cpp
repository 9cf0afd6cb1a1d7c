// Principles: what may go wrong with them, how faithful what follows from them is, and what went wrong.
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/request_values.hpp"

namespace steward::sidecar::api {
namespace {

constexpr Parameter principle_in_path{Where::path, "principle_id", Kind::bigint, "Which principle."};
constexpr Parameter recovery_in_path{Where::path, "recovery_id", Kind::bigint, "Which recovery of it."};
constexpr char const *prediction =
    "principle_id:integer predicted_at:string overall_risk:number "
    "predicted_failures:object recommended_strategy:string? model_version:string";
constexpr char const *recovery =
    "principle_id:integer recovery_id:integer owner:string failure_type:string error:string state:string "
    "attempts:integer max_attempts:integer strategies:[string]? dispatched_at:string ended_at:string? "
    "duration_seconds:number? solved_by:string? solution:any? message:string?";

#define RECOVERY_COLUMNS                                                                                     \
    "r.principle_id, r.recovery_id, r.owner, r.failure_type, r.error, r.state, r.attempts, r.max_attempts,"  \
    " r.strategies, r.dispatched_at, r.ended_at, extract(epoch FROM r.ended_at - r.dispatched_at)::float8 "  \
    "AS"                                                                                                     \
    " duration_seconds, r.solved_by, r.solution, r.message"

std::vector<Endpoint> predictions() {
    return {
        {.method = "GET",
         .path = "/api/v1/qec/error-prediction",
         .name = "error_predictions",
         .summary = "Predictions that were made, the newest first",
         .parameters = {limit_parameter,
                        after_parameter,
                        {Where::query, "principle_id", Kind::bigint, "Only those of this principle."},
                        {Where::query, "min_risk", Kind::number, "Only those of at least this risk.", false,
                         nullptr, 0, 1}},
         .answer = prediction,
         .sql = "SELECT p.principle_id, p.prediction_timestamp AS predicted_at, p.overall_risk_score AS "
                "overall_risk,"
                " p.predicted_failures, p.recommended_strategy, p.model_version,"
                " p.prediction_timestamp || '|' || p.principle_id AS _key FROM steward.qec_error_predictions "
                "AS p"
                " WHERE ($2::text IS NULL OR (p.prediction_timestamp, p.principle_id) <"
                " (split_part($2, '|', 1)::timestamptz, split_part($2, '|', 2)::bigint))"
                " AND ($3::bigint IS NULL OR p.principle_id = $3) AND ($4::float8 IS NULL OR "
                "p.overall_risk_score >= $4)"
                " ORDER BY p.prediction_timestamp DESC, p.principle_id DESC LIMIT $1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/qec/error-prediction",
         .name = "error_prediction_create",
         .summary = "Predicts how a synthesis of the principle may fail, and keeps that",
         .level = Level::writer,
         .parameters = {{Where::body, "principle_id", Kind::bigint, "Which principle.", true}},
         .answer =
             "principle_id:integer overall_risk:number failures:object strategy:string? confident:boolean "
             "model_version:string predicted_at:string",
         .sql = "SELECT (jsonb_build_object('principle_id', $1::bigint) || to_jsonb(p))::text"
                " FROM steward.principle_risk($1::bigint) AS p",
         .writes = true},
    };
}

std::vector<Endpoint> fidelity() {
    return {
        {.method = "GET",
         .path = "/api/v1/fidelity/current",
         .name = "fidelity_current",
         .summary = "The last calculation of fidelity",
         .answer = "composite_score:number? level:string? components:object missing:[string] "
                   "below_minimum:[string] "
                   "trend:string? calculated_at:string? age_seconds:number? reasons:object?",
         .sql = "SELECT (to_jsonb(f) - 'age' || jsonb_build_object('age_seconds', extract(epoch FROM "
                "f.age)::float8))::text"
                " FROM steward.fidelity_current() AS f"},
        {.method = "GET",
         .path = "/api/v1/fidelity/history",
         .name = "fidelity_history",
         .summary = "Calculations of fidelity, the newest first",
         .parameters = {limit_parameter,
                        after_parameter,
                        {Where::query, "hours", Kind::integer, "How far back.", false, "24", 1, 87600}},
         .answer =
             "calculated_at:string composite_score:number? level:string? components:object missing:[string] "
             "below_minimum:[string] trend:string?",
         .sql = "SELECT h.*, h.calculated_at::text AS _key FROM steward.fidelity_history($3::integer, "
                "1000000) AS h"
                " WHERE $2::text IS NULL OR h.calculated_at < $2::timestamptz"
                " ORDER BY h.calculated_at DESC LIMIT $1::integer",
         .is_list = true},
    };
}

std::vector<Endpoint> conflicts() {
    return {
        {.method = "GET",
         .path = "/api/v1/conflict-resolution/",
         .name = "conflicts",
         .summary = "Recoveries from failures, the newest first",
         .parameters = {limit_parameter,
                        after_parameter,
                        {.where = Where::query,
                         .name = "state",
                         .kind = Kind::choice,
                         .description = "Only those in this state.",
                         .choices = "waiting running needs_human recovered failed cancelled"},
                        {Where::query, "principle_id", Kind::bigint, "Only those of this principle."},
                        {Where::query, "failure_type", Kind::text, "Only those from such a failure."}},
         .answer = recovery,
         .sql = "SELECT " RECOVERY_COLUMNS
                ", r.dispatched_at || '|' || r.principle_id || '|' || r.recovery_id AS _key"
                " FROM steward.recoveries AS r WHERE ($2::text IS NULL OR (r.dispatched_at, r.principle_id, "
                "r.recovery_id) <"
                " (split_part($2, '|', 1)::timestamptz, split_part($2, '|', 2)::bigint, split_part($2, '|', "
                "3)::bigint))"
                " AND ($3::text IS NULL OR r.state = $3) AND ($4::bigint IS NULL OR r.principle_id = $4)"
                " AND ($5::text IS NULL OR r.failure_type = $5)"
                " ORDER BY r.dispatched_at DESC, r.principle_id DESC, r.recovery_id DESC LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/conflict-resolution/tasks",
         .name = "conflict_tasks",
         .summary = "Recoveries that wait for a person, the longest first",
         .parameters = {limit_parameter, after_parameter},
         .answer =
             "principle_id:integer recovery_id:integer strategy:string failure_type:string name:string? "
             "statement:string? error:string context:object waiting_since:string tried:array?",
         .sql = "SELECT t.*, t.waiting_since || '|' || t.principle_id || '|' || t.recovery_id AS _key"
                " FROM steward.human_tasks AS t WHERE $2::text IS NULL OR (t.waiting_since, t.principle_id, "
                "t.recovery_id) >"
                " (split_part($2, '|', 1)::timestamptz, split_part($2, '|', 2)::bigint, split_part($2, '|', "
                "3)::bigint)"
                " ORDER BY t.waiting_since, t.principle_id, t.recovery_id LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/conflict-resolution/insights",
         .name = "conflict_insights",
         .summary = "What helps against which failure, and how long recoveries take",
         .answer = "strategies:[object] resolution:[object] first_pass:[object]",
         .sql =
             "SELECT jsonb_build_object("
             "'strategies', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'mean_duration' || "
             "jsonb_build_object('mean_seconds',"
             " extract(epoch FROM s.mean_duration)::float8) ORDER BY s.failure_type, s.expected DESC), '[]')"
             " FROM steward.strategy_stats AS s),"
             "'resolution', (SELECT coalesce(jsonb_agg(jsonb_build_object('window_seconds', extract(epoch "
             "FROM f.period)::float8,"
             " 'resolved', f.resolved, 'unresolved', f.unresolved, 'mean_seconds', extract(epoch FROM "
             "f.mean_time)::float8,"
             " 'p95_seconds', extract(epoch FROM f.p95_time)::float8, 'share_in_time', f.share_in_time, "
             "'met', f.met)), '[]')"
             " FROM steward.failure_resolution_stats AS f),"
             "'first_pass', (SELECT coalesce(jsonb_agg(jsonb_build_object('window_seconds', extract(epoch "
             "FROM p.period)::float8,"
             " 'principles', p.principles, 'succeeded', p.succeeded, 'share', p.success_rate, 'met', "
             "p.met)), '[]')"
             " FROM steward.first_pass_success AS p))::text"},
    };
}

std::vector<Endpoint> one_conflict() {
    return {
        {.method = "GET",
         .path = "/api/v1/conflict-resolution/{principle_id}/{recovery_id}",
         .name = "conflict",
         .summary = "One recovery",
         .parameters = {principle_in_path, recovery_in_path},
         .answer = recovery,
         .sql = "SELECT to_jsonb(q)::text FROM (SELECT " RECOVERY_COLUMNS " FROM steward.recoveries AS r"
                " WHERE r.principle_id = $1::bigint AND r.recovery_id = $2::bigint) AS q"},
        {.method = "POST",
         .path = "/api/v1/conflict-resolution/{principle_id}/{recovery_id}/resolve",
         .name = "conflict_resolve",
         .summary = "A person's answer to a recovery that waits for one",
         .level = Level::writer,
         .parameters = {principle_in_path,
                        recovery_in_path,
                        {.where = Where::body,
                         .name = "outcome",
                         .kind = Kind::choice,
                         .description = "What came of it.",
                         .is_required = true,
                         .choices = "recovered failed retry"},
                        {Where::body, "answer", Kind::json, "The solution, or what strategies should know."},
                        {Where::body, "note", Kind::text, "Why."}},
         .answer = "state:string",
         .sql = "SELECT jsonb_build_object('state', steward.recovery_answer($1::bigint, $2::bigint, "
                "$3::text, $4::jsonb, $5::text))::text",
         .writes = true},
        {.method = "POST",
         .path = "/api/v1/conflict-resolution/",
         .name = "conflict_create",
         .summary = "Has a failure recovered from",
         .level = Level::writer,
         .parameters = {{Where::body, "principle_id", Kind::bigint, "Whose synthesis failed.", true},
                        {Where::body, "failure_type", Kind::text,
                         "How; unless said, found out from the error."},
                        {Where::body, "error", Kind::text, "What was reported.", false, "", 0, 100000},
                        {Where::body, "context", Kind::json, "What strategies should know.", false, "{}"}},
         .answer = "recovery_id:integer",
         .sql = "SELECT jsonb_build_object('recovery_id', steward.recovery_dispatch($1::bigint, $2::text, "
                "$3::text, $4::jsonb))::text",
         .writes = true,
         .status = 201},
    };
}

} // namespace

std::vector<Endpoint> quality_endpoints() {
    std::vector<Endpoint> all;
    for (auto const part : {predictions, fidelity, conflicts, one_conflict})
        for (Endpoint &endpoint : part())
            all.push_back(std::move(endpoint));
    return all;
}

} // namespace steward::sidecar::api
