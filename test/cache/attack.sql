-- Nobody gains by putting objects of his own before those that the functions of the cache name.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
SELECT plan(3);
CREATE ROLE cache_attacker IN ROLE steward_writer;
CREATE SCHEMA cache_attack AUTHORIZATION cache_attacker;
SET ROLE cache_attacker;
CREATE FUNCTION cache_attack.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured as %', current_user; END $$;
CREATE FUNCTION cache_attack.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT cache_attack.spring() $$;
CREATE FUNCTION cache_attack.matches(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT cache_attack.spring() $$;
CREATE FUNCTION cache_attack.octet_length(text) RETURNS integer LANGUAGE sql AS $$ SELECT 1 FROM cache_attack.spring() $$;
CREATE FUNCTION cache_attack.quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'postgres' FROM cache_attack.spring() $$;
CREATE FUNCTION cache_attack.array_append(regrole[], regrole) RETURNS regrole[] LANGUAGE sql AS $$ SELECT '{0}'::regrole[] FROM cache_attack.spring() $$;
CREATE FUNCTION cache_attack.array_remove(regrole[], regrole) RETURNS regrole[] LANGUAGE sql AS $$ SELECT '{0}'::regrole[] FROM cache_attack.spring() $$;
CREATE FUNCTION cache_attack.more(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT cache_attack.spring() $$;
CREATE FUNCTION cache_attack.cache_entry_list(text) RETURNS TABLE (key text, hits bigint, bytes bigint) LANGUAGE sql AS $$ SELECT 'x', 1, 1 FROM cache_attack.spring() $$;
CREATE OPERATOR cache_attack.= (LEFTARG = text, RIGHTARG = text, FUNCTION = cache_attack.same);
CREATE OPERATOR cache_attack.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = cache_attack.matches);
CREATE OPERATOR cache_attack.> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = cache_attack.more);
GRANT USAGE ON SCHEMA cache_attack TO PUBLIC;
RESET ROLE;
CREATE TEMPORARY TABLE cache_namespace (LIKE steward.cache_namespace);
CREATE FUNCTION pg_temp.cache_counts() RETURNS TABLE (namespace text) LANGUAGE sql AS $$ SELECT 'x' FROM cache_attack.spring() $$;

-- pgTAP would be caught itself: an error ends this test.
SET search_path = pg_temp, cache_attack, pg_catalog;
DO $$
BEGIN
    PERFORM 'a'::text = 'b'::text;
    RAISE EXCEPTION USING ERRCODE = 'assert_failure', MESSAGE = 'the trap does not work';
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;
SELECT steward.cache_create('attacked');
SELECT steward.cache_alter('attacked', ttl => '1 hour');
SELECT steward.cache_grant('attacked', 'steward_reader');
SELECT steward.cache_revoke('attacked', 'steward_reader');
SELECT steward.cache_set('attacked', steward.cache_key('1', 'a', 1, '{"b": 1, "a": 2}'::json, now()), '1');
SELECT steward.cache_set_many('attacked', ARRAY['a', 'b'], ARRAY['1', '2']::jsonb[]);
SELECT steward.cache_get_many('attacked', ARRAY['a', 'b']);
SELECT * FROM steward.cache_hot('attacked');
SELECT count(*) FROM steward.cache_stats;
SELECT * FROM steward.cache_memory();
SELECT steward.cache_delete_like('attacked', 'a%');
SELECT steward.cache_clear('attacked');
SELECT steward.cache_expire();
SELECT steward.cache_drop('attacked');
CALL steward.worker_run();
SET search_path = tap, pg_catalog;
SELECT pass('none of the traps sprang');
SELECT is((SELECT count(*) FROM pg_temp.cache_namespace), 0::bigint, 'nothing was written to what is only called the same');
SELECT is((SELECT count(*) FROM steward.cache_namespace WHERE namespace = 'attacked'), 0::bigint, 'what was made is dropped');
SELECT * FROM finish();
DROP SCHEMA cache_attack CASCADE;
