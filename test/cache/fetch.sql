-- What cache_fetch gives, keeps, refuses and counts, in one session.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA fetched;
GRANT USAGE ON SCHEMA fetched, tap TO PUBLIC;
CREATE SEQUENCE fetched.calls;
GRANT ALL ON SEQUENCE fetched.calls TO PUBLIC;
CREATE TABLE fetched.page (id bigint PRIMARY KEY, note text);
INSERT INTO fetched.page VALUES (1, 'one'), (2, 'two');
CREATE FUNCTION fetched.counted(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('args', args, 'call', nextval('fetched.calls')) $$;
CREATE FUNCTION fetched.note(args jsonb) RETURNS text LANGUAGE sql AS $$ SELECT note FROM fetched.page WHERE id = (args -> 'id')::bigint $$;
CREATE FUNCTION fetched.none(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb FROM nextval('fetched.calls') $$;
CREATE FUNCTION fetched.bare() RETURNS jsonb LANGUAGE sql AS $$ SELECT '"bare"'::jsonb $$;
CREATE FUNCTION fetched.strict(args jsonb) RETURNS jsonb LANGUAGE sql STRICT AS $$ SELECT '"strict"'::jsonb $$;
CREATE FUNCTION fetched.bytes(args jsonb) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x00ff'::bytea $$;
CREATE FUNCTION fetched.long(args jsonb) RETURNS text LANGUAGE sql AS $$ SELECT repeat('x', args::integer) FROM nextval('fetched.calls') $$;
CREATE FUNCTION fetched.fails(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('fetched.calls') > 0 AND args = 'true' THEN RAISE division_by_zero; END IF;
    RETURN '"fine"';
END $$;

-- Both kinds of namespaces.
SELECT steward.cache_create('fetch', early_beta => 0), steward.cache_create('fetch dependent', kind => 'dependent', early_beta => 0),
       steward.cache_depend('fetch dependent', 'fetched.page', 'id');
SELECT nextval('fetched.calls');
SELECT is(steward.cache_fetch(n, 'a', 'fetched.counted(jsonb)', '{"x": 1}') ->> 'args', '{"x": 1}', 'computed of its arguments: ' || n) FROM unnest(ARRAY['fetch', 'fetch dependent']) AS n;
SELECT steward.cache_fetch('fetch dependent', 'b', 'fetched.counted(jsonb)'), steward.cache_fetch('fetch', 'b', 'fetched.counted(jsonb)');
CREATE TEMPORARY TABLE last_call AS SELECT last_value FROM fetched.calls;
SELECT is(steward.cache_fetch('fetch', 'b', 'fetched.counted(jsonb)', '{"x": 2}') -> 'args', 'null'::jsonb, 'found, and not computed again');
SELECT is(steward.cache_fetch('fetch dependent', 'b', 'fetched.counted(jsonb)', '{"x": 2}') -> 'args', 'null'::jsonb, 'in a dependent namespace as well');
SELECT is((SELECT last_value FROM fetched.calls), (SELECT last_value FROM last_call), 'the function was not called');
SELECT is(steward.cache_get('fetch', 'b') -> 'args', 'null'::jsonb, 'cache_get finds it');

-- A value of now: the next fetch after a change computes.
SELECT steward.cache_fetch_text('fetch dependent', '1', 'fetched.note(jsonb)', '{"id": 1}'), steward.cache_fetch_text('fetch dependent', '2', 'fetched.note(jsonb)', '{"id": 2}');
SELECT ok(steward.cache_has('fetch dependent', '1'), 'kept');
UPDATE fetched.page SET note = 'uno' WHERE id = 1;
SELECT ok(NOT steward.cache_has('fetch dependent', '1'), 'dropped by a change');
SELECT is(steward.cache_fetch_text('fetch dependent', '1', 'fetched.note(jsonb)', '{"id": 1}'), 'uno', 'computed of what is there now');
SELECT is(steward.cache_get_text('fetch dependent', '2'), 'two', 'the other row was left alone');
BEGIN;
UPDATE fetched.page SET note = 'eins' WHERE id = 1;
SELECT is(steward.cache_fetch_text('fetch dependent', '1', 'fetched.note(jsonb)', '{"id": 1}'), 'eins', 'of what the transaction itself sees');
ROLLBACK;
SELECT is(steward.cache_fetch_text('fetch dependent', '1', 'fetched.note(jsonb)', '{"id": 1}'), 'uno', 'which nobody sees when it has rolled back');
DO $$ BEGIN UPDATE fetched.page SET note = 'trois' WHERE id = 1; ASSERT steward.cache_fetch_text('fetch dependent', '1', 'fetched.note(jsonb)', '{"id": 1}') = 'trois'; END $$;
SELECT is(steward.cache_get_text('fetch dependent', '1'), 'trois', 'published with the change that it was computed from');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(steward.cache_fetch_text('fetch dependent', '1', 'fetched.note(jsonb)', '{"id": 1}'), 'trois', 'a serializable transaction computes');
COMMIT;

-- Types, arguments.
SELECT is(steward.cache_fetch('fetch', 'bare', 'fetched.bare()'), '"bare"', 'a function without arguments');
SELECT is(steward.cache_fetch_bytes('fetch', 'bytes', 'fetched.bytes(jsonb)'), '\x00ff', 'bytes');
SELECT is(steward.cache_fetch('fetch', 'strict', 'fetched.strict(jsonb)', '1'), '"strict"', 'a strict function');
SELECT is(steward.cache_fetch('fetch', 'strict null', 'fetched.strict(jsonb)'), NULL, 'of null');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', 'fetched.note(jsonb)')$$, '42P13', NULL, 'a function of another type is told before it is looked for a value');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', 'pg_catalog.jsonb_array_elements(jsonb)')$$, '42P13', NULL, 'a function that returns a set');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', 'pg_catalog.jsonb_agg(anyelement)')$$, '42P13', NULL, 'an aggregate');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', 'pg_catalog.jsonb_set_lax(jsonb, text[], jsonb, boolean, text)')$$, '42P13', NULL, 'many arguments');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', 4294967295)$$, '42883', NULL, 'no function');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', NULL, 'fetched.bare()')$$, '22004', NULL, 'no key');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', NULL)$$, '22004', NULL, 'null for a function');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'b', 'fetched.bare()', ttl => '0')$$, '22023', NULL, 'no time');
SELECT throws_ok($$SELECT steward.cache_fetch_text('fetch', 'bare', 'fetched.note(jsonb)')$$, '42804', NULL, 'a value of another type');
SELECT steward.cache_fetch('fetch', 'tagged', 'fetched.counted(jsonb)', tags => ARRAY['fetch']), steward.cache_fetch('fetch', 'hour', 'fetched.bare()', ttl => '1 hour');
SELECT ok(steward.cache_ttl('fetch', 'hour') BETWEEN '59 min' AND '60 min', 'a time of its own');
SELECT steward.cache_invalidate_tag('fetch');
SELECT ok(NOT steward.cache_has('fetch', 'tagged'), 'tags');

SELECT steward.cache_fetch('distance', 'fetched', 'fetched.bare()');
SELECT ok(steward.cache_ttl('distance', 'fetched') BETWEEN '59 min' AND '60 min', 'the time of its namespace, 3,600 s for distances');
SELECT steward.cache_delete('distance', 'fetched');

-- Null.
SELECT steward.cache_fetch('fetch', 'null', 'fetched.none(jsonb)'), steward.cache_fetch('fetch dependent', 'null', 'fetched.none(jsonb)');
SELECT ok(steward.cache_has(n, 'null') AND steward.cache_ttl(n, 'null') <= '1 min', 'null is kept for a minute: ' || n) FROM unnest(ARRAY['fetch', 'fetch dependent']) AS n;
TRUNCATE last_call;
INSERT INTO last_call SELECT last_value FROM fetched.calls;
SELECT is(steward.cache_fetch('fetch', 'null', 'fetched.none(jsonb)'), NULL, 'and found');
SELECT is((SELECT last_value FROM fetched.calls), (SELECT last_value FROM last_call), 'without a call');
SELECT ok(negative_hits > 0, 'which counts as a hit') FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'fetch';
SELECT steward.cache_alter('fetch', negative_ttl => '0');
SELECT steward.cache_delete('fetch', 'null');
SELECT is(steward.cache_fetch('fetch', 'null', 'fetched.none(jsonb)'), NULL, 'where null is not to be kept');
SELECT ok(NOT steward.cache_has('fetch', 'null'), 'it is not');

-- Errors poison nothing.
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'fails', 'fetched.fails(jsonb)', 'true')$$, '22012', NULL, 'an error of the function');
SELECT ok(NOT steward.cache_has('fetch', 'fails'), 'leaves nothing behind');
SELECT is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), 0::bigint, 'no lock either');
SELECT is(steward.cache_fetch('fetch', 'fails', 'fetched.fails(jsonb)', 'false'), '"fine"', 'the next one computes');
BEGIN;
DO $$ BEGIN PERFORM steward.cache_fetch('fetch', 'fails 2', 'fetched.fails(jsonb)', 'true'); EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT is(steward.cache_fetch('fetch', 'fails 2', 'fetched.fails(jsonb)', 'false'), '"fine"', 'also in the same transaction');
SELECT is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()), 0::bigint, 'which holds no lock');
COMMIT;

-- Values that need others, or themselves.
CREATE FUNCTION fetched.nested(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN args::integer = 0 THEN '[]' ELSE jsonb_build_array(steward.cache_fetch('fetch', 'nested ' || (args::integer - 1), 'fetched.nested(jsonb)', to_jsonb(args::integer - 1))) END;
END $$;
CREATE FUNCTION fetched.circle(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT steward.cache_fetch('fetch', 'circle', 'fetched.circle(jsonb)') $$;
SELECT is(steward.cache_fetch('fetch', 'nested 3', 'fetched.nested(jsonb)', '3'), '[[[[]]]]', 'values of values');
SELECT ok(steward.cache_has('fetch', 'nested 0'), 'each of which is kept');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'circle', 'fetched.circle(jsonb)')$$, '40P01', NULL, 'a value that needs itself');
SELECT is(steward.cache_fetch('fetch', 'circle', 'fetched.bare()'), '"bare"', 'its key is free again');

-- What is too large is given, and not kept.
SELECT steward.cache_create('fetch small', max_bytes => 1000);
SELECT is(length(steward.cache_fetch_text('fetch small', 'a', 'fetched.long(jsonb)', '5000')), 5000, 'too large to keep');
SELECT ok(NOT steward.cache_has('fetch small', 'a'), 'it is not kept');
SELECT is(length(steward.cache_fetch_text('fetch small', 'a', 'fetched.long(jsonb)', '50')), 50, 'what fits');
SELECT ok(steward.cache_has('fetch small', 'a'), 'is');

-- A function that drops, alters or empties the namespace under its feet.
CREATE FUNCTION fetched.does(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN EXECUTE args ->> 0; RETURN '"done"'; END $$;
CREATE FUNCTION pg_temp.during(statement text, namespace text DEFAULT 'fetch gone') RETURNS jsonb LANGUAGE sql AS $$ SELECT steward.cache_fetch(namespace, 'a', 'fetched.does(jsonb)', jsonb_build_array(statement)) $$;
SELECT steward.cache_create('fetch gone', kind => kind) IS NULL, pg_temp.during($$SELECT steward.cache_drop('fetch gone')$$) FROM (VALUES ('pure')) AS v (kind);
SELECT is((SELECT count(*) FROM steward.cache_namespace WHERE namespace = 'fetch gone'), 0::bigint, 'dropped by its own function');
SELECT throws_ok($$SELECT steward.cache_get('fetch gone', 'a')$$, '42704', NULL, 'and gone');
SELECT steward.cache_create('fetch gone', kind => 'dependent');
SELECT is(pg_temp.during($$SELECT steward.cache_drop('fetch gone')$$), '"done"', 'a dependent one, too');
SELECT steward.cache_create('fetch gone');
SELECT is(pg_temp.during($$SELECT steward.cache_alter('fetch gone', max_entries => 5), steward.cache_drop('fetch gone'), steward.cache_create('fetch gone')$$), '"done"', 'made anew');
SELECT is(pg_temp.during($$SELECT steward.cache_alter('fetch gone', max_bytes => 10)$$), '"done"', 'altered');
SELECT is(pg_temp.during($$SELECT steward.cache_clear('fetch gone')$$), '"done"', 'cleared');
SELECT is(pg_temp.during($$TRUNCATE fetched.page$$, 'fetch dependent'), '"done"', 'a table that it depends on is emptied by the function');

-- Rights: those of the caller.
CREATE ROLE fetch_writer IN ROLE steward_writer;
CREATE ROLE fetch_reader IN ROLE steward_reader;
CREATE FUNCTION fetched.secret() RETURNS jsonb LANGUAGE sql AS $$ SELECT '"secret"'::jsonb $$;
REVOKE ALL ON FUNCTION fetched.secret() FROM PUBLIC;
CREATE FUNCTION fetched.who() RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(current_user::text) $$;
SELECT steward.cache_grant('fetch', 'fetch_writer', 'write'), steward.cache_grant('fetch', 'fetch_reader');
SET ROLE fetch_writer;
SELECT is(steward.cache_fetch('fetch', 'who', 'fetched.who()'), '"fetch_writer"', 'computed by whoever asks');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'secret', 'fetched.secret()')$$, '42501', NULL, 'only what the caller may call');
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'who', 'fetched.secret()')$$, '42501', NULL, 'also where there is a value');
RESET ROLE;
SET ROLE fetch_reader;
SELECT throws_ok($$SELECT steward.cache_fetch('fetch', 'who', 'fetched.who()')$$, '42501', NULL, 'readers do not compute');
SELECT is(steward.cache_get('fetch', 'who'), '"fetch_writer"', 'they find');
RESET ROLE;

-- Near its end a value is computed anew by one of those who ask.
SELECT steward.cache_create('fetch early', ttl => '2 s', early_beta => 10), steward.cache_create('fetch late', ttl => '2 s', early_beta => 0);
CREATE FUNCTION fetched.slow(args jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT to_jsonb(nextval('fetched.calls')) FROM pg_sleep(0.2) $$;
SELECT steward.cache_fetch(n, 'a', 'fetched.slow(jsonb)') FROM unnest(ARRAY['fetch early', 'fetch late']) AS n;
DO $$ BEGIN
    FOR i IN 1 .. 300 LOOP
        PERFORM steward.cache_fetch(n, 'a', 'fetched.slow(jsonb)') FROM unnest(ARRAY['fetch early', 'fetch late']) AS n;
        COMMIT;
        EXIT WHEN i >= 20 AND (SELECT early_refreshes > 0 FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'fetch early');
    END LOOP;
END $$;
SELECT ok(early_refreshes > 0, 'computed anew before its end') FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'fetch early';
SELECT is(early_refreshes, 0::bigint, 'unless it says never') FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'fetch late';

SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE namespace ~ '^fetch';
SELECT * FROM finish();
DROP SCHEMA fetched CASCADE;
DROP ROLE fetch_writer, fetch_reader;
