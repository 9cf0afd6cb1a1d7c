-- What is counted of each namespace, and what is seen of its entries.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(27);
SELECT steward.cache_create('counted', max_entries => 1000);
CREATE FUNCTION pg_temp.stats() RETURNS steward.cache_stats LANGUAGE sql AS $$
    SELECT s FROM steward.cache_stats AS s WHERE tier = 'memory' AND namespace = 'counted'
$$;

-- 100 sets and the same 100 gets.
SELECT steward.cache_set('counted', 'k' || g, to_jsonb(g)) FROM generate_series(1, 100) AS g \g /dev/null
SELECT steward.cache_get('counted', 'k' || g) FROM generate_series(1, 100) AS g \g /dev/null
SELECT cmp_ok((pg_temp.stats()).hits / ((pg_temp.stats()).hits + (pg_temp.stats()).misses)::float8, '>=', 0.95::float8, 'the hit ratio is at least 0.95');
SELECT cmp_ok((pg_temp.stats()).hit_share_5min, '>=', 0.95::float8, 'also that of the last minutes');
SELECT is((pg_temp.stats()).grade, 'warm', 'which is graded');
SELECT results_eq($$SELECT steward.cache_grade(s) FROM unnest(ARRAY[0, 0.49, 0.5, 0.7, 0.8, 0.9, 0.949, 0.95, 1]) AS s$$,
                  ARRAY['alert', 'alert', 'low', 'fair', 'good', 'high', 'high', 'warm', 'warm'], 'by bands, from the alert below 0.5 to the goal of 0.95');
SELECT is(steward.cache_grade(NULL), NULL, 'where nobody has asked there is no grade');
BEGIN;
UPDATE steward.cache_objective SET at_least = 0.99 WHERE grade = 'warm';
SELECT is(steward.cache_grade(0.95), 'high', 'the bands are a table');
ROLLBACK;
SELECT is((pg_temp.stats()).sets, 100::bigint, 'each set counts');
SELECT is((pg_temp.stats()).hits, 100::bigint, 'each hit');
SELECT is((pg_temp.stats()).misses, 0::bigint, 'none was missing');
SELECT is((pg_temp.stats()).tier, 'memory', 'all of it in memory');

SELECT steward.cache_get('counted', 'none' || g) FROM generate_series(1, 25) AS g \g /dev/null
SELECT is((pg_temp.stats()).misses, 25::bigint, 'each miss counts');
SELECT is((pg_temp.stats()).hit_share_5min, 0.8::float8, 'and tells on the share');
SELECT steward.cache_set('counted', 'null', NULL);
SELECT steward.cache_get('counted', 'null');
SELECT is((pg_temp.stats()).negative_hits, 1::bigint, 'a null that is found');
SELECT steward.cache_has('counted', 'k1'), steward.cache_ttl('counted', 'k1');
SELECT is((pg_temp.stats()).hits, 100::bigint, 'who only looks does not count');
SELECT is((pg_temp.stats()).entries, 101::bigint, 'entries');
SELECT cmp_ok((pg_temp.stats()).bytes, '>=', 101 * 60::bigint, 'and what they take');
BEGIN;
SELECT steward.cache_get('counted', 'k1');
ROLLBACK;
SELECT is((pg_temp.stats()).hits, 101::bigint, 'also in a transaction that is rolled back');

-- Entries.
SELECT steward.cache_get('counted', 'k7') FROM generate_series(1, 10) \g /dev/null
SELECT results_eq($$SELECT key, hits FROM steward.cache_hot('counted', 2)$$, $$VALUES ('k7', 11::bigint), ('k1', 2)$$, 'what was used most');
SELECT is((SELECT count(*) FROM steward.cache_entry_list('counted')), 101::bigint, 'all are listed');
SELECT results_eq($$SELECT type, value_bytes FROM steward.cache_entry_list('counted') WHERE key = 'null'$$, $$VALUES (NULL::text, 0::bigint)$$, 'null has no type and no bytes');
SELECT is((SELECT sum(bytes) FROM steward.cache_entry_list('counted')), (pg_temp.stats()).bytes::numeric, 'together they take what the namespace takes');

-- By pattern.
SELECT is(steward.cache_delete_like('counted', 'k1_'), 10::bigint, 'what a pattern fits is deleted');
SELECT is(steward.cache_delete_like('counted', 'k1_'), 0::bigint, 'once');
SELECT ok(steward.cache_has('counted', 'k1') AND steward.cache_has('counted', 'k100') AND NOT steward.cache_has('counted', 'k10'), 'and nothing else');
SELECT is((pg_temp.stats()).deleted, 10::bigint, 'that counts as well');
SELECT throws_ok($$SELECT steward.cache_delete_like('counted', 'k\')$$, '22025', NULL, 'a pattern that is none');
SELECT is((SELECT count(*) FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'distance' AND hits > 1000), 0::bigint, 'each namespace counts for itself');
SELECT * FROM finish();
SELECT steward.cache_drop('counted');
