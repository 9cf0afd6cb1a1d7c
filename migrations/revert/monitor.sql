-- Revert pg_steward:monitor from pg
BEGIN;
SET LOCAL ROLE steward_owner;
DROP TABLE steward.heartbeat, steward.span, steward.slow_call, steward.change_mark, steward.statement_text, steward.statement_history,
           steward.monitor_state, steward.monitor_setting, steward.metric_sample, steward.metric_history, steward.metric_series, steward.metric;
DELETE FROM steward.history_retention
WHERE table_name IN ('metric_history', 'statement_history', 'slow_call', 'span', 'heartbeat');
COMMIT;
