-- Verify pg_steward:history on pg
BEGIN;

SELECT principle_id, composite_score, score_updated_at FROM steward.qec_distance_calculations WHERE false;
SELECT principle_id, overall_risk_score, prediction_timestamp FROM steward.qec_error_predictions WHERE false;
SELECT composite_score, calculation_timestamp FROM steward.qec_fidelity_calculations WHERE false;
SELECT attempt_id, principle_id, final_outcome FROM steward.qec_synthesis_attempt_logs WHERE false;
-- Today and seven days ahead, and a default for what is out of range, each.
SELECT 1 / (count(*) >= 4 * 9)::integer FROM pg_inherits
WHERE inhparent IN ('steward.qec_distance_calculations'::regclass, 'steward.qec_error_predictions'::regclass,
                    'steward.qec_fidelity_calculations'::regclass, 'steward.qec_synthesis_attempt_logs'::regclass);

ROLLBACK;
