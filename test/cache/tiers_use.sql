-- Whose what lies below the memory is, what is known of it, how it comes back into memory, and its limits. No worker runs here.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(77);
CREATE ROLE tiers_owner IN ROLE steward_writer;
CREATE ROLE tiers_other IN ROLE steward_writer;
CREATE ROLE tiers_reader IN ROLE steward_reader;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
\ir tiers_helpers.psql
CREATE FUNCTION pg_temp.try(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET ROLE %I', role);
    EXECUTE statement;
    RESET ROLE;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RESET ROLE;
    RETURN SQLSTATE;
END $$;

-- Rights to values are those of the namespace; the tables are nobody's.
SET ROLE tiers_owner;
SELECT steward.cache_create('granted', ttl => NULL, tiers => '{table,archive}'), steward.cache_grant('granted', 'tiers_reader'),
       steward.cache_create('own', ttl => NULL, tiers => '{table,archive}', shared => false), steward.cache_grant('own', '0', 'write'), steward.cache_grant('own', 'tiers_reader');
SELECT steward.cache_set_text('granted', 'a', 'x'), steward.cache_set_text('granted', 'b', 'x'), steward.cache_set_text('own', 'a', 'of the owner');
RESET ROLE;
SELECT pg_temp.archive();
SET ROLE tiers_owner;
SELECT steward.cache_set_text('granted', 'c', 'x'), steward.cache_set_text('own', 'c', 'of the owner');
RESET ROLE;
SELECT is(pg_temp.try('tiers_reader', format('SELECT 1 / length(steward.cache_get_text(%L, %L))', 'granted', key)), 'ok', 'a reader reads') FROM unnest(ARRAY['a', 'c']) AS key;
SELECT is(pg_temp.try('tiers_reader', statement), '42501', statement) FROM unnest(ARRAY[
    $$SELECT steward.cache_set_text('granted', 'a', 'y')$$, $$SELECT steward.cache_delete('granted', 'a')$$, $$SELECT steward.cache_delete_like('granted', '%')$$,
    $$SELECT steward.cache_touch('granted', 'a')$$, $$SELECT steward.cache_clear('granted')$$, $$SELECT steward.cache_warm('granted')$$, $$SELECT steward.cache_popular_keys('granted')$$,
    $$SELECT steward.cache_alter('granted', tiers => '{table}')$$]) AS statement;
SELECT is(pg_temp.try('tiers_other', statement), '42501', statement) FROM unnest(ARRAY[
    $$SELECT steward.cache_get_text('granted', 'a')$$, $$SELECT steward.cache_set_text('granted', 'a', 'y')$$, $$SELECT steward.cache_delete_like('granted', '%')$$, $$SELECT steward.cache_clear('granted')$$,
    $$SELECT FROM steward.cache_table$$, $$SELECT FROM steward.cache_table_0$$, $$SELECT FROM steward.cache_archive$$, $$SELECT FROM steward.cache_dictionary$$, $$SELECT FROM steward.cache_popular$$,
    $$INSERT INTO steward.cache_table (namespace, role, key, text, saved_at, cost_us) VALUES ('granted', 0, 'forged', 'x', now(), 0)$$,
    $$SELECT steward.cache_save()$$, $$SELECT steward.cache_turn('tend', '0')$$, $$SELECT * FROM steward.cache_used_most(1)$$, $$SELECT steward.cache_warm_all(1)$$,
    $$SELECT steward.cache_table_tend(0, now())$$, $$SELECT steward.cache_archive_tend(now())$$, $$SELECT steward.cache_popular_note(now())$$, $$CALL steward.cache_run()$$]) AS statement;
SELECT is((SELECT string_agg(c.relname || ' ' || r.rolname, ', ') FROM pg_class AS c, pg_roles AS r WHERE c.relnamespace = 'steward'::regnamespace AND c.relname ~ '^cache_(table|archive|dictionary|popular)'
           AND c.relkind IN ('r', 'p') AND NOT r.rolsuper AND r.rolname NOT IN ('steward_owner', 'steward_admin', 'pg_read_all_data', 'pg_write_all_data')
           AND has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')), NULL, 'the tables are their owner''s and the administrators'' alone, the partitions of each day as well');
SELECT is((SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ' ') FROM pg_class WHERE relnamespace = 'steward'::regnamespace AND relname ~ '^cache_(table|archive)'), 'steward_owner', 'who is one for all of them');

-- Not shared: to each role what it has stored.
SET ROLE tiers_other;
SELECT is(steward.cache_get_text_many('own', ARRAY['a', 'c']), ARRAY[NULL, NULL]::text[], 'another role finds nothing');
SELECT ok(NOT steward.cache_has('own', 'a') AND NOT steward.cache_delete('own', 'a') AND NOT steward.cache_touch('own', 'c'), 'and changes nothing');
SELECT is(steward.cache_delete_like('own', '%'), 0::bigint, 'by no pattern either');
SELECT steward.cache_set_text('own', 'a', 'of another');
RESET ROLE;
SET ROLE tiers_owner;
SELECT is(steward.cache_get_text_many('own', ARRAY['a', 'c']), ARRAY['of the owner', 'of the owner'], 'each has its own');
SELECT is(steward.cache_delete_like('own', '%'), 2::bigint, 'and removes its own');
RESET ROLE;
SET ROLE tiers_other;
SELECT is(steward.cache_get_text('own', 'a'), 'of another', 'which is not that of others');
RESET ROLE;
SELECT steward.cache_clear('own');
SELECT is((SELECT count(*) FROM steward.cache_table WHERE namespace = 'own'), 0::bigint, 'to clear it removes what is anybody''s');
SELECT is((SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = rel::regclass AND attname = 'role'), 'regrole', rel || ' names roles, whose numbers are others in another server')
FROM unnest(ARRAY['steward.cache_table', 'steward.cache_archive', 'steward.cache_popular']) AS rel;

-- Counted by tier.
SELECT steward.cache_create('counted', ttl => NULL, price => 0.25), steward.cache_create('in memory', tiers => '{memory}', price => 3);
SELECT steward.cache_set_text('counted', 'k' || i, repeat('x', 1000)) FROM generate_series(1, 10) AS i \g /dev/null
SELECT steward.cache_save();
SELECT is(steward.cache_save(), 0::bigint, 'what is written is not written again');
SELECT pg_temp.archive(now());
SELECT results_eq($$SELECT entries, bytes > 10000 FROM steward.cache_stats WHERE namespace = 'counted' AND tier = 'table'$$, $$VALUES (10::bigint, true)$$, 'rows are counted');
SELECT steward.cache_get_text('counted', 'k1'), steward.cache_get_text('counted', 'k2'), steward.cache_get_text('counted', 'none');
SELECT results_eq($$SELECT tier, hits, misses, saved_cost FROM steward.cache_stats WHERE namespace = 'counted' ORDER BY array_position('{memory,table,archive}', tier)$$,
                  $$VALUES ('memory', 2::bigint, 1::bigint, 0.5::float8), ('table', 0, 1, 0), ('archive', 0, 1, 0)$$, 'a hit in memory is none below, a miss is one in all');
SELECT steward.cache_alter('counted', price => 2);
SELECT is((pg_temp.stats('counted', 'memory')).saved_cost, 4::float8, 'what they saved is told at the price of now');
SELECT is((SELECT count(*) FROM steward.cache_stats WHERE namespace = 'in memory'), 0::bigint + (SELECT count(*) FROM steward.cache_stats WHERE namespace = 'in memory' AND tier = 'memory'), 'without tables there is one row');
SELECT pg_temp.archive();
SELECT steward.cache_archive_tend(now() + '2 hours');
SELECT is((pg_temp.stats('counted', 'table')).entries || ' ' || (pg_temp.stats('counted', 'archive')).entries, '0 10', 'what has moved is counted where it is');
SELECT is(pg_temp.try('tiers_reader', 'SELECT 1 / sum(entries)::integer FROM steward.cache_stats'), 'ok', 'a reader sees that');

-- What is used most is known, and comes back.
SELECT steward.cache_create('popular', ttl => NULL), steward.cache_create('predicted', ttl => NULL, warm => 'predicted'), steward.cache_create('cold', ttl => NULL, warm => 'none');
SELECT steward.cache_set_text(name, 'k' || i, 'v') FROM unnest(ARRAY['popular', 'predicted', 'cold']) AS name, generate_series(1, 20) AS i \g /dev/null
SELECT steward.cache_get_text(name, 'k' || i) FROM unnest(ARRAY['popular', 'predicted', 'cold']) AS name, generate_series(1, 20) AS i, generate_series(1, i) \g /dev/null
SELECT results_eq($$SELECT key, hits FROM steward.cache_hot('popular', 2)$$, $$VALUES ('k20', 20::bigint), ('k19', 19)$$, 'those that are used most');
SELECT set_eq($$SELECT namespace, role, key, hits FROM steward.cache_used_most(2) WHERE namespace IN ('popular', 'predicted', 'cold', 'in memory')$$,
              $$VALUES ('popular', 0::oid, 'k20', 20::bigint), ('popular', 0, 'k19', 19), ('predicted', 0, 'k20', 20), ('predicted', 0, 'k19', 19)$$, 'of each that is to be warmed');
SELECT throws_ok(format('SELECT * FROM steward.cache_used_most(%s)', n), '22023', 'n must be 1 to 100000') FROM unnest(ARRAY[0, 100001]) AS n;
SELECT cmp_ok(steward.cache_popular_note('2026-03-01 08:30+00'), '>=', 40::bigint, 'they are noted');
SELECT is(steward.cache_popular_note('2026-03-01 08:35+00'), 0::bigint, 'once');
SELECT steward.cache_get_text('popular', 'k1') FROM generate_series(1, 100) \g /dev/null
SELECT is(steward.cache_popular_note('2026-03-02 08:30+00'), 1::bigint, 'one was used again');
SELECT results_eq($$SELECT key, round(uses::numeric, 2), round(hour_uses[9]::numeric, 2) FROM steward.cache_popular WHERE namespace = 'popular' AND key = 'k1'$$,
                  $$VALUES ('k1', 100.50, 100.50)$$, 'a day takes half of it');
SELECT is((SELECT array_agg(key) FROM steward.cache_popular_keys('popular', 3) AS key), ARRAY['k1', 'k20', 'k19'], 'by all uses');
UPDATE steward.cache_popular SET hour_uses = (SELECT array_agg(CASE WHEN key = 'k7' AND h = extract(hour FROM now() AT TIME ZONE 'UTC') THEN 9 ELSE 0 END::float8 ORDER BY h) FROM generate_series(0, 23) AS h)
WHERE namespace = 'predicted';
SELECT is((SELECT array_agg(key) FROM steward.cache_popular_keys('predicted', 2) AS key), ARRAY['k7', 'k20'], 'or by those of this hour');
SELECT throws_ok($$SELECT steward.cache_warm('popular', 0)$$, '22023', 'n must be 1 to 100000');
SELECT throws_ok($$SELECT steward.cache_warm('no such namespace')$$, '42704', NULL, 'of nothing nothing comes back');
SELECT is(steward.cache_warm(name, 3), 3::bigint, 'so many are there: ' || name) FROM unnest(ARRAY['popular', 'predicted']) AS name;
SELECT steward.cache_delete_many('popular', ARRAY['k1', 'k20']);
SELECT is(steward.cache_warm('popular', 3), 1::bigint, 'what is nowhere does not come back');
CREATE SCHEMA tiers_made AUTHORIZATION tiers_owner;
GRANT USAGE ON SCHEMA tiers_made TO PUBLIC;
SET ROLE tiers_owner;
CREATE FUNCTION tiers_made.helper(args jsonb) RETURNS text LANGUAGE sql AS $$ SELECT args ->> 'key' || ' by ' || current_user $$;
CREATE FUNCTION tiers_made.compute_text(args jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN helper(args); END $$;
CREATE FUNCTION tiers_made.compute(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RETURN to_jsonb(helper(args)); END $$;
CREATE FUNCTION tiers_made.compute_bytes(args jsonb) RETURNS bytea LANGUAGE plpgsql AS $$ BEGIN RETURN convert_to(helper(args), 'UTF8'); END $$;
RESET ROLE;
SELECT steward.cache_grant('popular', 'tiers_other', 'write');
SET ROLE tiers_other;
SET search_path = tap, tiers_made, pg_catalog;
SELECT is(steward.cache_warm('popular', 3, 'compute_text(jsonb)'), 3::bigint, 'but can be computed');
SELECT is(steward.cache_get_text('popular', 'k1'), 'k1 by tiers_other', 'by the caller, with the search_path of the caller');
SELECT steward.cache_delete_many('popular', ARRAY['k1', 'k20']);
SELECT is(steward.cache_warm('popular', 1, 'compute(jsonb)'), 1::bigint, 'as jsonb');
SELECT is(steward.cache_get('popular', 'k1'), '"k1 by tiers_other"', 'if that is what the function returns');
SELECT steward.cache_delete('popular', 'k1');
SELECT is(steward.cache_warm('popular', 1, 'compute_bytes(jsonb)'), 1::bigint, 'or as bytes');
SELECT is(steward.cache_get_bytes('popular', 'k1'), 'k1 by tiers_other', 'if it returns these');
SET search_path = tap, pg_catalog;
RESET ROLE;
SELECT cmp_ok(steward.cache_warm_all(5), '>=', 10::bigint, 'all caches are warmed at once');

-- Turns.
SELECT is(steward.cache_turn('a step with quite a long name', '1 hour'), 0::bigint, 'a step is due at first');
SELECT is(steward.cache_turn('a step with quite a long name', '1 hour'), NULL, 'and not again so soon');
SELECT is(steward.cache_turn('a step with quite a long name', '0'), 1::bigint, 'unless that is not long enough ago');

-- Limits.
ALTER SYSTEM SET steward.cache_table_limit = '1MB';
ALTER SYSTEM SET steward.cache_archive_limit = '1MB';
SELECT pg_reload_conf();
\! for _ in $(seq 600); do [ "$(psql -XAtc "SELECT current_setting('steward.cache_table_limit') || current_setting('steward.cache_archive_limit')")" != 1MB1MB ] || break; sleep 0.05; done
SELECT steward.cache_create('limited', ttl => NULL, tiers => '{table,archive}', compress => false);
CREATE FUNCTION pg_temp.noise(n integer) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(md5(n || ' ' || i), '') FROM generate_series(1, 300) AS i $$;
DO $$ BEGIN
    FOR i IN 1 .. 200 LOOP
        PERFORM steward.cache_set_text('limited', 'k' || i, pg_temp.noise(i));
    END LOOP;
END $$;
SELECT sum(steward.cache_measure(format('steward.cache_table_%s', part), 'table', now())) FROM generate_series(0, 7) AS part;
SELECT cmp_ok((SELECT sum(steward.cache_table_tend(part, now()))::bigint FROM generate_series(0, 7) AS part), '>', 50::bigint, 'the table keeps its limit');
SELECT cmp_ok((SELECT sum(pg_column_size(text))::bigint FROM steward.cache_table), '<=', 1024 * 1024::bigint, 'nearly');
SELECT ok(steward.cache_has('limited', 'k200') AND NOT steward.cache_has('limited', 'k1'), 'what was written first is gone');
DO $$ BEGIN
    FOR i IN 201 .. 400 LOOP
        PERFORM steward.cache_set_text('limited', 'k' || i, pg_temp.noise(i));
    END LOOP;
END $$;
SELECT pg_temp.archive(now() + '1 day') \g /dev/null
SELECT steward.cache_set_text('limited', 'last', 'x');
SELECT pg_temp.archive(now() + '2 days') \g /dev/null
SELECT cmp_ok(steward.cache_archive_tend(now() + '2 days'), '>=', 1, 'so does the archive');
SELECT ok(steward.cache_has('limited', 'last') AND NOT steward.cache_has('limited', 'k400'), 'by whole days, the oldest first');
ALTER SYSTEM RESET steward.cache_table_limit;
ALTER SYSTEM RESET steward.cache_archive_limit;
SELECT pg_reload_conf();

SELECT * FROM finish();
SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE namespace IN ('granted', 'own', 'counted', 'in memory', 'popular', 'predicted', 'cold', 'limited');
SET client_min_messages = warning;
DROP SCHEMA tiers_made CASCADE;
