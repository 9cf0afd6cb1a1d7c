-- What bench/monitor measures; it prints lines "INFO: name figure".
\set ON_ERROR_STOP 1
SET client_min_messages = info;
SELECT set_config('bench.runs', :'runs', false);

-- Two weeks of 120 histograms and 80 gauges and counters. A minute of a histogram has a hundred calls.
CREATE TEMPORARY TABLE pool AS
SELECT i, steward.histogram_of(ARRAY(SELECT exp(ln(0.0008) + 0.5 * (random() + random() + random() + random() - 2) * 1.7 + i % 7) FROM generate_series(1, 100 + 0 * i)),
                               array_fill(1::bigint, ARRAY[100])) AS bins
FROM generate_series(1, 500) AS i;
CREATE TEMPORARY TABLE series AS
SELECT steward.metric_series_take(array_agg(v.name), array_agg(v.labels), now()) AS all_of_them
FROM (SELECT 'operation_seconds' AS name, jsonb_build_object('component', 'c' || i % 12, 'operation', 'o' || i) AS labels FROM generate_series(1, 120) AS i
      UNION ALL SELECT 'operation_calls', jsonb_build_object('component', 'c' || i % 12, 'operation', 'o' || i, 'status', 'ok') FROM generate_series(1, 80) AS i) AS v;
DO $$
DECLARE
    s bigint[] := (SELECT all_of_them FROM series);
    bins bytea[] := (SELECT array_agg(p.bins) FROM pool AS p);
    minutes constant integer := 14 * 1440;
BEGIN
    INSERT INTO steward.metric_history (node, at, seconds, scalars, amounts, histograms, bins)
    SELECT 'bench', date_trunc('day', now()) + i * interval '1 second', 60, s[121:200],
           ARRAY(SELECT CASE WHEN j % 2 = 0 THEN floor(random() * 10000) ELSE random() * 1e6 END FROM generate_series(1, 80) AS j WHERE i IS NOT NULL), s[1:120],
           ARRAY(SELECT bins[1 + floor(random() * 500)::integer] FROM generate_series(1, 120) AS j WHERE i IS NOT NULL)
    FROM generate_series(1, minutes) AS i;
    RAISE INFO 'size %', round((SELECT sum(pg_total_relation_size(i.inhrelid)) FROM pg_inherits AS i WHERE i.inhparent = 'steward.metric_history'::regclass) / 1e6, 1);
END $$;
DELETE FROM steward.metric_history;
VACUUM FULL steward.metric_history;

-- A round, with as many series, and the page over an hour of them.
SELECT steward.metric_create('bench_seconds', 'histogram', 'of a benchmark', '{i}', max_label_sets => 200);
DO $$
DECLARE
    began timestamptz;
    times float8[] := '{}';
BEGIN
    FOR i IN 1 .. 60 LOOP
        PERFORM steward.metric_record_many('bench_seconds', '{0.001,0.002,0.003,0.005}', '{50,30,15,5}', jsonb_build_object('i', j::text)) FROM generate_series(1, 140) AS j;
        PERFORM steward.levenshtein('abc', 'abd' || i), steward.ambiguity('It may ' || i), steward.constitutional_score('It may ' || i);
        began := clock_timestamp();
        PERFORM steward.monitor_run(true);
        times := times || extract(epoch FROM clock_timestamp() - began)::float8 * 1000;
    END LOOP;
    RAISE INFO 'round %', round((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(times) AS t)::numeric, 2);
    times := '{}';
    FOR i IN 1 .. 31 LOOP
        began := clock_timestamp();
        PERFORM steward.dashboard();
        times := times || extract(epoch FROM clock_timestamp() - began)::float8 * 1000;
    END LOOP;
    RAISE INFO 'page %', round((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM unnest(times) AS t)::numeric, 2);
END $$;
DELETE FROM steward.metric_history;

-- Live: an hour before and an hour after, put together into seconds; each minute has 100 calls of both kinds, in turns. Minutes before and after
-- take turns, too: whatever else the machine does in these seconds is no change.
SET steward.sample_rate = 1;
CREATE FUNCTION work(operation text, turns integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    call bigint := steward.operation_begin('bench', operation);
    sum float8 := 0;
BEGIN
    FOR i IN 1 .. turns LOOP
        sum := sum + sqrt(i);
    END LOOP;
    PERFORM steward.operation_end(call);
END $$;
DO $$
DECLARE
    base constant timestamptz := date_trunc('hour', now());
    found integer := 0;
    false_ones integer := 0;
    minute integer;
BEGIN
    FOR run IN 1 .. current_setting('bench.runs')::integer LOOP
        DELETE FROM steward.metric_history;
        PERFORM steward.monitor_collect(base - interval '61 minutes');
        FOREACH minute IN ARRAY ARRAY(SELECT unnest(ARRAY[i - 60, i]) FROM generate_series(1, 60) AS i) LOOP
            FOR i IN 1 .. 100 LOOP
                PERFORM work('changed', CASE WHEN minute > 0 THEN 5000 ELSE 4000 END), work('same', 4000);
            END LOOP;
            PERFORM steward.monitor_collect(base + minute * interval '1 minute');
        END LOOP;
        found := found + (SELECT count(*) FROM steward.slower_since(base) WHERE what = 'bench.changed' AND verdict = 'slower')::integer;
        false_ones := false_ones + (SELECT count(*) FROM steward.slower_since(base) WHERE what = 'bench.same' AND verdict IN ('slower', 'faster'))::integer;
    END LOOP;
    RAISE INFO 'found %', found;
    RAISE INFO 'false %', false_ones;
END $$;
