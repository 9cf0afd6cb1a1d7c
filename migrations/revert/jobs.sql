-- Revert pg_steward:jobs from pg
BEGIN;
DROP FUNCTION steward.schedule_enqueue(text, timestamptz, timestamptz, text);
DROP TABLE steward.installation, steward.matview_refresh, steward.schedule, steward.job_history, steward.job_run, steward.job_dependency,
           steward.job_unique, steward.job, steward.queue_owner, steward.queue, steward.job_kind;
DELETE FROM steward.history_retention WHERE table_name = 'job_history';
COMMIT;
