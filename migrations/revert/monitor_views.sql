-- Revert pg_steward:monitor_views from pg
BEGIN;
DROP VIEW steward.spans, steward.slow_calls, steward.alert_deliveries, steward.alerts, steward.availability, steward.overall_score, steward.slo_status;
COMMIT;
