-- Verify pg_steward:monitor_views on pg
BEGIN;
SELECT name, preset, value, n, time_window, grade, met, at FROM steward.slo_status WHERE false;
SELECT score, measured, met, total FROM steward.overall_score WHERE false;
SELECT source, time_window, minutes, up, share FROM steward.availability WHERE false;
SELECT rule, state, severity, since, opened_at, closed_at, value, peak, threshold, summary, description, note FROM steward.alerts WHERE false;
SELECT target, delivery_id, rule, event, created_at, state, attempts, next_at, status, error FROM steward.alert_deliveries WHERE false;
SELECT at, seconds, who, nested, query, plan, sqlstate FROM steward.slow_calls WHERE false;
SELECT span_id, parent, name, started_at, ended_at, attributes, duration_ms FROM steward.spans WHERE false;
ROLLBACK;
