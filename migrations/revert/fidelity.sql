-- Revert pg_steward:fidelity from pg
-- Calculations stay, but for those in which nothing was known. Schedules of components' queries belong to their owners, and
-- stay without doing anything.
BEGIN;
SET LOCAL ROLE steward_owner;
DROP VIEW steward.failure_resolutions, steward.failure_resolution_stats, steward.first_pass_success;
DROP FUNCTION steward.failure_episodes(timestamptz), steward.fidelity_refresh();
SELECT steward.summary_drop('steward.' || name)
FROM unnest(ARRAY['fidelity_principles', 'fidelity_attempts', 'fidelity_measured', 'fidelity_appealed']) AS name;
DELETE FROM steward.job_kind WHERE kind = 'fidelity_component';
DELETE FROM steward.qec_fidelity_calculations WHERE composite_score IS NULL;
ALTER TABLE steward.qec_fidelity_calculations
    DROP COLUMN missing, DROP COLUMN below_minimum, DROP COLUMN trend, DROP COLUMN reasons, DROP COLUMN high_severity_appeals,
    DROP COLUMN formula_version,
    ALTER COLUMN composite_score SET NOT NULL,
    ALTER COLUMN level SET NOT NULL;
ALTER TABLE steward.constitutional_principles DROP COLUMN score_billionths;
DELETE FROM steward.history_retention WHERE table_name = 'fidelity_measurement';
DROP TABLE steward.fidelity_appeal, steward.fidelity_measurement, steward.fidelity_component_value, steward.fidelity_component,
           steward.fidelity_state, steward.fidelity_setting;
COMMIT;
