-- The summary counts each attempt once, shows every principle, and refreshes beside its readers.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(12);

-- Two principles with two attempts each, several scores, predictions and fidelities; a third with nothing.
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement)
VALUES (1, 'one', 'a', 'It may.'), (2, 'two', 'a', 'It is.'), (3, 'three', 'b', 'It should.');
INSERT INTO steward.qec_distance_calculations
SELECT p, now() - i * interval '1 hour', 0.5 + i / 10.0, 0, 0, 0, 'f', 'l'
FROM generate_series(1, 2) AS p, generate_series(0, 1) AS i;
INSERT INTO steward.qec_error_predictions (principle_id, prediction_timestamp, overall_risk_score, model_version)
SELECT p, now() - i * interval '1 hour', 0.2 + i / 10.0, 'm' FROM generate_series(1, 2) AS p, generate_series(0, 1) AS i;
INSERT INTO steward.qec_fidelity_calculations (calculation_timestamp, composite_score, level)
SELECT now() - i * interval '5 minutes', 0.9 - i / 100.0, 'green' FROM generate_series(0, 10) AS i;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome)
VALUES (1, 'success'), (1, 'failure'), (2, 'success'), (2, NULL);
SELECT steward.refresh_qec_performance_summary();

SELECT results_eq(
    $$SELECT principle_id, composite_score, overall_risk_score, fidelity_score, synthesis_attempts, success_rate
      FROM steward.qec_performance_summary ORDER BY principle_id$$,
    $$VALUES (1::bigint, 0.5::float8, 0.2::float8, 0.9::float8, 2::bigint, 0.5::float8),
             (2, 0.5, 0.2, 0.9, 2, 1), (3, NULL, NULL, 0.9, 0, NULL)$$,
    'one row a principle, each attempt counted once, one in progress counted neither way');
SELECT is((SELECT sum(synthesis_attempts) FROM steward.qec_performance_summary), 4::numeric, 'no attempt is multiplied');

INSERT INTO steward.qec_fidelity_calculations (calculation_timestamp, composite_score, level)
VALUES (now() + interval '1 second', 0.4, 'critical');
SELECT is((SELECT DISTINCT fidelity_score FROM steward.qec_performance_summary), 0.4::float8,
          'a new fidelity shows without a refresh');
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (3, 'success');
SELECT is((SELECT synthesis_attempts FROM steward.qec_performance_summary WHERE principle_id = 3), 0::bigint,
          'what was computed stays until a refresh');
SELECT steward.refresh_qec_performance_summary();
SELECT is((SELECT synthesis_attempts FROM steward.qec_performance_summary WHERE principle_id = 3), 1::bigint,
          '... and is new after one');

SELECT throws_ok(
    $$CREATE INDEX ON steward.qec_distance_calculations (principle_id) WHERE score_updated_at > now() - interval '24 hours'$$,
    '42P17', NULL, 'a predicate that says NOW() is refused');
DO $$ BEGIN PERFORM steward.partition_create('steward.qec_distance_calculations', current_date - i)
              FROM generate_series(2, 9) AS i; END $$;
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT ok((SELECT count(*) FILTER (WHERE line ~ 'Index') > 0 AND count(*) FILTER (WHERE line ~ 'Subplans Removed') > 0
           FROM pg_temp.plan_of($$SELECT * FROM steward.qec_distance_calculations WHERE principle_id = 1
                                  AND score_updated_at > now() - interval '24 hours'$$) AS line),
          'the last 24 hours of a principle: an index of the days in question');
SELECT ok((SELECT bool_or(line ~ 'Index Scan using qec_error_predictions.*_overall_risk_score_')
           FROM pg_temp.plan_of($$SELECT * FROM steward.qec_error_predictions
                                  WHERE overall_risk_score > 0.7 ORDER BY overall_risk_score DESC LIMIT 5$$) AS line),
          'high risks: the index that keeps the immutable half of its predicate');

SELECT is((SELECT string_agg(DISTINCT substring(line FROM ' on (\w+)'), ', ')
           FROM pg_temp.plan_of('SELECT name, composite_score, synthesis_attempts FROM steward.qec_performance_summary') AS line),
          'qec_performance_rows', 'who does not ask for history or fidelity has none of it read');
SELECT ok((SELECT bool_or(line ~ 'InitPlan') AND bool_or(line ~ 'qec_fidelity')
           FROM pg_temp.plan_of('SELECT name, fidelity_score FROM steward.qec_performance_summary') AS line),
          'the newest fidelity is looked up once, for whoever asks');

SELECT is_empty(
    $$SELECT c.relname FROM pg_class AS c, aclexplode(c.relacl) AS a
      WHERE c.relnamespace = 'steward'::regnamespace AND a.grantee = 0$$, 'PUBLIC gets no table');
SELECT is_empty(
    $$SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'steward'::regnamespace AND p.prosecdef
      AND (p.proowner <> 'steward_owner'::regrole OR NOT 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig))$$,
    'SECURITY DEFINER: owned by no superuser, with a search_path that ends in pg_temp');
SELECT * FROM finish();
ROLLBACK;
