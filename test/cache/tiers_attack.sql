-- Nobody gains by putting objects of his own before those that the statements below the memory name. No worker runs here.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(5);
CREATE ROLE tiers_attacker IN ROLE steward_writer;
CREATE ROLE tiers_victim IN ROLE steward_writer;
CREATE SCHEMA tiers_attack AUTHORIZATION tiers_attacker;
GRANT USAGE ON SCHEMA tiers_attack TO PUBLIC;
SET ROLE tiers_attacker;
CREATE FUNCTION tiers_attack.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured as %', current_user; END $$;
-- Each operator and function that the statements use, for each type that they use it with.
DO $$
DECLARE
    of record;
BEGIN
    FOR of IN SELECT o.oprname, a.typ AS l, b.typ AS r
              FROM (VALUES ('='), ('<>'), ('<'), ('<='), ('>'), ('>='), ('~~'), ('+'), ('-'), ('%'), ('*'), ('||')) AS o (oprname),
                   unnest(ARRAY['text', 'oid', 'regrole', 'bigint', 'integer', 'timestamptz', 'interval', 'name', 'regtype']) AS a (typ),
                   unnest(ARRAY['text', 'oid', 'regrole', 'bigint', 'integer', 'timestamptz', 'interval', 'name', 'regtype']) AS b (typ)
    LOOP
        EXECUTE format('CREATE OR REPLACE FUNCTION tiers_attack.f(%s, %s) RETURNS boolean LANGUAGE sql AS ''SELECT tiers_attack.spring()''', of.l, of.r);
        EXECUTE format('CREATE OPERATOR tiers_attack.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = tiers_attack.f)', of.oprname, of.l, of.r);
    END LOOP;
END $$;
CREATE FUNCTION tiers_attack.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE sql AS $$ SELECT $1[1] FROM tiers_attack.spring() $$;
CREATE FUNCTION tiers_attack.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'x' FROM tiers_attack.spring() $$;
CREATE FUNCTION tiers_attack.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' FROM tiers_attack.spring() $$;
CREATE FUNCTION tiers_attack.jsonb_build_object(text, text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '1'::jsonb FROM tiers_attack.spring() $$;
CREATE FUNCTION tiers_attack.date_part(text, timestamp) RETURNS float8 LANGUAGE sql AS $$ SELECT 1 FROM tiers_attack.spring() $$;
CREATE FUNCTION tiers_attack.timezone(text, timestamptz) RETURNS timestamp LANGUAGE sql AS $$ SELECT 'now'::timestamp FROM tiers_attack.spring() $$;
CREATE FUNCTION tiers_attack.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'now'::timestamptz FROM tiers_attack.spring() $$;
CREATE TABLE tiers_attack.cache_table (namespace text, role oid, key text, json jsonb, text text, bytes bytea, expires_at timestamptz, saved_at timestamptz, cost_us bigint);
CREATE TABLE tiers_attack.cache_popular (namespace text, role oid, key text, uses float8);
GRANT ALL ON ALL TABLES IN SCHEMA tiers_attack TO PUBLIC;
RESET ROLE;
CREATE FUNCTION pg_temp.archive(at timestamptz) RETURNS bigint LANGUAGE sql SET search_path = pg_catalog AS $$
    SELECT sum(steward.cache_table_tend(part, at)) FROM generate_series(0, 7) AS part
$$;
CREATE TEMPORARY TABLE cache_table (LIKE steward.cache_table);
CREATE TEMPORARY TABLE cache_archive (LIKE steward.cache_archive);
CREATE TEMPORARY TABLE cache_popular (LIKE steward.cache_popular);
SELECT throws_ok($$CREATE SCHEMA steward$$, '42P06', NULL, 'there is one schema of that name');

SELECT steward.cache_create('attacked', ttl => NULL), steward.cache_create('attacked rows', ttl => NULL, tiers => '{table,archive}', shared => false);
SELECT steward.cache_grant(name, 'tiers_victim', 'write') FROM unnest(ARRAY['attacked', 'attacked rows']) AS name;
-- pgTAP would be caught itself: an error ends this test.
SET search_path = pg_temp, tiers_attack, pg_catalog;
DO $$
BEGIN
    PERFORM 1::oid = 1::oid;
    RAISE EXCEPTION USING ERRCODE = 'assert_failure', MESSAGE = 'the trap does not work';
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;
SET ROLE tiers_victim;
SELECT steward.cache_set('attacked', 'a', '1'), steward.cache_set('attacked rows', 'a', '1'), steward.cache_set_many('attacked rows', ARRAY['b', 'c', 'd'], ARRAY['2', '3', '4']::jsonb[]);
SELECT steward.cache_get('attacked rows', 'a'), steward.cache_get('attacked', 'a'), steward.cache_get('attacked', 'none');
SELECT steward.cache_touch('attacked rows', 'a', '1 day'), steward.cache_delete('attacked rows', 'b'), steward.cache_delete('attacked', 'none'), steward.cache_delete_like('attacked rows', 'c%');
RESET ROLE;
SELECT steward.cache_save();
CALL steward.cache_run();
SELECT pg_temp.archive(now());
SELECT steward.cache_popular_note(now());
SELECT steward.cache_archive_tend(now());
SET ROLE tiers_victim;
SELECT steward.cache_get_many('attacked rows', ARRAY['a', 'd']), steward.cache_has('attacked rows', 'd'), steward.cache_delete_like('attacked', 'n%');
SELECT * FROM steward.cache_popular_keys('attacked', 10);
SELECT steward.cache_warm('attacked', 10);
SELECT steward.cache_warm('attacked', 10, 'pg_catalog.to_jsonb(anyelement)') FROM pg_catalog.generate_series(1, 0);
SELECT count(*) FROM steward.cache_stats;
SELECT steward.cache_clear('attacked');
RESET ROLE;
SELECT steward.cache_warm_all(10);
SELECT steward.cache_alter('attacked', tiers => '{table}');
SELECT steward.cache_drop('attacked');
SET search_path = tap, pg_catalog;
SELECT pass('none of the traps sprang');
SELECT is((SELECT count(*) FROM pg_temp.cache_table) + (SELECT count(*) FROM pg_temp.cache_archive) + (SELECT count(*) FROM pg_temp.cache_popular), 0::bigint, 'nothing was written to what is only called the same');
SELECT is((SELECT count(*) FROM tiers_attack.cache_table), 0::bigint, 'in no schema');
SELECT is((SELECT array_agg(key ORDER BY key) FROM (SELECT key FROM steward.cache_table UNION SELECT key FROM steward.cache_archive) AS k), ARRAY['a', 'd'], 'but where it belongs');
SELECT * FROM finish();
SELECT steward.cache_drop('attacked rows');
SET client_min_messages = warning;
DROP SCHEMA tiers_attack CASCADE;
