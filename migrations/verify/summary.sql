-- Verify pg_steward:summary on pg
BEGIN;

SELECT principle_id, name, category, composite_score, overall_risk_score, fidelity_score, synthesis_attempts,
       success_rate
FROM steward.qec_performance_summary WHERE false;
SELECT 1 / has_function_privilege('steward_writer', 'steward.refresh_qec_performance_summary()', 'EXECUTE')::integer;
SELECT 1 / (NOT has_function_privilege('public', 'steward.refresh_qec_performance_summary()', 'EXECUTE'))::integer;

ROLLBACK;
