-- Verify pg_steward:jobs on pg
SELECT kind, owner, runner, handler, batch, max_attempts, timeout, backoff, backoff_cap, dropped FROM steward.job_kind WHERE false;
SELECT queue, owner, paused_at, max_depth FROM steward.queue WHERE false;
SELECT queue, owner FROM steward.queue_owner WHERE false;
SELECT queue, id, position, enqueued_at, run_at, lease_until, claimed_at, owner, priority, attempts, max_attempts, runner, state, kind,
       payload, unique_key, rate_class, permit, timeout, progress, error_sqlstate, error_message, error_detail, error_at
FROM steward.job WHERE false;
SELECT queue, unique_key, owner, id, until FROM steward.job_unique WHERE false;
SELECT queue, id, on_queue, on_id, owner FROM steward.job_dependency WHERE false;
SELECT queue, run_id, boot, owner, pid, started_at, ids FROM steward.job_run WHERE false;
SELECT queue, id, finished_at, started_at, run_at, enqueued_at, owner, attempt, outcome, kind, result, error_sqlstate,
       error_message, error_detail FROM steward.job_history WHERE false;
SELECT name, owner, schedule, time_zone, kind, payload, queue, missed, jitter, via, active, created_at, next_at, last_at,
       last_id, fired, skipped, error FROM steward.schedule WHERE false;
SELECT system_identifier, database, adopted_at FROM steward.installation WHERE false;
SELECT view, owner, signature, refreshed_at FROM steward.matview_refresh WHERE false;
SELECT 'steward.schedule_enqueue(text,timestamptz,timestamptz,text)'::regprocedure, 'steward.job_ready'::regclass;
