-- Revert pg_steward:rate_limits from pg
BEGIN;
SET LOCAL ROLE steward_owner;
DROP TABLE steward.rate_permit, steward.rate_state, steward.rate_limit;
COMMIT;
