-- Verify pg_steward:monitor on pg
BEGIN;
SELECT name, owner, kind, unit, description, labels, max_label_sets, built_in FROM steward.metric WHERE false;
SELECT series, name, labels, first_at, last_at FROM steward.metric_series WHERE false;
SELECT node, at, seconds, scalars, amounts, histograms, bins FROM steward.metric_history WHERE false;
SELECT name, at, labels, value, bins FROM steward.metric_sample WHERE false;
SELECT scope, period, statements, paused FROM steward.monitor_setting WHERE false;
SELECT scope, next_at, at, operations, total_series, totals, cpu, queryids, query_calls, query_seconds, query_rows, errors FROM steward.monitor_state WHERE false;
SELECT node, at, queryids, calls, seconds, rows FROM steward.statement_history WHERE false;
SELECT queryid, query, seen_at FROM steward.statement_text WHERE false;
SELECT at, note, made_by, verdicts, judged_at FROM steward.change_mark WHERE false;
SELECT call_id, at, seconds, who, nested, query, plan, sqlstate FROM steward.slow_call WHERE false;
SELECT span_id, started_at, parent, name, attributes, ended_at FROM steward.span WHERE false;
SELECT source, minute, beats FROM steward.heartbeat WHERE false;
-- Today and seven days ahead, and a default for what is out of range, each.
SELECT 1 / (count(*) >= 5 * 9)::integer FROM pg_inherits
WHERE inhparent IN ('steward.metric_history'::regclass, 'steward.statement_history'::regclass, 'steward.slow_call'::regclass,
                    'steward.span'::regclass, 'steward.heartbeat'::regclass);
ROLLBACK;
