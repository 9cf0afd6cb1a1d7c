-- Rows of queries: found until a table changes, by the role that has asked, with its settings.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA query;
GRANT USAGE ON SCHEMA query, tap TO PUBLIC;
CREATE TABLE query.page (id bigint PRIMARY KEY, note text, owner name DEFAULT current_user, at timestamptz DEFAULT '2026-01-31 12:00+00');
CREATE TABLE query.log (id bigint);
INSERT INTO query.page VALUES (1, 'one'), (2, 'two'), (3, NULL);
CREATE VIEW query.shown AS SELECT id, note FROM query.page WHERE id < 3;
CREATE ROLE query_a IN ROLE steward_writer;
CREATE ROLE query_b IN ROLE steward_writer;
GRANT SELECT ON query.page, query.shown TO query_a, query_b;
SELECT steward.cache_alter('query', early_beta => 0);

-- What came of the last call: a hit, or a computation. A session passes its counts on at the end of a transaction.
CREATE TABLE query.seen AS SELECT 0::bigint AS hits, 0::bigint AS misses, 0::bigint AS sets;
GRANT ALL ON query.seen TO PUBLIC;
CREATE FUNCTION query.outcome() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s record;
    said text;
BEGIN
    SELECT hits, misses, sets INTO s FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'query';
    SELECT concat_ws(' ', CASE WHEN s.hits > o.hits THEN 'hit' END, CASE WHEN s.misses > o.misses THEN 'miss' END, CASE WHEN s.sets > o.sets THEN 'kept' END)
    INTO said FROM query.seen AS o;
    UPDATE query.seen SET hits = s.hits, misses = s.misses, sets = s.sets;
    RETURN said;
END $$;
CREATE FUNCTION query.notes(query text DEFAULT 'SELECT note FROM query.page ORDER BY id', args text[] DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(note, 'null'), ' ') FROM steward.cached_query(query, args) AS r (note text)
$$;
SELECT query.notes('SELECT ''nothing'' FROM query.log');
SELECT query.outcome();

SELECT is(query.notes(), 'one two null', 'the rows of a query, in their order');
SELECT is(query.outcome(), 'miss kept', 'are computed');
SELECT is(query.notes(), 'one two null', 'and found');
SELECT is(query.outcome(), 'hit', 'without the query');
INSERT INTO query.page VALUES (4, 'four');
SELECT is(query.notes(), 'one two null four', 'a table that changes');
SELECT is(query.outcome(), 'miss kept', 'has them computed again');
INSERT INTO query.log VALUES (1);
SELECT is(query.notes(), 'one two null four', 'another table');
SELECT is(query.outcome(), 'hit', 'does not');
DELETE FROM query.page WHERE id = 4;
SELECT is(query.notes('SELECT note FROM query.shown'), 'one two', 'a view');
UPDATE query.page SET note = 'uno' WHERE id = 1;
SELECT is(query.notes('SELECT note FROM query.shown ORDER BY id'), 'uno two', 'is its tables');
SELECT is(query.notes('SELECT note FROM query.shown'), query.notes('SELECT note FROM query.shown WHERE true'), 'whatever the text');
UPDATE query.page SET note = 'one' WHERE id = 1;
BEGIN;
UPDATE query.page SET note = 'ein' WHERE id = 1;
SELECT is(query.notes(), 'ein two null', 'a change of one''s own');
ROLLBACK;
SELECT is(query.notes(), 'one two null', 'that is rolled back');

-- Parameters.
SELECT query.outcome();
SELECT is(query.notes('SELECT note FROM query.page WHERE id = $1::bigint', ARRAY['1']), 'one', 'a parameter');
SELECT is(query.outcome(), 'miss kept', 'is computed');
SELECT is(query.notes('SELECT note FROM query.page WHERE id = $1::bigint', ARRAY['2']), 'two', 'another one');
SELECT is(query.outcome(), 'miss kept', 'is, too');
SELECT is(query.notes('SELECT note FROM query.page WHERE id = $1::bigint', ARRAY['1']), 'one', 'the first again');
SELECT is(query.outcome(), 'hit', 'is found');
SELECT is(query.notes('SELECT $1::text FROM query.page WHERE id = 1', ARRAY[NULL]), 'null', 'null');
SELECT is(query.notes('SELECT $1::text FROM query.page WHERE id = 1', ARRAY['']), '', 'is not the empty text');
SELECT is(query.notes('SELECT $1 || $2 FROM query.page WHERE id = 1', ARRAY['ab', 'c']), 'abc', 'parameters');
SELECT query.outcome();
SELECT is(query.notes('SELECT $1 || $2 FROM query.page WHERE id = 1', ARRAY['a', 'bc']), 'abc', 'do not run into each other');
SELECT is(query.outcome(), 'miss kept', 'also if they look alike');

-- Types, sizes.
SELECT results_eq($$SELECT * FROM steward.cached_query('SELECT id, note, at, NULL::jsonb, ARRAY[1, NULL], ''\x00ff''::bytea, 1.50::numeric FROM query.page ORDER BY id')
                    AS r (id bigint, note text, at timestamptz, j jsonb, a integer[], b bytea, n numeric)$$,
                  $$SELECT id, note, at, NULL::jsonb, ARRAY[1, NULL], '\x00ff'::bytea, 1.50::numeric FROM query.page ORDER BY id$$, 'many types, computed');
SELECT results_eq($$SELECT * FROM steward.cached_query('SELECT id, note, at, NULL::jsonb, ARRAY[1, NULL], ''\x00ff''::bytea, 1.50::numeric FROM query.page ORDER BY id')
                    AS r (id bigint, note text, at timestamptz, j jsonb, a integer[], b bytea, n numeric)$$,
                  $$SELECT id, note, at, NULL::jsonb, ARRAY[1, NULL], '\x00ff'::bytea, 1.50::numeric FROM query.page ORDER BY id$$, 'and found');
SELECT is_empty($$SELECT * FROM steward.cached_query('SELECT id FROM query.page WHERE false') AS r (id bigint)$$, 'no rows');
SELECT query.outcome();
SELECT is_empty($$SELECT * FROM steward.cached_query('SELECT id FROM query.page WHERE false') AS r (id bigint)$$, 'are found');
SELECT is(query.outcome(), 'hit', 'as such');
CREATE TABLE query.long (id integer, note text);
ALTER TABLE query.long ALTER note SET STORAGE EXTERNAL;
INSERT INTO query.long SELECT g, repeat(md5(g::text), 1000) FROM generate_series(1, 3) AS g;
SELECT is(md5(query.notes('SELECT note FROM query.long ORDER BY id')), md5((SELECT string_agg(note, ' ' ORDER BY id) FROM query.long)), 'values that lie outside of their rows, computed');
CREATE TABLE query.copy AS SELECT md5(string_agg(note, ' ' ORDER BY id)) AS digest FROM query.long;
SELECT is(md5(query.notes('SELECT note FROM query.long ORDER BY id')), digest, 'and found') FROM query.copy;
SELECT query.outcome();
SELECT is(count(*), 100000::bigint, 'many rows') FROM steward.cached_query('SELECT g FROM query.copy, generate_series(1, 100000) AS g') AS r (g integer);
SELECT is(query.outcome(), 'miss kept', 'are kept if there is room');
SELECT is(sum(g), 5000050000, 'and found') FROM steward.cached_query('SELECT g FROM query.copy, generate_series(1, 100000) AS g') AS r (g integer);
SELECT steward.cache_alter('query', max_bytes => 100000);
SELECT is(sum(g), 5000050000, 'where there is none') FROM steward.cached_query('SELECT g FROM query.copy, generate_series(1, 100000) AS g') AS r (g integer);
SELECT query.outcome();
SELECT is(sum(g), 5000050000, 'they are given') FROM steward.cached_query('SELECT g FROM query.copy, generate_series(1, 100000) AS g') AS r (g integer);
SELECT is(query.outcome(), 'miss', 'and not kept');
SELECT throws_ok($$SELECT * FROM steward.cached_query('SELECT id FROM query.page') AS r (id integer)$$, '42804', 'column 1 of the query is of type bigint, not integer');
SELECT throws_ok($$SELECT * FROM steward.cached_query('SELECT id, id FROM query.page') AS r (id bigint)$$, '42804', 'the query returns 2 columns, not 1');
SELECT throws_ok($$SELECT * FROM steward.cached_query('SELECT id FROM') AS r (id bigint)$$, '42601', NULL, 'no query');
SELECT throws_ok($$SELECT * FROM steward.cached_query(NULL) AS r (id bigint)$$, '22004', NULL, 'null');
SELECT throws_ok($$SELECT * FROM steward.cached_query('SELECT id FROM query.page', ttl => '-1 s') AS r (id bigint)$$, '22023', NULL, 'a time that is over');

-- What cannot be cached.
CREATE FUNCTION query.stable() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM query.page';
CREATE FUNCTION query.fixed(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT x + 1';
CREATE TEMPORARY TABLE passing (note text);
CREATE TABLE query.parent (note text);
CREATE TABLE query.child () INHERITS (query.parent);
CREATE SEQUENCE query.numbers;
CREATE TABLE query.refused (number integer GENERATED ALWAYS AS IDENTITY, statement text);
INSERT INTO query.refused (statement) VALUES
    ('SELECT random()::text FROM query.page'), ('SELECT nextval(''query.numbers'')::text'), ('SELECT query.stable()::text'), ('SELECT clock_timestamp()::text'),
    ('SELECT note FROM query.page WHERE note = current_setting(''app.who'', true)'), ('SELECT note FROM (SELECT note, random() FROM query.page) AS s'),
    ('WITH w AS (SELECT pg_backend_pid()::text AS p) SELECT p FROM w'), ('SELECT setting FROM pg_settings'), ('SELECT pg_current_xact_id()::text'),
    ('SELECT relname::text FROM pg_class'), ('SELECT tablename::text FROM pg_tables'), ('SELECT note FROM passing'), ('SELECT note FROM query.parent'),
    ('SELECT last_value::text FROM query.numbers'), ('SELECT table_to_xml(''query.page'', true, true, '''')::text'), ('SELECT query_to_xml(''SELECT 1'', true, true, '''')::text'),
    ('DELETE FROM query.page RETURNING note'), ('INSERT INTO query.log VALUES (1) RETURNING id::text'), ('WITH d AS (DELETE FROM query.page RETURNING note) SELECT note FROM d'),
    ('SELECT note FROM query.page FOR UPDATE'), ('SELECT note FROM (SELECT note FROM query.page FOR SHARE) AS s'), ('SELECT note FROM query.page ORDER BY random()'),
    ('SELECT (SELECT set_config(''a.b'', ''c'', true))');
SELECT throws_ok(format('SELECT query.notes(%L)', statement), '0A000', NULL, statement) FROM query.refused ORDER BY number;
SELECT throws_like($$SELECT query.notes('TRUNCATE query.page')$$, '%', 'no statement without rows');
SELECT throws_like($$SELECT query.notes('SELECT note FROM query.page; DELETE FROM query.page')$$, '%', 'nor a second one');
SELECT is((SELECT count(*) FROM query.page), 3::bigint, 'which was not done');
SELECT is(query.notes('SELECT query.fixed(id)::text FROM query.page WHERE id = 1'), '2', 'an immutable function');
SELECT is(query.notes('SELECT upper(note) || (now() > ''2000-01-01'')::text FROM query.page WHERE id = 1'), 'ONEtrue', 'functions of the server');
SELECT is(query.notes('SELECT count(*)::text FROM query.page AS p JOIN query.log AS l USING (id)'), '1', 'a join');
INSERT INTO query.log VALUES (2);
SELECT is(query.notes('SELECT count(*)::text FROM query.page AS p JOIN query.log AS l USING (id)'), '2', 'depends on both tables');

-- Roles see what they may see.
ALTER TABLE query.page ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON query.page USING (owner = current_user);
INSERT INTO query.page VALUES (11, 'of a', 'query_a'), (12, 'of b', 'query_b');
SET ROLE query_a;
SELECT is(query.notes(), 'of a', 'row security, computed');
SELECT is(query.notes(), 'of a', 'and found');
SET ROLE query_b;
SELECT is(query.notes(), 'of b', 'another role finds its own rows');
RESET ROLE;
SELECT is(query.notes(), 'one two null of a of b', 'and so does a superuser');
SET ROLE query_a;
SELECT is(query.notes(), 'of a', 'each time');
RESET ROLE;
ALTER POLICY own ON query.page USING (true);
SET ROLE query_a;
SELECT is(query.notes(), 'one two null of a of b', 'a policy that changes');
RESET ROLE;
CREATE POLICY setting ON query.page AS RESTRICTIVE USING (owner = current_setting('app.who'));
SET ROLE query_a;
SET app.who = 'query_b';
SELECT throws_ok('SELECT query.notes()', '0A000', NULL, 'one that asks for a setting is refused');
RESET ROLE;
DROP POLICY setting ON query.page;
SET ROLE query_a;
SELECT is(query.notes(), 'one two null of a of b', 'all rows again');
RESET ROLE;
REVOKE SELECT ON query.page FROM query_a;
SET ROLE query_a;
SELECT throws_ok('SELECT query.notes()', '42501', NULL, 'a right that was taken back, though the rows were there');
RESET ROLE;
CREATE ROLE query_reader IN ROLE steward_reader;
SET ROLE query_reader;
SELECT throws_ok('SELECT query.notes()', '42501', NULL, 'readers compute nothing');
RESET ROLE;

-- Settings.
SELECT query.outcome();
SET timezone = 'UTC';
SELECT is(query.notes('SELECT at::text FROM query.page WHERE id = 1'), '2026-01-31 12:00:00+00', 'a time zone');
SET timezone = 'Asia/Tokyo';
SELECT is(query.notes('SELECT at::text FROM query.page WHERE id = 1'), '2026-01-31 21:00:00+09', 'another one');
SET datestyle = 'German';
SELECT is(query.notes('SELECT at::text FROM query.page WHERE id = 1'), '31.01.2026 21:00:00 JST', 'dates');
RESET timezone;
RESET datestyle;
SELECT is(query.notes('SELECT to_tsvector(''cats'')::text FROM query.page WHERE id = 1'), to_tsvector('cats')::text, 'a configuration for text search');
SET default_text_search_config = 'pg_catalog.english';
SELECT is(query.notes('SELECT to_tsvector(''cats'')::text FROM query.page WHERE id = 1'), to_tsvector('cats')::text, 'another one');
CREATE SCHEMA query_2;
CREATE TABLE query_2.page AS SELECT 1 AS id, 'second' AS note;
SET search_path = query, tap, pg_catalog;
SELECT is(query.notes('SELECT note FROM page WHERE id = 1'), 'one', 'a search path');
SET search_path = query_2, tap, pg_catalog;
SELECT is(query.notes('SELECT note FROM page WHERE id = 1'), 'second', 'another one');
SET search_path = query_2, query, tap, pg_catalog;
SELECT is(query.notes('SELECT id::text FROM log WHERE id = 1'), '1', 'a name of the second schema');
CREATE TABLE query_2.log AS SELECT 1 AS id, 'hides' AS note UNION ALL SELECT 1, 'it';
SELECT is(query.notes('SELECT id::text FROM log WHERE id = 1'), '1 1', 'that is hidden by now');
SET search_path = tap, pg_catalog;

-- Computed anew before its end, it depends on its tables all the same.
SELECT steward.cache_alter('query', early_beta => 10, max_bytes => 100000000);
CREATE FUNCTION query.sum() RETURNS bigint LANGUAGE sql AS $$
    SELECT n FROM steward.cached_query('SELECT sum(l.id) FROM query.log AS l, generate_series(1, 500000) AS g WHERE l.id = 1', ttl => '300 ms') AS r (n numeric)
$$;
DO $$ BEGIN
    FOR i IN 1 .. 1000 LOOP
        PERFORM query.sum();
        COMMIT;
        EXIT WHEN (SELECT early_refreshes > 0 FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'query');
    END LOOP;
END $$;
SELECT ok(early_refreshes > 0, 'computed anew before its end') FROM steward.cache_stats WHERE tier = 'memory' AND namespace = 'query';
SELECT steward.cache_alter('query', early_beta => 0);
INSERT INTO query.log VALUES (1);
SELECT is(query.sum(), 1000000::bigint, 'and dropped by a change');

UPDATE steward.cache_namespace SET max_bytes = NULL, early_beta = 1 WHERE namespace = 'query';
SELECT * FROM finish();
DROP SCHEMA query, query_2 CASCADE;
DROP OWNED BY query_a, query_b, query_reader;
DROP ROLE query_a, query_b, query_reader;
