-- What is altered, moved, renamed or called at an odd moment: no writer fails, no row counts twice, and a refresh sees it.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA alt;
CREATE ROLE alt_eve IN ROLE steward_writer;
CREATE ROLE alt_team;
CREATE SCHEMA alt_e AUTHORIZATION alt_eve;
GRANT USAGE ON SCHEMA alt, alt_e, tap TO PUBLIC;
CREATE FUNCTION tap.wrong(name text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM steward.summary_verify(name) $$;

-- Functions of an index of a table of changes, and operators by their names, are run as their owner.
SET ROLE alt_eve;
CREATE TABLE alt_e.heard (who text);
GRANT INSERT ON alt_e.heard TO PUBLIC;
CREATE FUNCTION alt_e.hear() RETURNS void LANGUAGE plpgsql AS 'BEGIN INSERT INTO alt_e.heard VALUES (current_user); END';
CREATE FUNCTION alt_e.key(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM alt_e.hear(); RETURN $1; END'; -- which lies
CREATE TABLE alt_e.note (id integer PRIMARY KEY, page integer NOT NULL);
SELECT steward.summary_create('alt_e.below', 'SELECT page, count(*) AS n FROM alt_e.note GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('alt_e.above', 'SELECT page, n FROM alt_e.below', '{page}', max_staleness => NULL) \g /dev/null
CREATE INDEX ON alt_e.above_changes (alt_e.key(page));
INSERT INTO alt_e.note VALUES (1, 1);
RESET ROLE;
SELECT steward.summary_refresh('alt_e.above') \g /dev/null
SELECT set_eq('SELECT DISTINCT who FROM alt_e.heard', ARRAY['alt_eve'], 'an index of changes, and a superuser who refreshes');
TRUNCATE alt_e.heard;
SET ROLE alt_eve;
CREATE FUNCTION alt_e.is_equal(float8, integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM alt_e.hear(); RETURN $1 OPERATOR(pg_catalog.=) $2; END';
CREATE FUNCTION alt_e.is_equal(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM alt_e.hear(); RETURN $1 OPERATOR(pg_catalog.=) $2; END';
CREATE FUNCTION alt_e.is_equal("char", "char") RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM alt_e.hear(); RETURN $1 OPERATOR(pg_catalog.=) $2; END';
CREATE OPERATOR alt_e.= (LEFTARG = float8, RIGHTARG = integer, FUNCTION = alt_e.is_equal);
CREATE OPERATOR alt_e.= (LEFTARG = text, RIGHTARG = text, FUNCTION = alt_e.is_equal);
CREATE OPERATOR alt_e.= (LEFTARG = "char", RIGHTARG = "char", FUNCTION = alt_e.is_equal);
UPDATE steward.summary SET settings = settings || 'search_path=alt_e, pg_catalog'::text WHERE name = 'alt_e.below';
INSERT INTO alt_e.note VALUES (2, 1);
SELECT steward.summary_refresh('alt_e.below') \g /dev/null
RESET ROLE;
SELECT is_empty($$SELECT who FROM alt_e.heard WHERE who <> 'alt_eve'$$, 'operators of a search_path that was written into the table');

-- More keys than there is room for, columns that are none, tables without columns.
SET ROLE alt_eve;
DO $$ BEGIN EXECUTE (SELECT format('CREATE TABLE alt_e.wide (%s, at timestamptz)', string_agg('c' || i || ' integer', ', ')) FROM generate_series(1, 400) AS i); END $$;
CREATE TABLE alt_e.empty ();
UPDATE steward.summary_source SET keys = ARRAY(SELECT 'page' FROM generate_series(1, 400)), deltas = '{}', changes = 'alt_e.wide' WHERE name = 'alt_e.below';
SELECT lives_ok('INSERT INTO alt_e.note VALUES (3, 1)', 'four hundred columns of a key');
UPDATE steward.summary_source SET columns = '{nothing,ctid}', changes = 'alt_e.empty' WHERE name = 'alt_e.below';
SELECT lives_ok('UPDATE alt_e.note SET page = 2 WHERE id = 3', 'columns that are not there');
RESET ROLE;
CREATE TABLE alt.seen (id integer PRIMARY KEY, page integer NOT NULL, at timestamptz NOT NULL);
CREATE INDEX ON alt.seen (page);
SELECT steward.summary_create('alt.lately', 'SELECT page, count(*) AS n FROM alt.seen WHERE at > now() - interval ''1 hour'' GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
INSERT INTO alt.seen VALUES (1, 1, now());
ALTER TABLE alt.lately_timers ALTER page TYPE text;
SELECT lives_ok('INSERT INTO alt.seen VALUES (2, 1000, now())', 'timers that were altered');
SELECT steward.summary_create('alt.added', 'SELECT page, count(*) AS n FROM alt.seen GROUP BY page', '{page}', mode => 'delta', max_staleness => NULL) \g /dev/null
ALTER TABLE alt.added_changes ALTER steward_1 TYPE bigint;
INSERT INTO alt.seen VALUES (3, 1, now());
SELECT throws_ok($$SELECT steward.summary_refresh('alt.added')$$, '55000', NULL, 'sums that were altered');

-- A trigger that refreshes the summary whose rows are being written; and one that does before others have told of their rows.
CREATE TABLE alt.item (id integer PRIMARY KEY, page integer NOT NULL);
CREATE INDEX ON alt.item (page);
SELECT steward.summary_create('alt.latest', 'SELECT page, max(id) AS id FROM alt.item GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
CREATE FUNCTION alt.refresh_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    GRANT SELECT ON alt.latest_rows TO steward_reader; REVOKE SELECT ON alt.latest_rows FROM steward_reader; -- statements are planned anew
    PERFORM steward.summary_choose('alt.latest'); PERFORM steward.summary_refresh('alt.latest'); RETURN NULL; END $$;
CREATE TRIGGER again AFTER INSERT OR UPDATE ON alt.latest_rows FOR EACH STATEMENT EXECUTE FUNCTION alt.refresh_again();
INSERT INTO alt.item VALUES (1, 1), (2, 2);
SELECT throws_ok($$SELECT steward.summary_refresh('alt.latest')$$, '55006', NULL, 'a refresh within itself');
DROP TRIGGER again ON alt.latest_rows;
SELECT is(pg_temp.refreshed('alt.latest'), 'keyed 2', 'which leaves nothing behind');
SELECT steward.summary_create('alt.counted', 'SELECT page, count(*) AS n FROM alt.item GROUP BY page', '{page}', mode => 'delta', max_staleness => NULL) \g /dev/null
CREATE FUNCTION alt.refresh_early() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM steward.summary_refresh('alt.counted', 'full'); RETURN NULL; END $$;
CREATE TRIGGER a_first AFTER INSERT ON alt.item FOR EACH ROW EXECUTE FUNCTION alt.refresh_early();
INSERT INTO alt.item VALUES (3, 1), (4, 1);
SELECT steward.summary_refresh('alt.counted') \g /dev/null
SELECT is(tap.wrong('alt.counted'), 0::bigint, 'rows that a trigger has computed before they were added');
DROP TRIGGER a_first ON alt.item;
WITH r AS (INSERT INTO alt.item VALUES (5, 1), (6, 2) RETURNING (SELECT mode_used FROM steward.summary_refresh('alt.counted', 'full'))) TABLE r \g /dev/null
SELECT is(pg_temp.refreshed('alt.counted'), 'full 2', 'nor by the statement that has written them');
INSERT INTO alt.item VALUES (7, 3);
SELECT is(pg_temp.refreshed('alt.counted'), 'delta 1', 'after which changes are added up again');
CREATE FUNCTION alt.refresh_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM steward.summary_refresh('alt.counted'); RETURN NULL; END $$;
CREATE TRIGGER z_last AFTER INSERT ON alt.item FOR EACH ROW EXECUTE FUNCTION alt.refresh_added();
INSERT INTO alt.item VALUES (8, 3), (9, 3), (10, 4);
SELECT is(pg_temp.refreshed('alt.counted'), 'none 0', 'a trigger that adds them up');
DROP TRIGGER z_last ON alt.item;
SELECT throws_ok($$SELECT steward.summary_refresh_objects('alt.counted', '[{"page": 1}]')$$, '0A000', NULL, 'one key of sums');

-- A function of a key that lies: it writes rows of the same table, and has all that is known of it thrown away.
CREATE TABLE alt.word (id integer PRIMARY KEY, word text NOT NULL);
CREATE FUNCTION alt.add_word() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    UPDATE steward.summary_source SET keys = ARRAY['left(upper(lower(word)), -1) || right(word, 1)'] WHERE name = 'alt.words';
    FOR i IN 1 .. 50 LOOP INSERT INTO alt.word SELECT 1 + max(id), 'INNER ' || i FROM alt.word; END LOOP;
    UPDATE steward.summary_source SET keys = ARRAY['word'] WHERE name = 'alt.words'; END $$;
CREATE FUNCTION alt.small(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF $1 LIKE 'Deep%' THEN PERFORM alt.add_word(); END IF; RETURN lower($1); END $$;
SELECT steward.summary_create('alt.words', 'SELECT word, count(*) AS n FROM alt.word GROUP BY word', '{word}', mode => 'keyed', max_staleness => NULL) \g /dev/null
UPDATE steward.summary_source SET keys = ARRAY['left(alt.small(word) || alt.small(word), length(word))'] WHERE name = 'alt.words';
INSERT INTO alt.word SELECT i, 'word ' || i FROM generate_series(1, 10) AS i;
SELECT lives_ok($$INSERT INTO alt.word VALUES (1000, repeat('Deep', 1000))$$, 'a key that writes');
SELECT is((SELECT mode_used FROM steward.summary_refresh('alt.words', 'keyed')), 'keyed', 'is computed');
SELECT is((SELECT count(*) FROM alt.words), 60::bigint, 'with all that was written meanwhile');

-- Whole rows, and numbers that are equal and look otherwise.
CREATE TABLE alt.part (id integer PRIMARY KEY, page integer NOT NULL, words integer, price numeric NOT NULL);
INSERT INTO alt.part VALUES (1, 1, NULL, 1.0), (2, 1, 2, 1.0);
SELECT steward.summary_create('alt.rows_of', 'SELECT page, count(p) AS n FROM alt.part AS p GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('alt.priced', 'SELECT price, count(*) AS n FROM alt.part GROUP BY price', '{price}', mode => 'delta', max_staleness => NULL) \g /dev/null
INSERT INTO alt.part VALUES (3, 1, NULL, 1.00);
SELECT steward.summary_refresh(n) FROM unnest(ARRAY['alt.rows_of', 'alt.priced']) AS n \g /dev/null
SELECT is(tap.wrong('alt.rows_of'), 0::bigint, 'a row with a null in it counts');
SELECT results_eq('SELECT price::text, n FROM alt.priced', $$VALUES ('1.0', 3::bigint)$$, 'a key keeps its looks');

-- Owners.
CREATE TABLE alt.theirs (id integer PRIMARY KEY, page integer NOT NULL);
ALTER TABLE alt.theirs OWNER TO alt_eve;
SELECT steward.summary_create('alt.of_theirs', 'SELECT page, count(*) AS n FROM alt.theirs GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
INSERT INTO alt.theirs VALUES (1, 1);
SELECT is((SELECT mode_used FROM steward.summary_refresh('alt.of_theirs')), 'delta', 'a superuser''s summary of the table of another role');
SELECT is(tap.wrong('alt.of_theirs'), 0::bigint, 'hears of it');
SET ROLE alt_eve;
CREATE TABLE alt_e.given (id integer PRIMARY KEY, page integer NOT NULL);
SELECT steward.summary_create('alt_e.of_given', 'SELECT page, count(*) AS n FROM alt_e.given GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
RESET ROLE;
ALTER TABLE alt_e.given OWNER TO alt_team;
INSERT INTO alt_e.given VALUES (1, 1);
SELECT throws_like($$SELECT steward.summary_refresh('alt_e.of_given', 'full')$$, '%are not heard of any more%', 'a table that is another role''s by now');
SELECT is(steward.summary_choose('alt_e.of_given'), 'delta', 'for which the worker comes');

-- Partitions that went, with nothing else changed.
CREATE TABLE alt.day (day integer, page integer NOT NULL) PARTITION BY LIST (day);
CREATE TABLE alt.day_1 PARTITION OF alt.day FOR VALUES IN (1);
CREATE TABLE alt.day_2 PARTITION OF alt.day FOR VALUES IN (2);
INSERT INTO alt.day VALUES (1, 1), (2, 1);
SELECT steward.summary_create('alt.days', 'SELECT page, count(*) AS n FROM alt.day GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('alt.over_days', 'SELECT page, n FROM alt.days', '{page}', max_staleness => NULL) \g /dev/null
SELECT is(steward.summary_choose('alt.over_days'), 'none', 'nothing to do');
ALTER TABLE alt.day DETACH PARTITION alt.day_2;
SELECT is(steward.summary_choose('alt.over_days'), 'keyed', 'a partition that went is a reason to come');
CALL steward.summary_run('alt.over_days');
SELECT results_eq('SELECT n FROM alt.over_days', 'VALUES (1::bigint)', 'also for what is computed from it');

-- Other names for what expressions name.
CREATE TYPE alt.state AS ENUM ('ok', 'bad');
CREATE TABLE alt.try (id integer PRIMARY KEY, page integer NOT NULL, state alt.state);
SELECT steward.summary_create('alt.tries', $$SELECT page, count(*) AS n, count(*) FILTER (WHERE state = 'ok') AS good FROM alt.try GROUP BY page$$, '{page}', max_staleness => NULL) \g /dev/null
INSERT INTO alt.try VALUES (1, 1, 'ok');
SELECT is(pg_temp.refreshed('alt.tries', 'auto'), 'delta 1', 'an enum');
ALTER TYPE alt.state RENAME VALUE 'ok' TO 'fine';
ALTER TYPE alt.state RENAME TO condition;
GRANT SELECT ON alt.try TO PUBLIC; -- sessions look at it anew, as one that comes later does
SELECT lives_ok($$INSERT INTO alt.try VALUES (2, 1, 'fine')$$, 'whoever writes does not meet that its value, and itself, have other names');
SELECT matches(pg_temp.refreshed('alt.tries', 'auto'), '^full \d+$', 'all is computed');
SELECT matches(pg_temp.refreshed('alt.tries', 'auto'), '^(full|none) \d+$', 'and read anew');
INSERT INTO alt.try VALUES (3, 1, 'fine');
SELECT is(pg_temp.refreshed('alt.tries', 'auto'), 'delta 1', 'so that changes are added up again');

-- Once written, written once.
CREATE TABLE alt.setting (value integer);
INSERT INTO alt.setting VALUES (0);
SELECT steward.summary_create('alt.above_setting', 'SELECT page, count(*) AS n FROM alt.item CROSS JOIN alt.setting WHERE id > value GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
SELECT pg_temp.refreshed('alt.above_setting', 'auto') \g /dev/null
BEGIN;
SAVEPOINT s;
UPDATE alt.setting SET value = 1;
SELECT is(pg_temp.refreshed('alt.above_setting', 'auto'), 'full 4', 'all, in a savepoint');
RELEASE s;
COMMIT;
SELECT is(pg_temp.refreshed('alt.above_setting', 'auto'), 'none 0', 'is not to be computed again');
BEGIN;
UPDATE alt.setting SET value = 2;
SAVEPOINT s;
SELECT steward.summary_flush() \g /dev/null
ROLLBACK TO s;
COMMIT;
SELECT matches(pg_temp.refreshed('alt.above_setting', 'auto'), '^full ', 'unless it was taken back with the savepoint');

SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name LIKE 'alt%' ORDER BY s.created_at DESC \g /dev/null
DROP SCHEMA alt, alt_e CASCADE;
DROP OWNED BY alt_eve, alt_team;
DROP ROLE alt_eve, alt_team;
DROP FUNCTION tap.wrong(text);
SELECT * FROM finish();
