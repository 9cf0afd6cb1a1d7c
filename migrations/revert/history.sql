-- Revert pg_steward:history from pg
BEGIN;

DROP TABLE steward.qec_distance_calculations, steward.qec_error_predictions, steward.qec_fidelity_calculations,
           steward.qec_synthesis_attempt_logs;

COMMIT;
