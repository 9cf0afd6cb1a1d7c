-- Revert pg_steward:job_views from pg
BEGIN;
DROP VIEW steward.jobs, steward.queue_stats, steward.schedules;
COMMIT;
