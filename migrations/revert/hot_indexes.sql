-- Revert pg_steward:hot_indexes from pg
-- The views and indexes themselves belong to their makers, and stay.
BEGIN;
DROP VIEW steward.hot_indexes;
DROP TABLE steward.hot_index;
COMMIT;
