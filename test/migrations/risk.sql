-- The risk of a principle: what it goes by, what follows from it, that all of 0 to 1 and each strategy can be reached.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SET LOCAL search_path = tap, pg_catalog;
SELECT no_plan();
SELECT is(steward.principle_risk_of('{"syntax_error": 0, "semantic_conflict": 0, "any": 1}'), 0::float8, 'no failure, no risk');
SELECT cmp_ok(steward.principle_risk_of('{"semantic_conflict": 1}'), '>', 0.999999::float8, 'what is certain and severe is a risk of 1');
SELECT is(round(steward.principle_risk_of('{"syntax_error": 0.5, "timeout": 0.5}')::numeric, 9), 0.58, '1 - (1 - 0.8 * 0.5) * (1 - 0.6 * 0.5)');
SELECT is(round(steward.principle_risk_of('{"new": 0.5}')::numeric, 9), 0.4, 'a type that is not named is as bad as most');
SELECT is(round(steward.principle_risk_of('{"new": 0.5}', '{"new": 0.2}')::numeric, 9), 0.1, 'unless somebody says how bad');
SELECT is(steward.principle_risk_of('{}'), 0::float8, 'nothing');
SELECT set_eq($$SELECT DISTINCT steward.principle_risk_strategy(i / 1000.0::float8) FROM generate_series(0, 1000) AS i$$,
    $$VALUES ('enhanced_validation'), ('human_review_required'), ('multi_model_consensus'), ('standard_synthesis')$$, 'every strategy can be reached');
SELECT results_eq($$SELECT steward.principle_risk_strategy(r) FROM unnest('{0.29,0.3,0.59,0.6,0.79,0.8}'::float8[]) AS r$$,
    $$VALUES ('standard_synthesis'), ('enhanced_validation'), ('enhanced_validation'), ('multi_model_consensus'), ('multi_model_consensus'), ('human_review_required')$$, 'from where on');

CREATE ROLE risk_owner LOGIN IN ROLE steward_writer, steward_job;
GRANT USAGE ON SCHEMA tap, steward TO risk_owner, steward_reader;
-- Of 400 principles a third say things that cannot be decided, and a third are long; attempts fail accordingly.
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement)
SELECT i, 'n', CASE i % 2 WHEN 0 THEN 'Safety' ELSE 'Fairness' END,
       CASE i % 3 WHEN 0 THEN 'Access may be appropriate in case ' || i || ' where reasonable, as far as possible.'
                  WHEN 1 THEN 'A token of kind ' || i || ' expires after 15 minutes.'
                  ELSE 'Unless the register of part ' || i || ' says so, the officer who keeps it, and whoever acts for them, reports each entry, each change and each removal.' END
FROM generate_series(1, 400) AS i;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, attempted_at, failure_type, final_outcome)
SELECT i, now() - make_interval(hours => a), f.failure, CASE WHEN f.failure IS NULL THEN 'success' ELSE 'failure' END::steward.synthesis_outcome
FROM generate_series(1, 400) AS i, generate_series(1, 5) AS a,
     LATERAL (SELECT CASE WHEN i % 3 = 0 AND hashint8(i * 10 + a) % 10 <> 0 THEN 'semantic_conflict'
                          WHEN i % 3 = 2 AND hashint8(i * 10 + a) % 2 = 0 THEN 'complexity_high' END) AS f (failure);
SELECT is((SELECT count(*) FROM steward.principle_failures WHERE attempts > 4), 0::bigint, 'what is known before an attempt is what came before it');
SELECT results_eq('SELECT attempts FROM steward.principle_failures WHERE principle_id = 1 ORDER BY attempted_at', 'VALUES (0::bigint), (1), (2), (3), (4)', 'in order');
SELECT results_eq('SELECT DISTINCT success_rate FROM steward.principle_failures WHERE principle_id = 1 ORDER BY 1', 'VALUES (1::float8), (NULL)', 'and how it went');
SELECT steward.summary_refresh('steward.qec_attempts') \g /dev/null
SET ROLE risk_owner;
SELECT throws_ok('SELECT steward.principle_risk(1)', '55000', 'no model of the risk of principles serves', 'without a model');
SELECT steward.principle_risk_enable() \g /dev/null
SELECT throws_ok('SELECT steward.principle_risk(1)', '55000', NULL, 'before it is trained');
SELECT is((SELECT outcome FROM steward.model_train('principle_risk')), 'promoted', 'it learns from attempts');
SELECT throws_ok('SELECT steward.principle_risk(99999)', 'P0002', 'principle 99999 does not exist', 'no principle');
SELECT set_eq($$SELECT key FROM steward.principle_risk(3) AS r, jsonb_object_keys(r.failures) AS key$$, '{semantic_conflict,complexity_high,any}'::text[], 'each failure that has occurred');
SELECT cmp_ok((SELECT overall_risk FROM steward.principle_risk(3)), '>', 0.7::float8, 'a vague one');
SELECT is((SELECT confident FROM steward.principle_risk(3)), true, 'of which it is sure');
SELECT cmp_ok((SELECT overall_risk FROM steward.principle_risk(1)), '<', 0.3::float8, 'a clear one');
SELECT is((SELECT strategy FROM steward.principle_risk(1)), 'standard_synthesis', 'what to do');
SELECT is((SELECT count(*) FROM generate_series(1, 400) AS i, steward.principle_risk(i) AS r WHERE r.confident <> (r.strategy IS NOT NULL)
           OR r.confident <> (greatest((r.failures ->> 'any')::float8, 1 - (r.failures ->> 'any')::float8) >= 0.7)), 0::bigint, 'nothing, where it is not sure');
SELECT ok((SELECT count(*) FROM steward.qec_error_predictions WHERE recommended_strategy IS NULL) > 0, 'as of those that fail half of the time');
SELECT results_eq($$SELECT overall_risk_score, predicted_failures, recommended_strategy, model_version FROM steward.qec_error_predictions WHERE principle_id = 3 ORDER BY prediction_timestamp DESC LIMIT 1$$,
    $$SELECT overall_risk, failures, strategy, model_version FROM steward.principle_risk(3)$$, 'it is stored');
SELECT matches((SELECT model_version FROM steward.principle_risk(3)), '^principle_risk 1 [0-9a-f]{12}$', 'with the version');
RESET ROLE;
UPDATE steward.constitutional_principles SET statement = 'A token of kind 3 expires after 15 minutes.' WHERE principle_id = 3;
SET ROLE risk_owner;
SELECT cmp_ok((SELECT (failures ->> 'semantic_conflict')::float8 FROM steward.principle_risk(3)), '<',
              (SELECT (predicted_failures ->> 'semantic_conflict')::float8 FROM steward.qec_error_predictions WHERE principle_id = 3 ORDER BY prediction_timestamp LIMIT 1),
              'another text, another risk: what is cached is that of its content');
CREATE TEMPORARY TABLE before AS SELECT (failures ->> 'complexity_high')::float8 AS high FROM steward.principle_risk(3);
SELECT steward.model_learn('principle_risk', to_jsonb(i) - 'principle_id', '{complexity_high}'::text[]) FROM steward.principle_inputs AS i, generate_series(1, 5) WHERE i.principle_id = 3 \g /dev/null
SELECT cmp_ok((SELECT (failures ->> 'complexity_high')::float8 FROM steward.principle_risk(3)), '>', (SELECT high FROM before), 'and what the model was taught since');
RESET ROLE;

-- What type of failure an error is of.
SELECT is((SELECT count(DISTINCT error) FROM steward.failure_examples()), 128::bigint, 'each example is one of its own');
SELECT set_eq('SELECT failure_type FROM steward.failure_examples()', 'SELECT failure_type FROM steward.failure_type', 'of each type that there is');
SET ROLE risk_owner;
SELECT throws_ok($$SELECT steward.failure_type_of('timed out')$$, '42704', NULL, 'without a model');
SELECT steward.failure_type_enable() \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('failure_type')), 'promoted', 'examples are enough to begin with');
SELECT is(steward.failure_type_of('parse error: unexpected token in line 7'), 'syntax_error', 'an error that is like others');
SELECT is(steward.failure_type_of('the request timed out, no response'), 'timeout', 'and another');
SELECT is(steward.failure_type_of('hello'), NULL, 'one that says nothing');
SELECT lives_ok($$SELECT steward.recovery_dispatch(1, error => 'the request timed out, no response')$$, 'a recovery');
SELECT is((SELECT failure_type FROM steward.recoveries WHERE principle_id = 1), 'timeout', 'is dispatched by it');
SELECT throws_ok($$SELECT steward.recovery_dispatch(1, error => 'hello')$$, '22023', 'what type of failure it is does not follow from the error', 'unless that is not certain');
RESET ROLE;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, failure_type, final_outcome, error_details)
SELECT 1, 'quota', 'failure', jsonb_build_object('message', 'quota of account ' || i || ' is used up') FROM generate_series(1, 60) AS i;
SET ROLE risk_owner;
SELECT steward.model_train('failure_type') \g /dev/null
SELECT is(steward.failure_type_of('quota of account 777 is used up'), 'quota', 'what was logged is learnt');
RESET ROLE;
SET ROLE steward_reader;
SELECT throws_ok('SELECT steward.principle_risk(1)', '42501', NULL, 'who only reads predicts nothing that is stored');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
