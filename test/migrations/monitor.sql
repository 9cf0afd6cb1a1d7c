-- What is measured is stored minute by minute, put together over time, and compared before and after a change.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT no_plan();

-- Histograms.
SELECT is((SELECT ARRAY[steward.histogram_count(h), sum(c)] FROM steward.histogram_of('{0.001,0.002,0.4}', '{5,4,1}') AS h, unnest(steward.histogram_counts(h)) AS c GROUP BY h),
          ARRAY[10, 10]::numeric[], 'each duration is in a bucket');
SELECT is(round(steward.histogram_total(steward.histogram_of('{0.001,0.4}', '{5,1}'))::numeric, 6), 0.405, 'the sum is exact');
SELECT is((SELECT steward.histogram_sum(h) FROM (VALUES (steward.histogram_of('{0.1}', '{2}')), (steward.histogram_of('{3}', '{1}')), (NULL)) AS v (h)),
          steward.histogram_of('{0.1,3}', '{2,1}'), 'histograms add up');
SELECT ok(steward.histogram_quantile(steward.histogram_of('{0.1,3}', '{95,5}'), 0.95) BETWEEN 0.1 / 1.42 AND 0.1 * 1.42, 'a quantile');
SELECT is(steward.histogram_quantile(steward.histogram_of('{}', '{}'), 0.5), NULL, 'of nothing');
SELECT is(cardinality(steward.histogram_bounds()), 64, 'as many bounds as buckets');
SELECT throws_ok($$SELECT steward.histogram_count('\x0203')$$, '22P03', NULL, 'strange bytes');
SELECT throws_ok($$SELECT steward.histogram_of('{1}', '{-1}')$$, '22023', NULL, 'a negative count');
SELECT throws_ok($$SELECT steward.histogram_of('{1,2}', '{1}')$$, '2202E', NULL, 'counts and values that do not belong together');
SELECT throws_ok($$SELECT steward.histogram_quantile(steward.histogram_of('{}', '{}'), 2)$$, '22023', NULL, 'no quantile');

-- Operations, from one moment to the next.
CREATE TEMPORARY TABLE taken AS SELECT steward.operation_snapshot() AS before;
SELECT count(steward.levenshtein('a', 'b' || i)) FROM generate_series(1, 500) AS i;
DO $$ BEGIN PERFORM steward.criteria_formality('{}'); EXCEPTION WHEN invalid_parameter_value THEN NULL; END $$;
SELECT results_eq($$SELECT o.ok, o.errors, steward.histogram_count(o.bins) BETWEEN 1 AND 500 FROM taken, steward.operation_since(before, steward.operation_snapshot()) AS o
                    WHERE o.operation = 'levenshtein'$$, $$VALUES (500::bigint, 0::bigint, true)$$, 'calls and durations since');
SELECT results_eq($$SELECT o.ok, o.errors FROM taken, steward.operation_since(before, steward.operation_snapshot()) AS o WHERE o.operation = 'criteria_formality'$$,
                  $$VALUES (0::bigint, 1::bigint)$$, 'errors');
SELECT is_empty($$SELECT FROM taken, steward.operation_since(before, before)$$, 'nothing between a moment and itself');
SELECT throws_ok($$SELECT steward.operation_since('\x01ff', '\x')$$, '22023', NULL, 'strange snapshots');

-- Metrics of users.
GRANT USAGE ON SCHEMA tap TO steward_reader, steward_writer, steward_worker, steward_sidecar;
SET LOCAL ROLE steward_writer;
SELECT lives_ok($$SELECT steward.metric_create('answer_tokens', 'counter', 'tokens of answers', '{model}', 'tokens', 3),
                         steward.metric_create('answer_seconds', 'histogram', 'time to an answer', '{model}'),
                         steward.metric_create('temperature', 'gauge', 'how hot it is')$$, 'a writer makes metrics');
SELECT throws_ok($$SELECT steward.metric_create('X', 'gauge', 'd')$$, '22023', NULL, 'a name that is none');
SELECT throws_ok($$SELECT steward.metric_create('x', 'summary', 'd')$$, '22023', NULL, 'a kind that is none');
SELECT throws_ok($$SELECT steward.metric_create('x', 'gauge', '')$$, '22023', NULL, 'a metric without a description');
SELECT throws_ok($$SELECT steward.metric_create('x', 'gauge', 'd', '{a,a}')$$, '22023', NULL, 'two labels of one name');
SELECT throws_ok($$SELECT steward.metric_create('temperature', 'gauge', 'd')$$, '23505', NULL, 'a metric that is there');
SELECT throws_ok($$SELECT steward.metric_record('nothing', 1)$$, '42704', NULL, 'a metric that is not there');
SELECT throws_ok($$SELECT steward.metric_record('temperature', 1, '{"a": "b"}')$$, '22023', NULL, 'a label too many');
SELECT throws_ok($$SELECT steward.metric_record('answer_tokens', 1)$$, '22023', NULL, 'a label too few');
SELECT throws_ok($$SELECT steward.metric_record('answer_tokens', 1, '{"model": 1}')$$, '22023', NULL, 'a label that is no text');
SELECT throws_ok($$SELECT steward.metric_record('answer_tokens', -1, '{"model": "a"}')$$, '22023', NULL, 'a counter does not fall');
SELECT throws_ok($$SELECT steward.metric_record('temperature', 'NaN')$$, '22023', NULL, 'no number');
SELECT throws_ok($$SELECT steward.metric_record_many('temperature', '{1}', '{1}')$$, '42809', NULL, 'a gauge is no histogram');
SELECT throws_ok($$SELECT steward.metric_drop('operation_seconds')$$, '42704', NULL, 'built-in metrics stay');
SELECT steward.metric_record('answer_tokens', i, jsonb_build_object('model', 'm' || i)) FROM generate_series(1, 5) AS i;
SELECT steward.metric_record('answer_tokens', 10, '{"model": "m1"}'), steward.metric_record('temperature', 20), steward.metric_record('answer_seconds', 0.5, '{"model": "m1"}');
SELECT steward.metric_record_many('answer_seconds', '{0.25,1}', '{98,1}', '{"model": "m1"}');
RESET ROLE;

-- A round.
DELETE FROM steward.monitor_state;
DELETE FROM steward.heartbeat;
DELETE FROM steward.metric_history;
SET LOCAL ROLE steward_worker;
SELECT isnt(at, NULL, 'the first round is due') FROM steward.monitor_run();
SELECT is(at, NULL, 'the next one is not') FROM steward.monitor_run();
SELECT is((SELECT s.errors FROM steward.monitor_state AS s), '{}', 'nothing could not be looked at');
RESET ROLE;
SELECT is_empty('TABLE steward.metric_sample', 'what was recorded is counted');
CREATE TEMPORARY VIEW seen AS SELECT v.* FROM steward.metric_values('-infinity', 'infinity') AS v;
SELECT results_eq($$SELECT labels ->> 'model', value FROM seen WHERE name = 'answer_tokens' ORDER BY 1$$,
                  $$VALUES ('m1', 11::float8), ('m2', 2), ('m3', 3), ('other', 9)$$, 'label sets beyond the bound are counted together');
SELECT results_eq($$SELECT n, round(value::numeric, 4), p50 BETWEEN 0.17 AND 0.36 FROM seen WHERE name = 'answer_seconds'$$,
                  $$VALUES (100::bigint, 0.26, true)$$, 'durations, one by one and many at once');
SELECT results_eq($$SELECT kind, value, last FROM seen WHERE name = 'temperature'$$, $$VALUES ('gauge', 20::float8, 20::float8)$$, 'a gauge');
SELECT is_empty($$SELECT FROM seen WHERE name = 'operation_seconds'$$, 'what was before the first round belongs to no minute');

-- The second round has what came in between.
SELECT steward.operation_begin('score', 'some_test') \gset
SELECT count(steward.levenshtein('a', 'b' || i)) FROM generate_series(1, 300) AS i;
SET LOCAL ROLE steward_writer;
SELECT steward.metric_record('answer_tokens', 7, '{"model": "m7"}'), steward.metric_record('temperature', 30), steward.metric_record('temperature', 40);
RESET ROLE;
SET LOCAL ROLE steward_worker;
SELECT is(series > 20, true, 'a round by force') FROM steward.monitor_run(true);
RESET ROLE;
SELECT is((SELECT value FROM seen WHERE name = 'operation_calls' AND labels ->> 'operation' = 'levenshtein'), 300::float8, 'calls since the last round');
SELECT is((SELECT value FROM seen WHERE name = 'answer_tokens' AND labels ->> 'model' = 'other'), 16::float8, 'what is other is one series');
SELECT results_eq($$SELECT rounds, value, lowest, highest, first, last FROM seen WHERE name = 'temperature'$$,
                  $$VALUES (2::bigint, 30::float8, 20::float8, 40::float8, 20::float8, 40::float8)$$, 'of a gauge the last value of a minute');
SELECT set_has($$SELECT name FROM seen$$, $$VALUES ('host_memory_bytes'), ('host_load'), ('server_memory_bytes'), ('database_connections'), ('queue_running'), ('summary_lag_seconds')$$,
               'the machine, the server, jobs and summaries');
SELECT ok((SELECT count(*) BETWEEN 1 AND 2 FROM steward.heartbeat WHERE source = 'worker'), 'the worker was there in this minute');
SELECT is((SELECT count(*) FROM steward.metric_history WHERE cardinality(scalars) = cardinality(amounts)), 2::bigint, 'a row a round');

-- What fails is left out and named.
SAVEPOINT broken;
ALTER TABLE steward.queue RENAME TO queue_gone;
SET LOCAL ROLE steward_worker;
SELECT isnt(at, NULL, 'a round goes on without a part') FROM steward.monitor_run(true);
RESET ROLE;
SELECT matches((SELECT s.errors ->> 'jobs' FROM steward.monitor_state AS s), 'steward.queue', 'and names it');
ROLLBACK TO broken;

-- Figures.
SELECT results_eq($$SELECT value, n FROM steward.metric_measure('answer_tokens', '{}', 'share', '{"model": ["m1", "m2"]}', now() - interval '1 day', now() + interval '1 day')$$,
                  $$VALUES (13 / 32::float8, 32::bigint)$$, 'a share');
SELECT is((SELECT value FROM steward.metric_measure('temperature', '{}', 'growth', '{}', now() - interval '1 day', now() + interval '1 day')), 1::float8, 'growth');
SELECT is((SELECT value FROM steward.metric_measure('answer_tokens', '{"model": {"not": ["other"]}}', 'rate', '{}', now() - interval '1 day', now() + interval '1 day')) > 0, true, 'a rate');
SELECT results_eq($$SELECT value, n FROM steward.metric_measure('temperature', '{"no": "such"}', 'mean', '{}', now() - interval '1 day', now() + interval '1 day')$$,
                  $$VALUES (NULL::float8, 0::bigint)$$, 'of nothing');
SELECT throws_ok($$SELECT steward.metric_measure('temperature', '{}', 'median', '{}', now() - interval '1 day', now() + interval '1 day')$$, '22023', NULL, 'no measure');
SELECT is((SELECT sum(n) FROM steward.metric_points('temperature')), 2::numeric, 'points over time');
SELECT throws_ok($$SELECT steward.metric_points('nothing')$$, '42704', NULL, 'points of no metric');

-- A change: 60 minutes before and after, one operation a quarter slower, one the same. Each minute has durations of its own.
DELETE FROM steward.metric_history;
CREATE TEMPORARY TABLE mark AS SELECT date_trunc('minute', clock_timestamp()) - interval '2 hours' AS at;
GRANT SELECT ON mark TO PUBLIC;
SELECT setseed(0.5);
INSERT INTO steward.metric_history (at, seconds, scalars, amounts, histograms, bins)
SELECT mark.at + i * interval '1 minute', 60, '{}', '{}',
       steward.metric_series_take('{operation_seconds,operation_seconds}', ARRAY['{"component": "score", "operation": "changed"}',
                                  '{"component": "score", "operation": "same"}']::jsonb[], mark.at),
       ARRAY[steward.histogram_of(ARRAY(SELECT 0.002 * (0.5 + random()) * CASE WHEN i > 0 THEN 1.25 ELSE 1 END FROM generate_series(1, 50)), array_fill(1::bigint, ARRAY[50])),
             steward.histogram_of(ARRAY(SELECT 0.002 * (0.5 + random()) FROM generate_series(1, 50 + i % 2)), array_fill(1::bigint, ARRAY[50 + i % 2]))]
FROM mark, generate_series(-59, 60) AS i;
SELECT results_eq($$SELECT what, verdict, change BETWEEN 0.18 AND 0.32, low > 0, n_before, n_after FROM mark, steward.slower_since(mark.at) WHERE verdict = 'slower'$$,
                  $$VALUES ('score.changed', 'slower', true, true, 3000::bigint, 3000::bigint)$$, 'what became slower');
SELECT is((SELECT verdict FROM mark, steward.slower_since(mark.at) WHERE what = 'score.same'), 'unchanged', 'what did not');
SELECT ok((SELECT abs(extract(epoch FROM first_seen - mark.at)) <= 180 FROM mark, steward.slower_since(mark.at) WHERE what = 'score.changed'), 'since when');
SELECT is((SELECT verdict FROM mark, steward.slower_since(mark.at, '3 minutes') WHERE what = 'score.changed'), 'too little data', 'of three minutes nothing is said');
SELECT throws_ok($$SELECT steward.slower_since(now(), '0')$$, '22023', NULL, 'no window');
SET LOCAL ROLE steward_writer;
SELECT is(steward.change_mark('a new index', mark.at), mark.at, 'a mark') FROM mark;
SELECT isnt(steward.change_mark('another', mark.at), mark.at, 'two marks have two times') FROM mark;
SELECT throws_ok($$SELECT steward.change_mark('')$$, '22023', NULL, 'a mark says what changed');
SELECT throws_ok($$UPDATE steward.change_mark SET verdicts = '[]'$$, '42501', NULL, 'whoever marks does not judge');
RESET ROLE;
SET LOCAL ROLE steward_worker;
SELECT is(steward.monitor_judge(mark.at + interval '1 hour'), 2::bigint, 'marks of the last hour are judged') FROM mark;
SELECT is(steward.monitor_judge(mark.at + interval '62 minutes'), 0::bigint, 'every five minutes') FROM mark;
SELECT is((SELECT verdicts -> 0 ->> 'what' FROM steward.change_mark WHERE note = 'a new index'), 'score.changed', 'what became slower stands beside the mark');

-- Bounded rounds forget what no history is about.
SELECT is(steward.monitor_forget(clock_timestamp() + interval '15 days'), 0::bigint, 'nothing is forgotten too early');
SELECT cmp_ok(steward.monitor_forget(clock_timestamp() + interval '17 days'), '>', 0::bigint, 'series that are past keeping are');
RESET ROLE;

-- The sidecar says that it is there and what it has answered, and looks at nothing.
SET LOCAL ROLE steward_sidecar;
SELECT lives_ok($$SELECT steward.heartbeat('sidecar'), steward.heartbeat('sidecar'), steward.metric_record('http_in_flight', 3),
                         steward.metric_record('http_requests', 7, '{"route": "/a", "status": "2xx"}'),
                         steward.metric_record_many('http_request_seconds', '{0.1}', '{7}', '{"route": "/a"}')$$, 'the sidecar reports');
SELECT throws_ok($$SELECT steward.heartbeat('Side Car')$$, '22023', NULL, 'under a name');
SELECT throws_ok($$SELECT * FROM steward.metric_history$$, '42501', NULL, 'it reads no history');
SELECT throws_ok($$SELECT * FROM steward.constitutional_principles$$, '42501', NULL, 'nor data');
RESET ROLE;
SELECT is((SELECT beats FROM steward.heartbeat WHERE source = 'sidecar' ORDER BY minute DESC LIMIT 1), 2, 'beats of a minute are counted');

-- A reader reads; whoever is nobody does not.
SET LOCAL ROLE steward_reader;
SELECT lives_ok($$SELECT count(*) FROM steward.metric_values('-infinity', 'infinity')$$, 'a reader reads values');
SELECT throws_ok($$SELECT steward.metric_record('temperature', 1)$$, '42501', NULL, 'and records none');
SELECT throws_ok($$SELECT steward.monitor_run(true)$$, '42501', NULL, 'nor does a reader monitor');
SELECT throws_ok($$SELECT * FROM steward.statement_text$$, '42501', NULL, 'nor read what others ask');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
