-- Revert pg_steward:api_tokens from pg
-- The roles belong to the cluster, and stay.
BEGIN;
DROP TABLE steward.api_token;
COMMIT;
