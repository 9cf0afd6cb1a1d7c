-- Verify pg_steward:fidelity on pg
BEGIN;
SELECT scope, period, trend_over, most_jobs, first_pass_target, resolution_target FROM steward.fidelity_setting WHERE false;
SELECT scope, next_at, calculated_at FROM steward.fidelity_state WHERE false;
SELECT component, weight, minimum, direction, description, source, query, owner, days, max_age FROM steward.fidelity_component WHERE false;
SELECT component, owner, value, computed_at, error, error_at FROM steward.fidelity_component_value WHERE false;
SELECT component, measured_at, measurement_id, value, weight, weight_thousandths, weighted FROM steward.fidelity_measurement WHERE false;
SELECT principle_id, appeal_id, severity, reason, opened_at, closed_at, outcome FROM steward.fidelity_appeal WHERE false;
SELECT missing, below_minimum, trend, reasons, high_severity_appeals, formula_version FROM steward.qec_fidelity_calculations WHERE false;
SELECT score_billionths FROM steward.constitutional_principles WHERE false;
SELECT category, scored, score_billionths FROM steward.fidelity_principles WHERE false;
SELECT day, finished, succeeded FROM steward.fidelity_attempts WHERE false;
SELECT component, day, measurements, weight_thousandths, weighted FROM steward.fidelity_measured WHERE false;
SELECT day, appeals FROM steward.fidelity_appealed WHERE false;
SELECT principle_id, failed_at, failures, resolved_at, duration, target, met FROM steward.failure_resolutions WHERE false;
SELECT period, resolved, unresolved, mean_time, p95_time, share_in_time, target, met FROM steward.failure_resolution_stats WHERE false;
SELECT period, principles, succeeded, success_rate, target, met FROM steward.first_pass_success WHERE false;
SELECT 'steward.fidelity_refresh()'::regprocedure;
ROLLBACK;
