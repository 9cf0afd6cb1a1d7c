-- Strategies and recoveries: choices and their propensities, what is counted, what policies are worth, how recoveries go on.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(93);
SET LOCAL timezone = 'UTC';

-- The table of the documents.
SELECT results_eq($$SELECT s.failure_type, s.strategy, f.strategy, t.max_attempts::integer, t.parallel, t.use_cached FROM steward.failure_type AS t
                    JOIN steward.strategy AS s ON s.failure_type = t.failure_type AND s.role = 'primary'
                    JOIN steward.strategy AS f ON f.failure_type = t.failure_type AND f.role = 'fallback' ORDER BY 1$$,
    $$VALUES ('ambiguous_principle', 'explicit_disambiguation', 'human_clarification', 2, false, false),
             ('bias_detected', 'multi_model_consensus', 'human_clarification', 2, false, false),
             ('complexity_high', 'decompose_principle', 'human_clarification', 2, false, false),
             ('confidence_low', 'enhanced_context_prompt', 'multi_model_consensus', 2, false, false),
             ('semantic_conflict', 'explicit_disambiguation', 'human_clarification', 3, false, true),
             ('syntax_error', 'simplified_syntax_prompt', 'decompose_principle', 2, true, false),
             ('timeout', 'simplified_syntax_prompt', 'escalate_to_human', 1, false, false),
             ('validation_failed', 'enhanced_context_prompt', 'human_clarification', 2, false, false)$$, 'what is tried first and then, how often, and how');
SELECT results_eq($$SELECT max_depth, solution_ttl, timeout FROM steward.recovery_setting, steward.queue WHERE queue = 'recovery'$$,
                  $$VALUES (10, interval '3600 seconds', interval '30 seconds')$$, 'ten at once, solutions for an hour, 30 seconds each');
SELECT results_eq($$SELECT DISTINCT strategy FROM steward.strategy WHERE by_person ORDER BY 1$$, $$VALUES ('escalate_to_human'), ('human_clarification')$$, 'what persons do');

-- Odds.
SELECT is(steward.strategy_odds('{1,1}', '{1,1}', '{0,0}'), '{0.5,0.5}'::float8[], 'like ones');
SELECT cmp_ok(abs((steward.strategy_odds('{2,1}', '{1,2}', '{0,0}'))[1] - 0.8333333), '<', 5e-5::float8, 'P(beta(2,1) > beta(1,2)) is 5/6');
SELECT cmp_ok((steward.strategy_odds('{80,60}', '{20,40}', '{0.5,0}'))[1], '<', 1e-4::float8, 'a cost decides');
SELECT is(steward.strategy_odds('{}', '{}', '{}'), '{}'::float8[], 'none');
SELECT is((steward.strategy_odds('{1000,1,1}', '{1,1000,1000}', '{0,0,0}', 0.02))[2], 0.02::float8, 'a floor');
SELECT is(steward.strategy_odds(NULL, '{1}', '{0}'), NULL, 'null');
SELECT throws_ok($$SELECT steward.strategy_odds('{1,2}', '{1}', '{0,0}')$$, '2202E', 'arrays of evidence must be of the same length');
SELECT throws_ok(format('SELECT steward.strategy_odds(%L, ''{1,1}'', ''{0,0}'')', bad), '22023', NULL, 'evidence of ' || bad)
FROM unnest(ARRAY['{1,0}', '{1,NaN}', '{1,Infinity}', '{1,-1}', '{1,NULL}', '{{1,2}}']) AS bad;
SELECT throws_ok($$SELECT steward.strategy_odds('{1,1}', '{1,1}', '{0,NaN}')$$, '22023', 'a cost must be finite');
SELECT throws_ok($$SELECT steward.strategy_odds('{1,1}', '{1,1}', '{0,0}', 1.5)$$, '22023', 'floor must lie between 0 and 1');

-- Choices.
SELECT results_eq($$SELECT p.failure_type, abs(sum(u.p) - 1) < 1e-9, min(u.p) >= 0.02 FROM (SELECT failure_type, q.* FROM steward.failure_type, steward.strategy_propensities(failure_type) AS q) AS p,
                    unnest(p.propensities) AS u (p) GROUP BY 1 HAVING NOT (abs(sum(u.p) - 1) < 1e-9 AND min(u.p) >= 0.02)$$,
                  $$SELECT '', true, true WHERE false$$, 'propensities add up to 1 and have a floor');
SELECT is((SELECT count(DISTINCT c.strategy || c.propensity) FROM generate_series(1, 5) AS i, steward.strategy_choose('timeout', seed => 7 + i * 0) AS c), 1::bigint, 'the same seed chooses the same');
CREATE TEMPORARY TABLE chosen AS SELECT c.* FROM generate_series(1, 4000) AS i, steward.strategy_choose('bias_detected', '{"model": "m"}', seed => i) AS c;
SELECT is_empty($$SELECT strategy FROM (SELECT c.strategy, count(*) / 4000.0 AS share, max(c.propensity) AS p, min(c.propensity) AS low FROM chosen AS c GROUP BY 1) AS s
                  WHERE abs(share - p) > 4 * sqrt(p * (1 - p) / 4000) OR p <> low$$, 'each is chosen as often as its propensity says');
SELECT is((SELECT count(*) FROM chosen), (SELECT count(*) FROM steward.strategy_decision AS d JOIN chosen AS c USING (decision_id)
           WHERE d.context = '{"model": "m"}' AND d.propensity = c.propensity AND cardinality(d.candidates) = 6), 'each is logged with its propensity and context');
SELECT ok(NOT p.candidates && '{default,decompose_principle}' AND cardinality(p.candidates) = 4, 'what is left out') FROM steward.strategy_propensities('timeout', '{default,decompose_principle}') AS p;
SELECT throws_ok($$SELECT steward.strategy_choose('nothing')$$, '42704', 'failure type "nothing" does not exist');
SELECT throws_ok($$SELECT steward.strategy_choose(NULL)$$, '22023');
SELECT throws_ok($$SELECT steward.strategy_choose('timeout', excluded => ARRAY(SELECT strategy FROM steward.strategy))$$, '55000', 'there is no strategy to choose against failure type "timeout"');

-- Rewards.
SELECT throws_ok($$SELECT steward.strategy_reward(-1, true)$$, '42704', 'decision -1 does not exist');
SELECT throws_ok(format('SELECT steward.strategy_reward((SELECT min(decision_id) FROM chosen), %s)', bad), '22023', NULL, 'a reward of ' || bad)
FROM unnest(ARRAY['NULL', 'true, -1', 'true, ''NaN''', 'true, ''Infinity''', 'true, 1, ''-1 s''']) AS bad;
SELECT ok(steward.strategy_reward((SELECT min(decision_id) FROM chosen), true, 2, '3 s'), 'what came of a choice');
SELECT ok(NOT steward.strategy_reward((SELECT min(decision_id) FROM chosen), false), 'is said once');
SELECT results_eq($$SELECT trials, successes, success_rate, mean_cost, mean_duration FROM steward.strategy_stats WHERE trials > 0 AND failure_type = 'bias_detected'$$,
                  $$VALUES (1::bigint, 1::bigint, 1::float8, 2::float8, interval '3 s')$$, 'and counted');
SAVEPOINT reward;
SELECT steward.strategy_reward(decision_id, true) FROM chosen ORDER BY 1 OFFSET 1 LIMIT 10 \g /dev/null
ROLLBACK TO reward;
SELECT is((SELECT trials FROM steward.strategy_stats WHERE trials > 0 AND failure_type = 'bias_detected'), 1::bigint, 'what is rolled back is not');

-- What came first counts less: beside a computation from all outcomes.
SELECT steward.failure_type_create('shifting', discount => 0.9, sharpness => 1) \g /dev/null
SELECT steward.strategy_create('shifting', s, prior_mean => 0.5, prior_strength => 2) FROM unnest('{a,b,c}'::text[]) AS s \g /dev/null
DO $$
DECLARE
    c record;
BEGIN
    FOR i IN 1 .. 60 LOOP
        SELECT * INTO c FROM steward.strategy_choose('shifting', seed => i);
        PERFORM steward.strategy_reward(c.decision_id, (c.strategy = 'a') = (i < 30), i);
    END LOOP;
END $$;
CREATE TEMPORARY VIEW by_hand AS
SELECT o.strategy, count(*) AS trials, sum(0.9 ^ (60 - o.place) * o.success::integer) AS successes, sum(0.9 ^ (60 - o.place)) AS evidence, sum(0.9 ^ (60 - o.place) * o.cost) AS costs
FROM (SELECT *, row_number() OVER (ORDER BY decision_id) AS place FROM steward.strategy_outcome WHERE failure_type = 'shifting') AS o GROUP BY 1;
SELECT is_empty($$SELECT b.*, s.expected FROM by_hand AS b JOIN steward.strategy_stats AS s ON s.failure_type = 'shifting' AND s.strategy = b.strategy
                  WHERE s.trials <> b.trials OR abs(s.expected - (1 + b.successes) / (2 + b.evidence)) > 1e-9 OR abs(s.mean_cost - b.costs / b.evidence) > 1e-9$$,
                'discounted by each outcome of the type');
SELECT is((SELECT sum(trials) FROM by_hand), 60::numeric, 'all of them');
SELECT is((SELECT array_agg(round(p::numeric, 9)) FROM steward.strategy_propensities('shifting') AS q, unnest(q.propensities) AS p),
          (SELECT array_agg(round(p::numeric, 9)) FROM (SELECT steward.strategy_odds(array_agg(1 + coalesce(b.successes, 0)::float8 ORDER BY s), array_agg(1 + coalesce(b.evidence - b.successes, 0)::float8 ORDER BY s), '{0,0,0}',
               greatest(0.005, 0.02 / sqrt(1 + sum(b.evidence)::float8 / 20))) AS odds FROM unnest('{a,b,c}'::text[]) AS s LEFT JOIN by_hand AS b ON b.strategy = s) AS o, unnest(o.odds) AS p), 'choices go by that');
SELECT is((SELECT strategy FROM steward.strategy_stats WHERE failure_type = 'shifting' ORDER BY expected DESC LIMIT 1) <> 'a', true, 'and have left what does not succeed any more');
SELECT steward.failure_type_alter('shifting', success_worth => 10) \g /dev/null
SELECT isnt((SELECT propensities FROM steward.strategy_propensities('shifting')),
            steward.strategy_odds('{1,1,1}', '{1,1,1}', '{0,0,0}'), 'costs count where a success has a worth');

-- Management.
SELECT throws_ok($$SELECT steward.failure_type_create('timeout')$$, '42710', 'failure type "timeout" already exists');
SELECT throws_ok($$SELECT steward.failure_type_create('')$$, '22023');
SELECT throws_ok($$SELECT steward.failure_type_alter('nothing')$$, '42704');
SELECT throws_ok(format('SELECT steward.failure_type_alter(''shifting'', %s)', bad), '22023', 'invalid definition of failure type "shifting"', bad)
FROM unnest(ARRAY['discount => 1.1', 'discount => ''NaN''', 'sharpness => 0', 'max_attempts => 0', 'max_attempts => 100000', 'floor => 2', 'success_worth => -1']) AS bad;
SELECT throws_ok($$SELECT steward.strategy_create('nothing', 'a')$$, '42704');
SELECT throws_ok($$SELECT steward.strategy_create('shifting', 'a')$$, '42710');
SELECT throws_ok($$SELECT steward.strategy_create('shifting', 'd', prior_mean => 1)$$, '22023', 'invalid definition of strategy "d"');
SELECT throws_ok($$SELECT steward.strategy_create('shifting', 'd', role => 'best')$$, '22023');
SELECT throws_ok($$SELECT steward.strategy_alter('shifting', 'd')$$, '42704', 'strategy "d" against failure type "shifting" does not exist');
SELECT throws_ok($$SELECT steward.strategy_alter('shifting', 'a', kind => 'nothing')$$, '42704', 'kind "nothing" of jobs does not exist');
SELECT throws_ok($$SELECT steward.strategy_drop('shifting', 'd')$$, '42704');
SELECT steward.strategy_alter('shifting', 'a', enabled => false) \g /dev/null
SELECT is((SELECT candidates FROM steward.strategy_propensities('shifting')), '{b,c}', 'one that is disabled is not chosen');
SELECT steward.strategy_alter('shifting', 'a', enabled => true), steward.strategy_alter('shifting', 'c', role => 'primary'), steward.failure_type_alter('shifting', adaptive => false) \g /dev/null
SELECT results_eq($$SELECT candidates, propensities FROM steward.strategy_propensities('shifting')$$, $$VALUES ('{c}'::text[], '{1}'::float8[])$$, 'in the order of the table');
SELECT is((SELECT candidates FROM steward.strategy_propensities('shifting', '{c}')), '{a}', 'one after the other');
SELECT steward.strategy_drop('shifting', 'c') \g /dev/null
SELECT is((SELECT count(*) FROM steward.strategy_stats WHERE failure_type = 'shifting'), 2::bigint, 'one is dropped');
SAVEPOINT writer;
GRANT USAGE ON SCHEMA tap TO steward_writer;
SET LOCAL ROLE steward_writer;
SELECT lives_ok($$SELECT steward.strategy_alter('shifting', 'a', prior_mean => 0.7)$$, 'whoever writes has strategies as he likes');
SELECT throws_ok($$SELECT steward.strategy_alter('shifting', 'a', kind => 'recovery_run')$$, '42501', NULL, 'but does not say whose code runs with the rights of others');
RESET ROLE;
ROLLBACK TO writer;
SELECT steward.failure_type_drop('shifting') \g /dev/null
SELECT throws_ok($$SELECT steward.strategy_choose('shifting')$$, '42704', NULL, 'a type is dropped');

-- What a policy would have been worth: shares are known here.
SELECT steward.failure_type_create('known', discount => 1), steward.failure_type_create('other') \g /dev/null
SELECT steward.strategy_create(f, s) FROM unnest('{known,other}'::text[]) AS f, unnest('{a,b,c}'::text[]) AS s \g /dev/null
SELECT setseed(0.25) \g /dev/null
INSERT INTO steward.strategy_outcome (decision_id, rewarded_at, decided_at, failure_type, strategy, propensity, candidates, context, success)
SELECT -d.i, now(), now(), 'known', s.strategy, s.p, '{a,b,c}', '{}', random() < s.share
FROM generate_series(1, 6000) AS n (i) CROSS JOIN LATERAL (SELECT n.i, random() AS r) AS d
     CROSS JOIN LATERAL (SELECT * FROM (VALUES ('a', 0.8::float8, 0.4::float8), ('b', 0.15, 0.7), ('c', 0.05, 0.2)) AS v (strategy, p, share)
                         WHERE CASE WHEN d.r < 0.8 THEN 'a' WHEN d.r < 0.95 THEN 'b' ELSE 'c' END = v.strategy) AS s;
SELECT is_empty(format($$SELECT %L, v.* FROM steward.strategy_value(%L) AS v WHERE v.estimator <> 'logged' AND (abs(v.value - %s) > 3.5 * v.std_error OR v.std_error > 0.04 OR v.decisions <> 6000)$$, policy, policy, worth),
                'worth of ' || policy)
FROM (VALUES ('{"known": "a"}', 0.4), ('{"known": "b"}', 0.7), ('{"known": "c"}', 0.2), ('{"known": {"a": 1, "b": 1}}', 0.55), ('{"known": {"b": 0.3, "c": 0.7}}', 0.35)) AS v (policy, worth);
SELECT cmp_ok((SELECT abs(value - 0.4365) FROM steward.strategy_value('{"known": "b"}') WHERE estimator = 'logged'), '<', 0.03::float8, 'beside what was had');
SELECT cmp_ok((SELECT std_error FROM steward.strategy_value('{"known": "b"}') WHERE estimator = 'snips'), '<',
              (SELECT std_error FROM steward.strategy_value('{"known": "c"}') WHERE estimator = 'snips'), 'what was done seldom is known less');
SELECT ok((SELECT high - low FROM steward.strategy_value('{"known": "b"}', confidence => 0.99) WHERE estimator = 'snips')
          > (SELECT high - low FROM steward.strategy_value('{"known": "b"}', confidence => 0.8) WHERE estimator = 'snips'), 'more confidence, a wider interval');
UPDATE steward.strategy_outcome SET candidates = '{a,c}' WHERE failure_type = 'known' AND strategy <> 'b' AND decision_id < -5900;
SELECT is((SELECT left_out FROM steward.strategy_value('{"known": "b"}') WHERE estimator = 'snips') > 80, true, 'where it could not have chosen it is left out');
SELECT is((SELECT sum(left_out) FROM steward.strategy_value('{"known": {"a": 0.5, "b": 0.5}}')), 0::numeric, 'it chooses among those that were to be had');
SELECT results_eq($$SELECT estimator, value, decisions FROM steward.strategy_value('{"other": "a"}')$$,
                  $$VALUES ('logged', NULL::float8, 0::bigint), ('snips', NULL, 0), ('doubly robust', NULL, 0)$$, 'nothing is known');
SELECT throws_ok(format('SELECT * FROM steward.strategy_value(%L)', bad), code, NULL, 'a policy of ' || bad)
FROM (VALUES ('{}', '22023'), ('[1]', '22023'), ('{"known": 1}', '22023'), ('{"known": {"a": -1}}', '22023'), ('{"known": {"a": "x"}}', '22023'),
             ('{"known": {"a": 0}}', '22023'), ('{"known": "d"}', '42704'), ('{"nothing": "a"}', '42704')) AS v (bad, code);
SELECT throws_ok($$SELECT * FROM steward.strategy_value('{"known": "a"}', confidence => 0.7)$$, '22023');
SELECT throws_ok($$SELECT * FROM steward.strategy_value('{"known": "a"}', 'other')$$, '42704');
SELECT is(steward.strategy_policy('table') ->> 'syntax_error', 'simplified_syntax_prompt', 'the policy of the table');
SELECT is(jsonb_array_length(jsonb_path_query_array(steward.strategy_policy(p), '$.known')), 1, 'policy ' || p) FROM unnest('{uniform,greedy,current}'::text[]) AS p;
SELECT is((SELECT count(*) FROM steward.strategy_value(steward.strategy_policy('current'))), 3::bigint, 'is one to be valued');

-- What is old goes, in portions.
INSERT INTO steward.strategy_decision (decision_id, decided_at, failure_type, strategy, propensity, candidates, context)
SELECT -i, now() - interval '31 days', 'known', 'a', 1, '{a}', '{}' FROM generate_series(1, 25) AS i;
INSERT INTO steward.recovery (principle_id, recovery_id, owner, failure_type, state, failure_hash, max_attempts, dispatched_at, ended_at)
SELECT -1, -i, 'steward_owner', 'known', 'failed', '', 1, now() - interval '32 days', now() - interval '31 days' FROM generate_series(1, 15) AS i;
INSERT INTO steward.recovery_attempt (principle_id, recovery_id, attempt, owner, strategy, started_at, ended_at, outcome)
SELECT -1, -i, 1, 'steward_owner', 'a', now(), now(), 'failure' FROM generate_series(1, 15) AS i;
SELECT is(array[steward.recovery_purge(now(), 10), steward.recovery_purge(now(), 10), steward.recovery_purge(now(), 10), steward.recovery_purge(now(), 10)], '{10,10,5,0}', 'portions');
SELECT is((SELECT count(*) FROM steward.recovery_attempt WHERE principle_id = -1) + (SELECT count(*) FROM steward.strategy_decision WHERE decision_id < 0), 0::bigint, 'and all that belongs to it');
SELECT * FROM finish();
ROLLBACK;
