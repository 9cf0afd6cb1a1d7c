-- Each statement that config_import() gives can be run, and does what it says.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT no_plan();

SELECT steward.principle_risk_enable() \g /dev/null
CREATE TEMPORARY TABLE imported AS
SELECT i.key, i.statement
FROM steward.config_keys() AS k
     CROSS JOIN LATERAL steward.config_import(jsonb_build_object(k.name, CASE k.kind WHEN 'number' THEN '7' WHEN 'boolean' THEN to_jsonb(NOT k.standard::boolean)
                                                                                  ELSE '"0 5 * * *"' END)) AS i
WHERE i.status = 'statement';
SELECT cmp_ok(count(*), '>=', 15::bigint, 'many settings are statements') FROM imported;
UPDATE imported SET statement = replace(statement, '''7''', '''0.5''') WHERE key ~ 'confidence';
SELECT lives_ok(statement, key) FROM imported WHERE statement NOT LIKE 'ALTER SYSTEM%' ORDER BY key; -- that is not for transactions
SELECT is((SELECT array_agg(statement) FROM imported WHERE statement LIKE 'ALTER SYSTEM%'), ARRAY['ALTER SYSTEM SET steward.max_workers = ''7'''], 'one is of the server');
SELECT results_eq($$SELECT batch_size, max_features, retrain_rows, retrain_cron, confidence FROM steward.model WHERE name = 'principle_risk'$$,
    $$VALUES (7, 7, 7::bigint, '0 5 * * *', 0.5::float8)$$, 'the model');
SELECT results_eq($$SELECT max_entries::bigint, warm FROM steward.cache_namespace WHERE namespace = 'distance'$$, $$VALUES (7::bigint, 'none')$$, 'a cache');
SELECT results_eq($$SELECT timeout, solution_ttl FROM steward.recovery_setting$$, $$VALUES (interval '7 s', interval '7 s')$$, 'recoveries');
SELECT results_eq($$SELECT period, most_jobs FROM steward.fidelity_setting$$, $$VALUES (interval '7 s', 7)$$, 'fidelity');
SELECT is_empty($$SELECT FROM steward.failure_type WHERE adaptive$$, 'strategies');

SELECT * FROM finish();
ROLLBACK;
