-- Revert pg_steward:alerts from pg
BEGIN;
SET LOCAL ROLE steward_owner;
DROP TABLE steward.alert_delivery, steward.alert_target, steward.alert, steward.alert_state, steward.alert_rule, steward.slo_measured, steward.slo;
COMMIT;
