// What the database does by itself: jobs, schedules, summaries.
#include "sidecar/api/catalog.hpp"
#include "sidecar/api/request_values.hpp"

namespace steward::sidecar::api {
namespace {

constexpr Parameter queue_in_path{Where::path, "queue", Kind::text, "Which queue."};
constexpr Parameter job_in_path{Where::path, "id", Kind::bigint, "Which job of it."};
#define JOB_MEMBERS                                                                                          \
    "queue:string id:integer kind:string state:string owner:string priority:integer attempts:integer "       \
    "max_attempts:integer? enqueued_at:string run_at:string? started_at:string? done:integer? "              \
    "total:integer? note:string? error_at:string? error_sqlstate:string? error_message:string?"

#define JOB_COLUMNS                                                                                          \
    "j.queue, j.id, j.kind, j.state, j.owner, j.priority, j.attempts, j.max_attempts, j.enqueued_at,"        \
    " j.run_at, j.started_at, j.done, j.total, j.note, j.error_at, j.error_sqlstate, j.error_message"

std::vector<Endpoint> jobs() {
    return {
        {.method = "GET",
         .path = "/api/v1/jobs",
         .name = "jobs",
         .summary = "Jobs that are to be done, are being done or were given up",
         .parameters = {limit_parameter,
                        after_parameter,
                        {Where::query, "queue", Kind::text, "Only those of this queue."},
                        {.where = Where::query,
                         .name = "state",
                         .kind = Kind::choice,
                         .description = "Only those in this state.",
                         .choices = "ready scheduled waiting running leased dead"},
                        {Where::query, "kind", Kind::text, "Only those of this kind."}},
         .answer = JOB_MEMBERS,
         .sql = "SELECT " JOB_COLUMNS ", j.id || '|' || j.queue AS _key FROM steward.jobs AS j"
                " WHERE ($2::text IS NULL OR (j.id, j.queue) < (split_part($2, '|', 1)::bigint, substr($2, "
                "strpos($2, '|') + 1)))"
                " AND ($3::text IS NULL OR j.queue = $3) AND ($4::text IS NULL OR j.state = $4)"
                " AND ($5::text IS NULL OR j.kind = $5) ORDER BY j.id DESC, j.queue DESC LIMIT $1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/jobs",
         .name = "job_create",
         .summary = "Enqueues a job, which runs with the rights of the role of the token",
         .level = Level::writer,
         .parameters = {{Where::body, "kind", Kind::text, "What is to be done.", true},
                        {Where::body, "payload", Kind::json, "With what.", false, "{}"},
                        {Where::body, "queue", Kind::text, "In which queue.", false, "default"},
                        {Where::body, "run_at", Kind::timestamp, "Not before this."},
                        {Where::body, "priority", Kind::integer, "0 is first.", false, "5", 0, 9},
                        {Where::body, "unique_key", Kind::text,
                         "While a job with this key waits, that is the answer."}},
         .answer = "queue:string id:integer",
         .sql = "SELECT jsonb_build_object('queue', $3::text, 'id', steward.job_enqueue($1::text, $2::jsonb, "
                "$3::text,"
                " $4::timestamptz, $5::integer, $6::text))::text",
         .writes = true,
         .status = 201},
        {.method = "GET",
         .path = "/api/v1/jobs/{queue}/{id}",
         .name = "job",
         .summary = "One job",
         .parameters = {queue_in_path, job_in_path},
         .answer = JOB_MEMBERS " payload:any",
         .sql = "SELECT to_jsonb(q)::text FROM (SELECT " JOB_COLUMNS ", j.payload FROM steward.jobs AS j"
                " WHERE j.queue = $1::text AND j.id = $2::bigint) AS q"},
        {.method = "POST",
         .path = "/api/v1/jobs/{queue}/{id}/cancel",
         .name = "job_cancel",
         .summary = "Takes a job out of its queue, or ends it",
         .level = Level::writer,
         .parameters = {queue_in_path, job_in_path},
         .answer = "outcome:string",
         .sql = "SELECT jsonb_build_object('outcome', steward.job_cancel($1::text, $2::bigint))::text",
         .writes = true},
    };
}

std::vector<Endpoint> queues() {
    return {
        {.method = "GET",
         .path = "/api/v1/queues",
         .name = "queues",
         .summary = "How much waits in each queue, and for how long",
         .parameters = {limit_parameter, after_parameter},
         .answer =
             "queue:string paused_at:string? max_depth:integer? ready:integer scheduled:integer "
             "waiting:integer "
             "running:integer dead:integer oldest_age_seconds:number? rate_per_second:number failed:integer "
             "wait_p95_ms:number? run_p95_ms:number?",
         .sql =
             "SELECT q.queue, q.paused_at, q.max_depth, q.ready, q.scheduled, q.waiting, q.running, q.dead,"
             " extract(epoch FROM q.oldest_age)::float8 AS oldest_age_seconds, q.rate_per_second, q.failed, "
             "q.wait_p95_ms,"
             " q.run_p95_ms, q.queue AS _key FROM steward.queue_stats AS q"
             " WHERE $2::text IS NULL OR q.queue > $2 ORDER BY q.queue LIMIT $1::integer",
         .is_list = true},
        {.method = "GET",
         .path = "/api/v1/schedules",
         .name = "schedules",
         .summary = "When jobs are enqueued by themselves",
         .parameters = {limit_parameter, after_parameter},
         .answer =
             "name:string schedule:string time_zone:string? owner:string kind:string? work:string? "
             "queue:string? "
             "active:boolean next_at:string? last_at:string? fired:integer skipped:integer error:string?",
         .sql = "SELECT s.name, s.schedule, s.time_zone, s.owner, s.kind, s.work, s.queue, s.active, "
                "s.next_at, s.last_at,"
                " s.fired, s.skipped, s.error, s.name AS _key FROM steward.schedules AS s"
                " WHERE $2::text IS NULL OR s.name > $2 ORDER BY s.name LIMIT $1::integer",
         .is_list = true},
    };
}

std::vector<Endpoint> summaries() {
    return {
        {.method = "GET",
         .path = "/api/v1/summaries",
         .name = "summaries",
         .summary = "How far summaries are behind what they are computed from",
         .parameters = {limit_parameter, after_parameter},
         .answer = "name:string view:string mode:string state:string backlog:integer? lag_seconds:number? "
                   "refreshed_at:string? "
                   "last_mode:string? last_duration_seconds:number? refreshes:integer next_at:string? "
                   "error:string?",
         .sql = "SELECT s.name, s.view::text AS view, s.mode, s.state, s.backlog, extract(epoch FROM "
                "s.lag)::float8 AS lag_seconds,"
                " s.refreshed_at, s.last_mode, extract(epoch FROM s.last_duration)::float8 AS "
                "last_duration_seconds, s.refreshes,"
                " s.next_at, s.error, s.name AS _key FROM steward.summaries AS s"
                " WHERE $2::text IS NULL OR s.name > $2 ORDER BY s.name LIMIT $1::integer",
         .is_list = true},
        {.method = "POST",
         .path = "/api/v1/summaries/{name}/refresh",
         .name = "summary_refresh",
         .summary = "Brings a summary up to date",
         .level = Level::writer,
         .parameters = {{Where::path, "name", Kind::text, "Which summary."},
                        {.where = Where::body,
                         .name = "mode",
                         .kind = Kind::choice,
                         .description = "How.",
                         .fallback = "auto",
                         .choices = "auto keyed delta full"}},
         .answer = "mode_used:string keys:integer? written:integer? unchanged:integer? removed:integer? "
                   "expired:integer? backlog:integer? wal_bytes:integer? duration_seconds:number?",
         .sql = "SELECT (to_jsonb(r) - 'duration' || jsonb_build_object('duration_seconds', extract(epoch "
                "FROM r.duration)::float8))"
                "::text FROM steward.summary_refresh($1::text, $2::text) AS r",
         .writes = true},
    };
}

} // namespace

std::vector<Endpoint> work_endpoints() {
    std::vector<Endpoint> all;
    for (auto const part : {jobs, queues, summaries})
        for (Endpoint &endpoint : part())
            all.push_back(std::move(endpoint));
    return all;
}

} // namespace steward::sidecar::api
