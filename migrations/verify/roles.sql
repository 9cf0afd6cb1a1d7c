-- Verify pg_steward:roles on pg
BEGIN;

SELECT 1 / (count(*) = 5)::integer FROM pg_roles
WHERE rolname IN ('steward_owner', 'steward_reader', 'steward_writer', 'steward_worker', 'steward_metrics');
SELECT 1 / (NOT rolsuper AND rolcanlogin AND rolbypassrls)::integer FROM pg_roles WHERE rolname = 'steward_worker';
SELECT 1 / has_schema_privilege('steward_reader', 'steward', 'USAGE')::integer;
SELECT 1 / (NOT has_schema_privilege('steward_reader', 'steward', 'CREATE'))::integer;

ROLLBACK;
