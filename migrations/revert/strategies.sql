-- Revert pg_steward:strategies from pg
-- Jobs of recoveries go with them.
BEGIN;
SET LOCAL ROLE steward_owner;
DROP VIEW steward.human_tasks, steward.recoveries, steward.strategy_stats;
DROP FUNCTION steward.recovery_enqueue(bigint, bigint, integer, timestamptz);
DELETE FROM steward.job AS j USING steward.recovery_attempt AS a WHERE a.ended_at IS NULL AND j.queue = a.queue AND j.id = a.job;
DELETE FROM steward.queue_owner WHERE queue ~ '^recovery( [0-9]+)?$';
DELETE FROM steward.queue WHERE queue ~ '^recovery( [0-9]+)?$';
DELETE FROM steward.job_kind WHERE kind IN ('recovery', 'recovery_run');
DELETE FROM steward.history_retention WHERE table_name = 'strategy_outcome';
DROP TABLE steward.recovery_attempt, steward.recovery, steward.recovery_setting, steward.strategy_outcome, steward.strategy_decision,
           steward.strategy_tally, steward.strategy, steward.failure_type;
COMMIT;
