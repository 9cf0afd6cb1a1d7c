-- Deploy pg_steward:monitor_views to pg
-- requires: alerts
-- What is to be seen of objectives, alerts and the rest. It calls the extension, with which it goes: run it again after DROP
-- EXTENSION ... CASCADE.
BEGIN;
GRANT EXECUTE ON FUNCTION steward.slo_grade(text, float8, float8, float8, float8), steward.availability_of(text, interval, timestamptz),
                          steward.worker_clock() TO steward_owner, steward_reader, steward_metrics;
SET LOCAL ROLE steward_owner;

CREATE OR REPLACE VIEW steward.slo_status WITH (security_invoker = true) AS
SELECT g.name, g.preset, g.description, g.source, g.unit, g.better, g.value, g.n, g.time_window, g.grade, g.grade IN ('excellent', 'target') AS met,
       g.excellent, g.target, g.acceptable, g.weight, g.listed, g.at
FROM (SELECT s.*, m.value, coalesce(m.n, 0) AS n, m.at,
             CASE WHEN m.n >= s.at_least_n THEN steward.slo_grade(s.better, m.value, s.excellent, s.target, s.acceptable) END AS grade
      FROM steward.slo AS s LEFT JOIN steward.slo_measured AS m USING (name) WHERE s.active) AS g;
COMMENT ON VIEW steward.slo_status IS 'each active objective: its figure at the last round of the monitor, of how many values, over which window, and its grade';
COMMENT ON COLUMN steward.slo_status.grade IS 'null while there are too few values';

CREATE OR REPLACE VIEW steward.overall_score WITH (security_invoker = true) AS
SELECT 100 * sum(s.weight) FILTER (WHERE s.met) / nullif(sum(s.weight) FILTER (WHERE s.grade IS NOT NULL), 0) AS score,
       count(*) FILTER (WHERE s.grade IS NOT NULL) AS measured, count(*) FILTER (WHERE s.met) AS met, count(*) AS total
FROM steward.slo_status AS s;
COMMENT ON VIEW steward.overall_score IS 'the weight of the objectives that are met, among those that could be measured, from 0 to 100';

CREATE OR REPLACE VIEW steward.availability WITH (security_invoker = true) AS
SELECT s.source, w.time_window, a.minutes, a.up, a.share
FROM (VALUES ('worker'), ('sidecar')) AS s (source) CROSS JOIN (VALUES (interval '1 hour'), (interval '1 day'), (interval '30 days')) AS w (time_window)
     CROSS JOIN LATERAL steward.availability_of(s.source, w.time_window, steward.worker_clock()) AS a;
COMMENT ON VIEW steward.availability IS 'minutes in which worker and sidecar were there, of those since the first one in each window';

CREATE OR REPLACE VIEW steward.alerts WITH (security_invoker = true) AS
SELECT a.rule, CASE WHEN a.closed_at IS NULL THEN 'open' ELSE 'closed' END AS state, a.severity, a.since, a.opened_at, a.closed_at, a.value, a.peak,
       a.threshold, a.summary, a.description, a.note
FROM steward.alert AS a
UNION ALL
SELECT s.rule, 'pending', r.severity, s.since, NULL, NULL, s.value, s.value, r.threshold, r.summary, r.description, NULL
FROM steward.alert_state AS s JOIN steward.alert_rule AS r ON r.name = s.rule
WHERE s.since IS NOT NULL AND s.opened_at IS NULL;
COMMENT ON VIEW steward.alerts IS 'alerts: open, closed, and those whose figure has not been beyond the threshold for long enough';

CREATE OR REPLACE VIEW steward.alert_deliveries WITH (security_invoker = true) AS
SELECT d.target, d.delivery_id, d.rule, d.event, d.created_at, d.state, d.attempts, d.next_at, d.status, d.error FROM steward.alert_delivery AS d;
COMMENT ON VIEW steward.alert_deliveries IS 'alerts on their way to targets';

CREATE OR REPLACE VIEW steward.slow_calls WITH (security_invoker = true) AS
SELECT s.at, s.seconds, s.who, s.nested, s.query, s.plan, s.sqlstate FROM steward.slow_call AS s;
COMMENT ON VIEW steward.slow_calls IS 'statements that took longer than steward.slow_ms, with their plans';

CREATE OR REPLACE VIEW steward.spans WITH (security_invoker = true) AS
SELECT s.span_id, s.parent, s.name, s.started_at, s.ended_at, s.attributes, extract(epoch FROM s.ended_at - s.started_at)::float8 * 1000 AS duration_ms
FROM steward.span AS s;
COMMENT ON VIEW steward.spans IS 'stretches of time that callers have named';

GRANT SELECT ON steward.slo_status, steward.overall_score, steward.availability, steward.alerts, steward.spans
    TO steward_reader, steward_metrics;
GRANT SELECT ON steward.alert_deliveries TO steward_reader;
COMMIT;
