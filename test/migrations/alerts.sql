-- Objectives are graded by bands without gaps; rules open alerts when they have been beyond their threshold for long enough,
-- and close them again.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT no_plan();
GRANT USAGE ON SCHEMA tap TO steward_reader, steward_writer, steward_worker, steward_sidecar;

-- Bands.
SELECT results_eq($$SELECT steward.slo_grade('below', v, 0.2, 0.5, 1) FROM unnest('{0.2,0.5,0.7,1,1.01}'::float8[]) AS v$$,
                  $$VALUES ('excellent'), ('target'), ('acceptable'), ('acceptable'), ('poor')$$, 'each value has a grade: nothing lies between acceptable and poor');
SELECT results_eq($$SELECT steward.slo_grade('above', v, 0.9, 0.7, 0.5) FROM unnest('{0.9,0.7,0.6,0.5,0.4}'::float8[]) AS v$$,
                  $$VALUES ('excellent'), ('target'), ('acceptable'), ('acceptable'), ('poor')$$, 'the other way round');
SELECT throws_ok($$UPDATE steward.slo SET target = 2 WHERE name = 'http_p95' AND preset = 'strict'$$, '23514', NULL, 'bands do not overlap');
SELECT is_empty($$SELECT name FROM steward.slo GROUP BY name HAVING count(*) FILTER (WHERE active) <> 1$$, 'each objective is graded once');
SELECT is_empty(
    $$SELECT s.name FROM steward.slo AS s JOIN steward.slo AS o USING (name)
      WHERE s.preset = 'strict' AND CASE s.better WHEN 'below' THEN o.target < s.target ELSE o.target > s.target END AND (s.name, o.preset) <> ('cache_hit_share', 'nfcs')$$,
    'by the strictest of all targets, but for the goal of a warm cache, which is excellent');
SELECT results_eq($$SELECT unit, target FROM steward.slo WHERE active AND name IN ('http_p95', 'error_share', 'availability_worker', 'memory', 'dataset_loading') ORDER BY name$$,
                  $$VALUES ('share', 0.999::float8), ('seconds', 0.5), ('share', 0.01), ('seconds', 0.2), ('bytes', 5e8)$$, 'targets of the documents');
-- As the documents have them: excellent, target, acceptable; beyond that it is poor.
SELECT set_eq(
    $$SELECT name, preset, better, excellent, target, acceptable FROM steward.slo
      WHERE name ~ '^(dataset_loading|runner_execution|exact_match|semantic_scoring|model_judging|report_generation|http_mean)$'
            OR (name, preset) IN (('cache_hit_share', 'aah'), ('memory', 'strict'), ('memory', 'neoc'), ('http_p95', 'neoc'), ('error_share', 'neoc'), ('http_rate', 'strict'),
                                  ('availability_worker', 'qec'), ('availability_worker', 'strict'), ('http_p95', 'nfcs'))$$,
    $$VALUES ('dataset_loading', 'strict', 'below', 0.2::float8, 0.5::float8, 1::float8), ('runner_execution', 'strict', 'below', 1, 2, 5), ('exact_match', 'strict', 'below', 0.005, 0.01, 0.05),
             ('semantic_scoring', 'strict', 'below', 0.05, 0.1, 0.5), ('model_judging', 'strict', 'below', 3, 5, 10), ('report_generation', 'strict', 'below', 0.5, 1, 3),
             ('cache_hit_share', 'aah', 'above', 0.9, 0.7, 0.5), ('memory', 'strict', 'below', 2e8, 5e8, 1e9), ('memory', 'neoc', 'below', 1e9, 2e9, 4e9),
             ('http_mean', 'strict', 'below', 1, 5, 10), ('http_p95', 'neoc', 'below', 5, 10, 20), ('http_p95', 'nfcs', 'below', 0.5, 1, 2), ('error_share', 'neoc', 'below', 0.01, 0.05, 0.1),
             ('http_rate', 'strict', 'above', 50, 10, 1), ('availability_worker', 'qec', 'above', 0.999, 0.995, 0.99), ('availability_worker', 'strict', 'above', 0.9995, 0.999, 0.995)$$,
    'bands of the documents');

-- Measured: requests, heartbeats.
CREATE TEMPORARY TABLE moment AS SELECT date_trunc('minute', clock_timestamp()) AS at;
GRANT SELECT ON moment TO PUBLIC;
DELETE FROM steward.metric_history;
DELETE FROM steward.heartbeat;
CREATE FUNCTION pg_temp.minute(at timestamptz, names text[], labels jsonb[], amounts float8[], timed text[], timed_labels jsonb[], bins bytea[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO steward.metric_history (at, seconds, scalars, amounts, histograms, bins)
    VALUES (at, 60, steward.metric_series_take(names, labels, at), amounts, steward.metric_series_take(timed, timed_labels, at), bins) $$;
SELECT pg_temp.minute(at - i * interval '1 minute', '{http_requests,http_requests,cache_lookups,cache_lookups,server_memory_bytes}',
                      ARRAY['{"route": "/a", "status": "2xx"}', '{"route": "/a", "status": "5xx"}', '{"namespace": "n", "result": "hit"}',
                            '{"namespace": "n", "result": "miss"}', '{}']::jsonb[], ARRAY[990, 10, 70, 30, 3e8],
                      '{http_request_seconds,span_seconds,span_seconds,span_seconds,operation_seconds}',
                      ARRAY['{"route": "/a"}', '{"name": "dataset-loading"}', '{"name": "llm-judge"}', '{"name": "report-generation"}',
                            '{"component": "text", "operation": "exact_match"}']::jsonb[],
                      ARRAY[steward.histogram_of('{0.05,0.15}', '{90,10}'), steward.histogram_of('{0.3}', '{1}'), steward.histogram_of('{2}', '{1}'),
                            steward.histogram_of('{4}', '{1}'), steward.histogram_of('{0.03}', '{10}')])
FROM moment, generate_series(0, 59) AS i;
INSERT INTO steward.heartbeat (source, minute) SELECT 'worker', at - i * interval '1 minute' FROM moment, generate_series(1, 1000) AS i WHERE i <> 500;
SET LOCAL ROLE steward_worker;
SELECT cmp_ok(steward.slo_evaluate(at), '>=', 20::bigint, 'objectives are evaluated') FROM moment;
RESET ROLE;
SET LOCAL ROLE steward_reader;
SELECT results_eq($$SELECT name, grade, met, n FROM steward.slo_status
                    WHERE name IN ('http_p95', 'http_success', 'cache_hit_share', 'memory', 'availability_worker', 'http_rate') ORDER BY name$$,
                  $$VALUES ('availability_worker', 'target', true, 1000::bigint), ('cache_hit_share', 'acceptable', false, 6000), ('http_p95', 'target', true, 6000),
                           ('http_rate', 'target', true, 60000), ('http_success', 'target', true, 60000), ('memory', 'target', true, 60)$$, 'graded, each with its n');
SELECT results_eq($$SELECT name, grade, n FROM steward.slo_status WHERE name IN ('dataset_loading', 'model_judging', 'report_generation', 'exact_match') ORDER BY name$$,
                  $$VALUES ('dataset_loading', 'target', 60::bigint), ('exact_match', 'acceptable', 600), ('model_judging', 'excellent', 60), ('report_generation', 'poor', 60)$$,
                  'steps of evaluations');
SELECT is((SELECT grade FROM steward.slo_status WHERE name = 'semantic_scoring'), NULL, 'what was not measured has no grade');
SELECT is((SELECT round(score::numeric, 1) FROM steward.overall_score), (SELECT round((100 * sum(weight) FILTER (WHERE met) / sum(weight))::numeric, 1)
          FROM steward.slo_status WHERE grade IS NOT NULL), 'the overall score is the weight that is met');
SELECT results_eq($$SELECT minutes, up, share FROM moment, steward.availability_of('worker', '1 day', at)$$,
                  $$VALUES (1000::bigint, 999::bigint, 0.999::float8)$$, 'availability counts minutes');
SELECT is((SELECT minutes FROM moment, steward.availability_of('nobody', '1 day', at)), 0::bigint, 'of what was never there there are none');
RESET ROLE;
SET LOCAL ROLE steward_writer;
SELECT cmp_ok(steward.slo_use('neoc'), '>', 2::bigint, 'another preset');
SELECT is((SELECT target FROM steward.slo_status WHERE name = 'http_p95'), 10::float8, 'has other figures');
SELECT throws_ok($$SELECT steward.slo_use('none')$$, '42704', NULL, 'a preset that is none');
SELECT steward.slo_use('strict');
RESET ROLE;

-- The three alerts of the governance document fire and close. Minute by minute, as the monitor does.
DELETE FROM steward.metric_history;
INSERT INTO steward.alert_target (name, url, least_severity) VALUES ('pager', 'https://pager.example/x', 'critical'), ('chat', 'https://chat.example/x', 'info');
CREATE TEMPORARY TABLE told (minute integer, changed bigint);
GRANT ALL ON told TO PUBLIC;
CREATE FUNCTION pg_temp.pass(since integer, until integer, seconds float8, hits float8, connections float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN since .. until LOOP
        PERFORM pg_temp.minute(at + i * interval '1 minute', '{cache_lookups,cache_lookups,database_connections}',
                               ARRAY['{"namespace": "n", "result": "hit"}', '{"namespace": "n", "result": "miss"}', '{}']::jsonb[],
                               ARRAY[hits, 100 - hits, connections], '{operation_seconds}', '{"{\"component\": \"score\", \"operation\": \"x\"}"}',
                               ARRAY[steward.histogram_of(ARRAY[seconds], '{100}')]) FROM moment;
        SET LOCAL ROLE steward_worker;
        INSERT INTO told SELECT i, steward.alert_evaluate(at + i * interval '1 minute') FROM moment;
        RESET ROLE;
    END LOOP;
END $$;
CREATE TEMPORARY VIEW standing AS
SELECT rule, state, severity, value, description FROM steward.alerts WHERE rule LIKE 'QEC%' AND state <> 'closed';
SELECT pg_temp.pass(1, 10, 0.05, 95, 20);
SELECT is_empty('TABLE standing', 'nothing is wrong');
SELECT pg_temp.pass(11, 15, 0.5, 95, 20);
SELECT results_eq('SELECT rule, state FROM standing', $$VALUES ('QECHighLatency', 'pending')$$, 'slow for four minutes');
SELECT pg_temp.pass(16, 16, 0.5, 95, 20);
SELECT results_eq('SELECT rule, state, severity, value > 0.2 FROM standing', $$VALUES ('QECHighLatency', 'open', 'warning', true)$$, 'for five');
SELECT matches((SELECT description FROM standing), '^95th percentile latency is 0\.[0-9]+s$', 'with the figure in its text');
SELECT is((SELECT since + interval '5 minutes' = opened_at FROM steward.alerts WHERE rule = 'QECHighLatency' AND state = 'open'), true, 'since when');
SELECT pg_temp.pass(17, 27, 0.05, 60, 20);
SELECT results_eq('SELECT rule, state FROM standing ORDER BY 1', $$VALUES ('QECLowCacheHitRate', 'pending')$$, 'fast again: closed; few hits, but not for ten minutes');
SELECT pg_temp.pass(28, 29, 0.05, 60, 51);
SELECT set_eq('SELECT rule, state FROM standing', $$VALUES ('QECLowCacheHitRate', 'open'), ('QECHighDatabaseConnections', 'pending')$$, 'for ten; many connections');
SELECT pg_temp.pass(30, 34, 0.05, 95, 51);
SELECT results_eq('SELECT rule, state, severity, description FROM standing', $$VALUES ('QECHighDatabaseConnections', 'open', 'critical', 'Active connections: 51.0')$$,
                  'connections can be too many');
SELECT pg_temp.pass(35, 36, 0.05, 95, 50);
SELECT is_empty('TABLE standing', 'all is well again');
SELECT results_eq($$SELECT rule, state, peak >= value, closed_at > opened_at FROM steward.alerts WHERE rule LIKE 'QEC%' ORDER BY opened_at$$,
                  $$VALUES ('QECHighLatency', 'closed', true, true), ('QECLowCacheHitRate', 'closed', false, true), ('QECHighDatabaseConnections', 'closed', true, true)$$,
                  'what was is kept');
SELECT results_eq($$SELECT minute FROM told WHERE changed > 0 ORDER BY 1$$, $$VALUES (16), (21), (29), (32), (33), (35)$$, 'each opens and closes once');

-- Deliveries.
SELECT results_eq($$SELECT target, rule, event FROM steward.alert_delivery WHERE rule LIKE 'QEC%' ORDER BY created_at, target$$,
    $$VALUES ('chat', 'QECHighLatency', 'opened'), ('chat', 'QECHighLatency', 'closed'), ('chat', 'QECLowCacheHitRate', 'opened'), ('chat', 'QECLowCacheHitRate', 'closed'),
             ('chat', 'QECHighDatabaseConnections', 'opened'), ('pager', 'QECHighDatabaseConnections', 'opened'),
             ('chat', 'QECHighDatabaseConnections', 'closed'), ('pager', 'QECHighDatabaseConnections', 'closed')$$, 'to each target, by its severity');
UPDATE steward.alert_delivery SET next_at = next_at - interval '1 hour';
SET LOCAL ROLE steward_sidecar;
CREATE TEMPORARY TABLE claimed AS SELECT * FROM steward.alert_deliveries_claim(3);
SELECT is((SELECT count(*) FROM claimed WHERE url LIKE 'https://%' AND body ? 'description' AND attempt = 1), 3::bigint, 'the sidecar takes some');
SELECT is((SELECT count(*) FROM steward.alert_deliveries_claim(100)), 5::bigint, 'and another one others');
SELECT is_empty('SELECT * FROM steward.alert_deliveries_claim(100)', 'until their lease is over none comes again');
SELECT steward.worker_clock() AS told_at \gset
SELECT results_eq($$SELECT steward.alert_delivery_record(target, delivery_id, s.status, s.why)
                    FROM (SELECT *, row_number() OVER () AS place FROM claimed) AS c JOIN (VALUES (1, 204, NULL), (2, NULL, 'no answer'), (3, 404, NULL)) AS s (place, status, why) USING (place)
                    ORDER BY place$$, $$VALUES ('done'), ('retry'), ('dead')$$, 'what came of them');
SELECT throws_ok($$SELECT steward.alert_delivery_record(target, delivery_id, 200) FROM claimed$$, '55000', NULL, 'once');
RESET ROLE;
SELECT is((SELECT count(*) FROM steward.alert_delivery WHERE state = 'ready' AND error = 'no answer' AND next_at >= :'told_at'::timestamptz + interval '5 seconds'), 1::bigint, 'it is tried again later');
SET LOCAL ROLE steward_writer;
SELECT throws_ok($$INSERT INTO steward.alert_target (name, url) VALUES ('x', 'https://x')$$, '42501', NULL, 'a writer sends alerts nowhere');
SELECT throws_ok($$SELECT url FROM steward.alert_target$$, '42501', NULL, 'nor reads where they go');
RESET ROLE;
SELECT throws_ok($$INSERT INTO steward.alert_target (name, url) VALUES ('x', 'ftp://x')$$, '23514', NULL, 'only to web addresses');
SELECT throws_ok($$INSERT INTO steward.alert_target (name, url, secret_ref) VALUES ('x', 'https://x', 'hunter2')$$, '23514', NULL, 'secrets are references');

-- Rules of a site's own, and rules that go.
SELECT pg_temp.pass(37, 37, 0.05, 95, 20);
INSERT INTO steward.alert_rule (name, metric, measure, op, threshold, hold, summary, description)
VALUES ('Busy', 'database_connections', 'last', '>', 10, '0', 'Busy', '{{ $value }} of {{$threshold}}'), ('Unknown', 'no_such', 'mean', '>', 1, '0', 's', 'd');
SELECT pg_temp.pass(38, 38, 0.05, 95, 20);
SELECT results_eq($$SELECT rule, state, description FROM steward.alerts WHERE rule IN ('Busy', 'Unknown')$$, $$VALUES ('Busy', 'open', '20.0 of 10.0')$$, 'at once where nothing is to be waited for');
UPDATE steward.alert_rule SET active = false WHERE name = 'Busy';
SELECT pg_temp.pass(39, 39, 0.05, 95, 20);
SELECT results_eq($$SELECT state, note FROM steward.alerts WHERE rule = 'Busy'$$, $$VALUES ('closed', 'the rule is gone or not active')$$, 'an alert goes with its rule');
SELECT matches(steward.prometheus_rules(), 'name: qec_performance\s+rules:\s+- alert: QECHighDatabaseConnections\s+expr: "max\(steward_database_sessions\) > 50"\s+for: 300s', 'the same for Prometheus');
SELECT unalike(steward.prometheus_rules(), '%Unknown%', 'but for rules that have no expression');
SELECT is_empty($$SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text ~ 'steward\.(slo|alert|metric|span|heartbeat)'$$, 'no table of these holds another');
SELECT * FROM finish();
ROLLBACK;
