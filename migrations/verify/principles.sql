-- Verify pg_steward:principles on pg
BEGIN;

SELECT principle_id, name, category, statement, criteria, distance_score, created_at, updated_at
FROM steward.constitutional_principles WHERE false;
SELECT 1 / (NOT has_table_privilege('public', 'steward.constitutional_principles', 'SELECT'))::integer;
SELECT 1 / (NOT has_table_privilege('steward_reader', 'steward.constitutional_principles', 'INSERT'))::integer;
SELECT 1 / has_table_privilege('steward_writer', 'steward.constitutional_principles', 'INSERT')::integer;

SELECT 1 / (indexdef LIKE '%(category, distance_score) WHERE (distance_score IS NOT NULL)')::integer
FROM (SELECT max(indexdef) AS indexdef FROM pg_indexes WHERE indexname = 'idx_constitutional_principles_active') AS i;

ROLLBACK;
