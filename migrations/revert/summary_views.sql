-- Revert pg_steward:summary_views from pg
BEGIN;
DROP VIEW steward.summaries;
COMMIT;
