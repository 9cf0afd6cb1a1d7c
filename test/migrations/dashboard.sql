-- Spans and where their time goes; all of it at one look; what is due before production.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT no_plan();
GRANT USAGE ON SCHEMA tap TO steward_reader, steward_writer, steward_worker, steward_metrics;

-- Spans.
SET LOCAL ROLE steward_writer;
SELECT steward.span_start('total-evaluation', attributes => '{"run": 7}') AS root \gset
SELECT steward.span_start('scoring', :'root') AS part \gset
SELECT pg_sleep(0.02);
SELECT ok(steward.span_end(:'part') >= interval '20 ms', 'a span is as long as it was');
SELECT steward.span_end(:'root', '{"cases": 3}');
SELECT results_eq($$SELECT name, attributes, parent IS NULL FROM steward.spans ORDER BY started_at$$,
                  $$VALUES ('total-evaluation', '{"run": 7, "cases": 3}'::jsonb, true), ('scoring', '{}', false)$$, 'one within the other, with attributes');
SELECT is_empty($$SELECT FROM steward.spans WHERE abs(extract(epoch FROM steward.span_started_at(span_id) - started_at)) > 0.001$$, 'a name holds its time');
SELECT is((SELECT count(DISTINCT steward.span_id_at(now())) FROM generate_series(1, 1000)), 1000::bigint, 'and is nobody else''s');
SELECT throws_ok(format($$SELECT steward.span_end(%L)$$, :'part'), '42704', NULL, 'a span ends once');
SELECT throws_ok($$SELECT steward.span_start('')$$, '22023', NULL, 'a span has a name');
SELECT throws_ok($$SELECT steward.span_start('x', attributes => '[]')$$, '22023', NULL, 'attributes are an object');
RESET ROLE;

-- An evaluation of 10 s: loading 1 s, 4 executions of 2 s each, one of them with 1.5 s of scoring, and 100 ms of reports.
DELETE FROM steward.span;
CREATE FUNCTION pg_temp.span(id integer, parent integer, name text, begun float8, ended float8) RETURNS void LANGUAGE sql AS $$
    INSERT INTO steward.span (span_id, parent, name, started_at, ended_at)
    SELECT lpad(id::text, 32, '0')::uuid, lpad(parent::text, 32, '0')::uuid, name, at + begun * interval '1 second', at + ended * interval '1 second'
    FROM (SELECT clock_timestamp() - interval '1 minute') AS m (at) $$;
SELECT pg_temp.span(1, NULL, 'total-evaluation', 0, 10), pg_temp.span(2, 1, 'dataset-loading', 0, 1), pg_temp.span(3, 1, 'runner-execution', 1, 3), pg_temp.span(4, 1, 'runner-execution', 3, 5),
       pg_temp.span(5, 1, 'runner-execution', 5, 7), pg_temp.span(6, 1, 'runner-execution', 7, 9), pg_temp.span(7, 3, 'scoring', 1, 2.5), pg_temp.span(8, 1, 'report-generation', 9, 9.1);
SET LOCAL ROLE steward_reader;
SELECT results_eq($$SELECT severity, component, calls, round(total_ms), round(self_ms), round(share::numeric, 2) FROM steward.bottlenecks()$$,
                  $$VALUES ('critical', 'runner-execution', 4::bigint, 8000::float8, 6500::float8, 0.65), ('major', 'scoring', 1, 1500, 1500, 0.15),
                           ('major', 'dataset-loading', 1, 1000, 1000, 0.10), ('minor', 'total-evaluation', 1, 10000, 900, 0.09),
                           ('minor', 'report-generation', 1, 100, 100, 0.01)$$, 'where the time goes: long calls, much of all, or both');
SELECT results_eq($$SELECT component FROM steward.bottlenecks(5000, 0.12) WHERE severity = 'major'$$, $$VALUES ('runner-execution'), ('scoring')$$, 'by bounds of one''s own');
SELECT is_empty($$SELECT * FROM steward.bottlenecks(since => now() + interval '1 day')$$, 'of a time without spans');
SELECT throws_ok($$SELECT * FROM steward.bottlenecks(0)$$, '22023', NULL, 'bounds that are none');
RESET ROLE;

-- The page. Whatever it shows has an n or a window.
DELETE FROM steward.metric_history;
DELETE FROM steward.monitor_state;
SELECT steward.prompt_cache_create('shown');
SELECT steward.rate_limit_create('shown', requests => 4), steward.rate_limit_acquire('shown');
SELECT steward.prompt_set('shown', 'What is shown?', 'This.');
SELECT answer FROM steward.prompt_get('shown', 'What is shown?'); -- from the next round on it is counted
SET LOCAL ROLE steward_worker;
SELECT count(*) FROM steward.monitor_run();
RESET ROLE;
SELECT count(steward.levenshtein('a', 'b' || i)) FROM generate_series(1, 1000) AS i;
SELECT steward.metric_record_many('http_request_seconds', '{0.01,0.3}', '{99,1}', '{"route": "/api"}'), steward.metric_record('http_in_flight', 60);
SELECT steward.change_mark('a change');
SELECT count(*) FROM generate_series(1, 3) AS i CROSS JOIN LATERAL steward.prompt_get('shown', CASE WHEN i < 3 THEN 'What is shown?' ELSE 'Quite another' || i END) AS g;
SELECT steward.span_end(steward.span_start('report-generation'));
SET LOCAL ROLE steward_worker;
SELECT count(*) FROM steward.monitor_run(true);
RESET ROLE;
SET LOCAL ROLE steward_reader;
CREATE TEMPORARY TABLE page AS SELECT steward.dashboard() AS shown;
SELECT set_has($$SELECT jsonb_object_keys(shown) FROM page$$, $$VALUES ('at'), ('window_seconds'), ('last_round'), ('score'), ('slo'), ('components'), ('operations'), ('duties'),
               ('routes'), ('caches'), ('prompts'), ('queues'), ('summaries'), ('models'), ('tick'), ('host'), ('availability'), ('statements'), ('changes'), ('alerts')$$, 'all parts are there');
SELECT results_eq($$SELECT (o ->> 'calls')::numeric, (o ->> 'n')::numeric > 0, o ? 'p95_s', o ->> 'component' FROM page, jsonb_array_elements(shown -> 'operations') AS o
                    WHERE o ->> 'operation' = 'levenshtein'$$, $$VALUES (1000::numeric, true, true, 'text')$$, 'calls and latency of an operation');
SELECT is((SELECT c ->> 'track' FROM page, jsonb_array_elements(shown -> 'components') AS c WHERE c ->> 'component' = 'text'), 'mathematical', 'and of its component');
SELECT results_eq($$SELECT r ->> 'route', (r ->> 'n')::integer FROM page, jsonb_array_elements(shown -> 'routes') AS r$$, $$VALUES ('/api', 100)$$, 'of requests');
SELECT is((SELECT n FROM steward.metric_values(now() - interval '1 hour', now() + interval '1 hour') WHERE name = 'span_seconds' AND labels ->> 'name' = 'report-generation'), 1::bigint,
          'spans are measured, too');
SELECT results_eq($$SELECT p ->> 'cache', (p ->> 'exact')::integer, (p ->> 'missed')::integer, (p ->> 'n')::integer FROM page, jsonb_array_elements(shown -> 'prompts') AS p
                    WHERE p ->> 'cache' = 'shown'$$, $$VALUES ('shown', 2, 1, 3)$$, 'prompt caches');
SELECT is((SELECT last FROM steward.metric_values(now() - interval '1 hour', now() + interval '1 hour') WHERE name = 'rate_limit_share' AND labels ->> 'rate_limit' = 'shown'),
          0.25::float8, 'rate limits');
SELECT is((SELECT shown -> 'changes' -> 0 ->> 'note' FROM page), 'a change', 'changes');
SELECT is_empty($$SELECT s FROM page, jsonb_array_elements(shown -> 'slo') AS s WHERE NOT s ?& '{n,window_seconds,grade,value}'$$, 'objectives have a window and an n');
SELECT ok((SELECT (shown -> 'host' ->> 'host_memory_bytes')::float8 > 1e8 FROM page), 'the machine');
SELECT is((SELECT q -> 'ready' FROM page, jsonb_array_elements(shown -> 'queues') AS q WHERE q ->> 'queue' = 'default'), '0', 'queues');
SELECT ok((SELECT (shown -> 'last_round' ->> 'age_s')::float8 BETWEEN 0 AND 60 FROM page), 'how old it is');
SELECT throws_ok($$SELECT steward.dashboard('1 year')$$, '22023', NULL, 'a window that is too long');
SELECT results_eq($$SELECT response_time_p95 > 0, alerts, mathematical > 0 FROM steward.performance_summary()$$, $$VALUES (true, 0::bigint, true)$$, 'each figure is a column');
SELECT set_has($$SELECT jsonb_object_keys(steward.performance_report() -> 'summary')$$,
               $$VALUES ('avg_execution_time'), ('overall_cache_hit_rate'), ('avg_memory_usage'), ('total_duration'), ('total_components'), ('slowest_component'), ('throughput'), ('cpu_usage')$$,
               'the report has what is asked for');
SELECT ok((SELECT steward.performance_check() ? 'passed'), 'a check has a verdict');

-- What is due before production.
SELECT results_eq($$SELECT DISTINCT item FROM steward.preflight() ORDER BY 1$$, 'SELECT generate_series(1, 8)', 'the eight items');
SELECT is((SELECT state FROM steward.preflight() WHERE name = 'load'), 'ok', 'a load of 60 was seen');
SELECT matches((SELECT detail FROM steward.preflight() WHERE name = 'alerts'), '^8 alert rules', 'alerts are set up');
RESET ROLE;
SET LOCAL ROLE steward_metrics;
SELECT lives_ok($$SELECT steward.dashboard(), steward.performance_report()$$, 'metrics may show it');
RESET ROLE;
UPDATE steward.monitor_setting SET paused = true;
SELECT is((SELECT state FROM steward.preflight() WHERE name = 'monitor'), 'warning', 'a monitor that is paused');
UPDATE steward.monitor_setting SET paused = false;
UPDATE steward.slo_measured SET value = 5, n = 1000 WHERE name = 'http_p95';
SELECT matches((SELECT detail FROM steward.preflight() WHERE name = 'targets' AND state = 'error'), 'http_p95', 'a target that is missed');
SELECT is((SELECT steward.performance_check() ->> 'passed'), 'false', 'fails the check');
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'steward.span_ended'::regclass;
SELECT matches((SELECT detail FROM steward.doctor() WHERE name = 'indexes' AND state = 'warning'), 'span_ended', 'an index that is not valid');
SELECT * FROM finish();
ROLLBACK;
