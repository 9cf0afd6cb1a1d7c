-- Revert pg_steward:cache from pg
BEGIN;
DROP TABLE steward.cache_dependency, steward.cache_namespace;
COMMIT;
