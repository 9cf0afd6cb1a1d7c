-- Deploy pg_steward:job_views to pg
-- requires: jobs
-- What is to be seen of jobs. To be run again with psql where DROP EXTENSION ... CASCADE has taken the views along. They ask
-- with the rights of whoever looks: everybody sees his own.
BEGIN;
GRANT EXECUTE ON FUNCTION steward.job_runs(), steward.worker_clock() TO steward_owner, steward_reader;
SET LOCAL ROLE steward_owner;

CREATE OR REPLACE VIEW steward.jobs WITH (security_invoker = true) AS
SELECT j.queue, j.id, j.kind, CASE WHEN r.job IS NOT NULL THEN 'running' ELSE j.state END AS state,
       j.owner::regrole::name AS owner, j.priority, j.attempts + CASE WHEN r.job IS NOT NULL THEN 1 ELSE 0 END AS attempts,
       j.max_attempts, j.enqueued_at, j.run_at, coalesce(r.started_at, j.claimed_at) AS started_at, r.pid, j.lease_until,
       coalesce(r.done, (j.progress ->> 'done')::bigint) AS done, coalesce(r.total, (j.progress ->> 'total')::bigint) AS total,
       coalesce(r.note, j.progress ->> 'note') AS note, j.payload, j.unique_key, j.rate_class,
       (SELECT array_agg((d.on_queue, d.on_id)::steward.job_name) FROM steward.job_dependency AS d
        WHERE d.queue = j.queue AND d.id = j.id) AS depends_on,
       j.error_at, j.error_sqlstate, j.error_message, j.error_detail
FROM steward.job AS j
LEFT JOIN (SELECT b.queue, l.* FROM steward.job_runs() AS l JOIN steward.job_run AS b USING (run_id)) AS r
       ON r.queue = j.queue AND r.job = j.id;
COMMENT ON VIEW steward.jobs IS 'jobs that are to be done, are being done or were given up, and how far they are';

CREATE OR REPLACE VIEW steward.queue_stats WITH (security_invoker = true) AS
SELECT q.queue, q.paused_at, q.max_depth,
       coalesce(j.ready, 0) AS ready, coalesce(j.scheduled, 0) AS scheduled, coalesce(j.waiting, 0) AS waiting,
       coalesce(j.leased, 0) + coalesce(r.running, 0) AS running, coalesce(j.dead, 0) AS dead,
       steward.worker_clock() - j.oldest AS oldest_age,
       coalesce(h.finished, 0) / 300.0::float8 AS rate_per_second, coalesce(h.failed, 0) AS failed,
       h.wait_ms[1] AS wait_p50_ms, h.wait_ms[2] AS wait_p95_ms, h.wait_ms[3] AS wait_p99_ms,
       h.run_ms[1] AS run_p50_ms, h.run_ms[2] AS run_p95_ms, h.run_ms[3] AS run_p99_ms,
       coalesce(h.busy, 0) / 300 AS utilisation
FROM steward.queue AS q
LEFT JOIN (
    SELECT queue, count(*) FILTER (WHERE state = 'ready') AS ready, count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
           count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'leased') AS leased,
           count(*) FILTER (WHERE state = 'dead') AS dead, min(run_at) FILTER (WHERE state = 'ready') AS oldest
    FROM steward.job GROUP BY queue
) AS j USING (queue)
LEFT JOIN (
    SELECT b.queue, count(l.job) AS running FROM steward.job_runs() AS l JOIN steward.job_run AS b USING (run_id) GROUP BY b.queue
) AS r USING (queue)
LEFT JOIN (
    SELECT queue, count(*) AS finished, count(*) FILTER (WHERE outcome IN ('failed', 'dead')) AS failed,
           percentile_cont('{0.5,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - run_at)::float8 * 1000) AS wait_ms,
           percentile_cont('{0.5,0.95,0.99}'::float8[]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)::float8 * 1000) AS run_ms,
           sum(extract(epoch FROM finished_at - started_at))::float8 AS busy
    FROM steward.job_history WHERE finished_at > steward.worker_clock() - interval '5 minutes'
    GROUP BY queue
) AS h USING (queue);
COMMENT ON VIEW steward.queue_stats IS
    'how much waits in each queue and for how long, and the rate, waits and run times of the last five minutes';
COMMENT ON COLUMN steward.queue_stats.utilisation IS 'how many sessions were busy with it, on average: 1 is one session all the time';

CREATE OR REPLACE VIEW steward.schedules WITH (security_invoker = true) AS
SELECT s.name, s.schedule, s.time_zone, s.owner::regrole::name AS owner, s.kind, coalesce(s.payload ->> 'command', s.payload::text) AS work,
       s.queue, s.missed, s.jitter, s.via, s.active, s.next_at, s.last_at, s.last_id, s.fired, s.skipped,
       coalesce(s.error, CASE WHEN NOT coalesce(r.rolcanlogin, false) THEN 'its owner is gone or may not log in' END) AS error
FROM steward.schedule AS s LEFT JOIN pg_roles AS r ON r.oid = s.owner;
COMMENT ON VIEW steward.schedules IS 'when jobs are enqueued by themselves: the next time, the last one, what was skipped, what is wrong';

GRANT SELECT ON steward.jobs, steward.queue_stats, steward.schedules TO steward_reader;
COMMIT;
