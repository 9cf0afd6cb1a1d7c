-- A namespace keeps within its limits, and what is used stays.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(14);
SELECT steward.cache_create('hundred', max_entries => 100, tiers => '{memory}');
SELECT steward.cache_create('bytes', max_entries => 100000, max_bytes => 100000, tiers => '{memory}');
CREATE FUNCTION pg_temp.stats(name text) RETURNS steward.cache_stats LANGUAGE sql AS $$
    SELECT s FROM steward.cache_stats AS s WHERE tier = 'memory' AND namespace = name
$$;

SELECT steward.cache_set_text_many('hundred', array_agg('k' || g), array_agg('v'::text)) FROM generate_series(1, 100) AS g;
SELECT is((pg_temp.stats('hundred')).entries, 100::bigint, 'a hundred fit');
SELECT is((pg_temp.stats('hundred')).evicted_for_entries, 0::bigint, 'none has gone');
-- Some are used again and again while many come and go.
DO $$ BEGIN
    FOR i IN 1 .. 2000 LOOP
        PERFORM steward.cache_get_text_many('hundred', ARRAY['k1', 'k2', 'k3', 'k4', 'k5']);
        PERFORM steward.cache_set_text('hundred', 'new' || i, 'v');
    END LOOP;
END $$;
SELECT is((pg_temp.stats('hundred')).entries, 100::bigint, 'there are never more');
SELECT is((pg_temp.stats('hundred')).evicted_for_entries, 2000::bigint, 'one has gone for each that came');
SELECT is(array_remove(steward.cache_get_text_many('hundred', ARRAY['k1', 'k2', 'k3', 'k4', 'k5']), NULL), ARRAY['v', 'v', 'v', 'v', 'v'], 'what was used is there');
SELECT ok(NOT steward.cache_has('hundred', 'new1'), 'what was not, is not');

-- Bytes.
SELECT steward.cache_set_text_many('bytes', array_agg('k' || g), array_agg(repeat('x', 1000))) FROM generate_series(1, 1000) AS g;
SELECT cmp_ok((pg_temp.stats('bytes')).bytes, '<=', 100000::bigint, 'the bytes are within the limit');
SELECT cmp_ok((pg_temp.stats('bytes')).entries, '>=', 80::bigint, 'which is made use of');
SELECT cmp_ok((pg_temp.stats('bytes')).evicted_for_bytes, '>=', 900::bigint, 'it was the bytes that were short');
SELECT steward.cache_set_text('bytes', 'k1000', repeat('x', 50000));
SELECT cmp_ok((pg_temp.stats('bytes')).bytes, '<=', 100000::bigint, 'a value that grows makes others go');
SELECT is(length(steward.cache_get_text('bytes', 'k1000')), 50000, 'and is there');

-- Smaller limits hold for what is there.
SELECT steward.cache_alter('hundred', max_entries => 10);
SELECT steward.cache_has('hundred', 'k1');
SELECT is((pg_temp.stats('hundred')).entries, 10::bigint, 'a cache shrinks');
SELECT steward.cache_alter('hundred', max_entries => 50);
SELECT steward.cache_set_text_many('hundred', array_agg('k' || g), array_agg('v'::text)) FROM generate_series(1, 100) AS g;
SELECT is((pg_temp.stats('hundred')).entries, 50::bigint, 'and grows');
SELECT steward.cache_clear('hundred');
SELECT is((pg_temp.stats('hundred')).entries, 0::bigint, 'and is emptied');

SELECT * FROM finish();
SELECT steward.cache_drop(name) FROM unnest(ARRAY['hundred', 'bytes']) AS name;
