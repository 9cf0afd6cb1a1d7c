-- Verify pg_steward:alerts on pg
BEGIN;
SELECT name, preset, description, source, metric, labels, measure, part, time_window, better, unit, excellent, target, acceptable, at_least_n, weight,
       listed, active FROM steward.slo WHERE false;
SELECT name, at, value, n FROM steward.slo_measured WHERE false;
SELECT name, rule_group, metric, labels, measure, part, time_window, op, threshold, hold, severity, at_least_n, summary, description, expr, active
FROM steward.alert_rule WHERE false;
SELECT rule, checked_at, value, n, since, opened_at, error FROM steward.alert_state WHERE false;
SELECT rule, opened_at, since, closed_at, severity, value, peak, threshold, summary, description, note FROM steward.alert WHERE false;
SELECT name, url, secret_ref, least_severity, active FROM steward.alert_target WHERE false;
SELECT target, delivery_id, rule, event, body, created_at, state, next_at, attempts, status, error FROM steward.alert_delivery WHERE false;
SELECT 1 / count(*) FROM steward.slo WHERE preset = 'strict' AND active;
ROLLBACK;
