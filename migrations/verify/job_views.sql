-- Verify pg_steward:job_views on pg
SELECT queue, id, kind, state, owner, attempts, done, total, note, depends_on, error_message FROM steward.jobs WHERE false;
SELECT queue, ready, running, dead, oldest_age, rate_per_second, wait_p95_ms, run_p95_ms, utilisation
FROM steward.queue_stats WHERE false;
SELECT name, schedule, next_at, last_at, fired, skipped, error FROM steward.schedules WHERE false;
