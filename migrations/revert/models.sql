-- Revert pg_steward:models from pg
-- Schedules belong to the owners of models, and stay without doing anything.
BEGIN;
SET LOCAL ROLE steward_owner;
DROP VIEW steward.models, steward.model_drift, steward.model_versions, steward.principle_failures, steward.principle_inputs, steward.failure_errors;
DELETE FROM steward.job_kind WHERE kind = 'model_train';
DROP TABLE steward.model_champion, steward.model_learnt, steward.model_example, steward.model_window, steward.model_state, steward.model_version, steward.model;
DROP FUNCTION steward.model_serves(), steward.model_learns();
COMMIT;
