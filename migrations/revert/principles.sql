-- Revert pg_steward:principles from pg
BEGIN;

DROP TABLE steward.constitutional_principles;
DROP TYPE steward.synthesis_outcome;

COMMIT;
