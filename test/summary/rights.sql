-- Names, and rights: whose query it is, who may do what, and what nobody else's objects can change.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA sum;
CREATE TABLE sum.note (id integer PRIMARY KEY, page integer, words integer, at timestamptz NOT NULL DEFAULT '2026-01-01 23:30+00');
INSERT INTO sum.note (id, page, words) SELECT g, 1 + g % 5, g FROM generate_series(1, 50) AS g;

-- Names with all that quotes allow.
CREATE SCHEMA "Odd ""Sch.ema""";
CREATE TABLE "Odd ""Sch.ema"""."From ""it""" ("The ""Key""" integer, "select" text, "a.b" integer);
INSERT INTO "Odd ""Sch.ema"""."From ""it""" VALUES (1, 'one', 1), (1, 'two', 2);
SELECT is(steward.summary_create('"Odd ""Sch.ema"""."Its ""Name"""', $$SELECT "The ""Key""", min("select") AS "from", sum("a.b") AS "SUM" FROM "Odd ""Sch.ema"""."From ""it""" GROUP BY 1$$, ARRAY['The "Key"'],
                                 mode => 'keyed', max_staleness => NULL)::text, '"Odd ""Sch.ema"""."Its ""Name"""', 'names with quotes, capitals, blanks and dots');
INSERT INTO "Odd ""Sch.ema"""."From ""it""" VALUES (2, 'three', 3);
SELECT is(pg_temp.refreshed('"Odd ""Sch.ema"""."Its ""Name"""'), 'keyed 1', 'is refreshed by its full name');
SELECT is(steward.summary_refresh_keys('"Its ""Name"""', '[{"The \"Key\"": 1}]'), 0::bigint, 'by its name alone, and by its keys');
SELECT ok(count(*) > 1, 'is explained') FROM steward.summary_explain('"Its ""Name"""');
SELECT is(steward.summary_create('sum.Folded', 'SELECT id, words FROM sum.note', '{id}')::text, 'sum.folded', 'capitals without quotes');
SELECT is(steward.summary_own('FOLDED'), 'sum.folded', 'are folded when it is asked for');
SELECT is(steward.summary_create('sum.' || repeat('x', 55), 'SELECT id FROM sum.note', '{id}')::text, 'sum.' || repeat('x', 55), 'a name of 55 bytes');
SELECT is(steward.summary_create('"Odd ""Sch.ema""".folded', 'SELECT id FROM sum.note', '{id}')::text, '"Odd ""Sch.ema""".folded', 'the same name in another schema');
SELECT throws_ok($$SELECT steward.summary_refresh('folded')$$, '42P09', 'several summaries have the name "folded"', 'is ambiguous alone');
SELECT is(steward.summary_own('sum.folded'), 'sum.folded', 'and not with its schema');
SET search_path = sum, tap, pg_catalog;
SELECT is(steward.summary_create('here', 'SELECT page, sum(words) FROM note GROUP BY page', '{page}', mode => 'keyed', max_staleness => NULL)::text, 'here', 'in the first schema of the search_path');
SET search_path = tap, pg_catalog;
SELECT is((SELECT name FROM steward.summary WHERE name ~ 'here'), 'sum.here', 'which is part of its name');
SELECT throws_ok($throws$DO $do$ BEGIN PERFORM set_config('search_path', '', true); PERFORM steward.summary_create('nowhere', 'SELECT 1 AS id', '{id}'); END $do$$throws$,
                 '3F000', 'no schema has been selected to create in', 'without a search_path');

-- What is given another name.
ALTER TABLE sum.note RENAME COLUMN words TO size;
INSERT INTO sum.note (id, page, size) VALUES (51, 1, 1);
SELECT matches(pg_temp.refreshed('sum.here'), '^(keyed 1|full 5)$', 'a column that was renamed');
ALTER TABLE sum.note RENAME COLUMN page TO leaf;
INSERT INTO sum.note (id, leaf, size) VALUES (52, 2, 1);
SELECT matches(pg_temp.refreshed('sum.here'), '^(keyed 1|full 5)$', 'the column of its key that was renamed');
ALTER TABLE sum.note RENAME TO notes;
INSERT INTO sum.notes (id, leaf, size) VALUES (53, 3, 1);
SELECT matches(pg_temp.refreshed('sum.here'), '^(keyed 1|full 5)$', 'a table that was renamed');
ALTER SCHEMA sum RENAME TO total;
INSERT INTO total.notes (id, leaf, size) VALUES (56, 3, 1);
SELECT lives_ok($$SELECT steward.summary_refresh('sum.here')$$, 'a schema that was renamed');
ALTER SCHEMA total RENAME TO sum;
SELECT matches(pg_temp.refreshed('sum.here'), '^(keyed 1|full 5|none 0)$', 'and has its name back');
ALTER VIEW sum.here RENAME TO there;
ALTER TABLE sum.here_rows RENAME TO there_rows;
DELETE FROM sum.notes WHERE id = 53;
SELECT matches(pg_temp.refreshed('sum.here'), '^(keyed 1|full 5)$', 'its own relations that were renamed');
SELECT is((SELECT view::text FROM steward.summaries WHERE name = 'sum.here'), 'sum.there', 'which are known');
ALTER TABLE sum.there_rows RENAME TO here_rows;
ALTER VIEW sum.there RENAME TO here;
ALTER TABLE sum.notes RENAME TO note;
ALTER TABLE sum.note RENAME COLUMN size TO words;
ALTER TABLE sum.note RENAME COLUMN leaf TO page;
SELECT steward.summary_rebuild('sum.here') \g /dev/null
SELECT is(pg_temp.refreshed('sum.here'), 'full 5', 'rebuild');
INSERT INTO sum.note (id, page, words) VALUES (54, 4, 1);
SELECT is(pg_temp.refreshed('sum.here'), 'keyed 1', 'after which the keys are known again');
ALTER TABLE sum.note RENAME COLUMN page TO x;
ALTER TABLE sum.note RENAME COLUMN words TO page;
ALTER TABLE sum.note RENAME COLUMN x TO words;
INSERT INTO sum.note (id, words, page) VALUES (55, 5, 77);
SELECT matches(pg_temp.refreshed('sum.here'), '^(keyed 1|full 5)$', 'columns that have changed their names with each other');
ALTER TABLE sum.note RENAME COLUMN words TO x;
ALTER TABLE sum.note RENAME COLUMN page TO words;
ALTER TABLE sum.note RENAME COLUMN x TO page;
CREATE TABLE sum.whole (id integer, page integer);
SELECT steward.summary_create('sum.wholes', 'SELECT w.page, count(w) FROM sum.whole AS w GROUP BY w.page', '{page}', mode => 'keyed', max_staleness => NULL) \g /dev/null
ALTER TABLE sum.whole RENAME COLUMN page TO leaf;
SELECT lives_ok('INSERT INTO sum.whole VALUES (1, 1)', 'a writer of a table whose column was renamed');
DROP TABLE sum.whole CASCADE;

-- A hostile schema first in the search_path of whoever refreshes and writes changes nothing, and runs nothing.
CREATE SCHEMA evil;
CREATE TABLE evil.heard (what text, who text DEFAULT current_user);
CREATE FUNCTION evil.eq(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.heard VALUES ('='); RETURN false; END $$;
CREATE FUNCTION evil.eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.heard VALUES ('= of text'); RETURN false; END $$;
CREATE OPERATOR evil.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = evil.eq);
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.heard VALUES ('now'); RETURN '2000-01-01'; END $$;
CREATE FUNCTION evil.unnest(integer[]) RETURNS SETOF integer LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.heard VALUES ('unnest'); END $$;
CREATE FUNCTION evil.array_agg(integer[]) RETURNS integer[] LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.heard VALUES ('array_agg'); RETURN $1; END $$;
CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.heard VALUES ('format'); RETURN 'SELECT 1'; END $$;
CREATE AGGREGATE evil.count(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = 1000);
CREATE AGGREGATE evil.sum(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = 1000);
CREATE VIEW evil.pg_class AS SELECT NULL::oid AS oid, NULL::name AS relname;
CREATE TABLE evil.summary (name text);
CREATE TABLE evil.note (id integer, page integer, words integer);
SET search_path = evil, pg_catalog, sum;
UPDATE sum.note SET words = 60 WHERE id OPERATOR(pg_catalog.<) 3;
SELECT steward.summary_refresh('sum.here') \g /dev/null
UPDATE sum.note SET words = 61 WHERE id OPERATOR(pg_catalog.<) 3;
SELECT steward.summary_refresh('sum.here', 'full') \g /dev/null
SELECT steward.summary_refresh_keys('sum.here', '[1, 2]') \g /dev/null
UPDATE sum.note SET words = 62 WHERE id OPERATOR(pg_catalog.<) 3;
CALL steward.summary_run('sum.here');
SELECT steward.summary_explain('sum.here') \g /dev/null
SELECT steward.summary_pause('sum.here'), steward.summary_resume('sum.here'), steward.summary_rebuild('sum.here') \g /dev/null
SELECT name FROM steward.summaries \g /dev/null
CALL steward.summaries_run();
SELECT steward.summary_create('sum.mine', 'SELECT page, pg_catalog.sum(words) FROM sum.note GROUP BY page', '{page}') \g /dev/null
SELECT steward.summary_drop('sum.mine') \g /dev/null
SET search_path = tap, pg_catalog;
SELECT is_empty('SELECT * FROM evil.heard', 'a hostile schema has nothing called');
SELECT matches(pg_temp.refreshed('sum.here'), '^(none 0|full 5)$', 'and changes nothing');
DROP SCHEMA evil CASCADE;

-- Who may do what.
CREATE ROLE sum_owner IN ROLE steward_writer;
CREATE ROLE sum_other IN ROLE steward_writer;
CREATE ROLE sum_reader IN ROLE steward_reader;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
CREATE SCHEMA own AUTHORIZATION sum_owner;
GRANT USAGE ON SCHEMA own TO PUBLIC;
SET ROLE sum_owner;
CREATE TABLE own.note (id integer, page integer, words integer, at timestamptz DEFAULT '2026-01-01 23:30+00');
INSERT INTO own.note SELECT g, 1 + g % 5, g FROM generate_series(1, 50) AS g;
CREATE FUNCTION own.who(integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN current_user; END $$;
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SELECT is(steward.summary_create('own.sums', 'SELECT page, sum(words), own.who(page) AS who, min(at)::text AS first, date_trunc(''day'', max(at))::text AS day FROM own.note GROUP BY page', '{page}',
                                 mode => 'keyed', max_staleness => NULL)::text, 'own.sums', 'a role that is no superuser has one of its own tables');
SELECT lives_ok('INSERT INTO own.note VALUES (51, 1, 1)', 'writes');
SELECT is((steward.summary_refresh('own.sums', 'keyed')).keys, 1::bigint, 'refreshes');
RESET TimeZone;
RESET DateStyle;
SELECT is((SELECT count(*) FROM steward.summary_verify('own.sums')), 0::bigint, 'verifies with the settings that it was made with');
SELECT throws_ok($$SELECT steward.summary_create('own.theirs', 'SELECT page, sum(words) FROM sum.note GROUP BY page', '{page}')$$, '42501', NULL, 'not of a table that it may not read');
SET ROLE sum_reader;
SELECT throws_ok('SELECT * FROM own.sums', '42501', NULL, 'nobody else may read it');
SELECT is((SELECT state || ' ' || backlog FROM steward.summaries WHERE name = 'own.sums'), 'fresh 0', 'but any reader how it is');
SELECT throws_ok($$SELECT steward.summary_refresh('own.sums')$$, '42501', NULL, 'a reader may not refresh');
RESET ROLE;
GRANT SELECT ON own.sums, own.sums_rows TO sum_reader;
SET ROLE sum_reader;
SELECT is((SELECT count(*) FROM own.sums), 5::bigint, 'unless it was given the right to read');
SET ROLE sum_other;
SELECT throws_ok(format('SELECT %s', call), '42501', NULL, call)
FROM unnest(ARRAY['steward.summary_refresh(''own.sums'')', 'steward.summary_drop(''own.sums'')', 'steward.summary_pause(''own.sums'')', 'steward.summary_resume(''own.sums'')',
                  'steward.summary_alter(''own.sums'')', 'steward.summary_rebuild(''own.sums'')', 'steward.summary_verify(''own.sums'')', 'steward.summary_explain(''own.sums'')',
                  'steward.summary_refresh_keys(''own.sums'', ''[1]'')', 'steward.summary_refresh_objects(''own.sums'', ''[]'')', 'steward.summary_choose(''own.sums'')', 'steward.summary_expiry(''own.sums'')']) AS call;
SELECT throws_ok($$SELECT steward.summary_create('own.mine', 'SELECT 1 AS id', '{id}')$$, '42501', NULL, 'another role makes none in a schema of others');
UPDATE steward.summary SET mode = 'full', settings = '{}' WHERE name = 'own.sums';
DELETE FROM steward.summary_state WHERE name = 'own.sums';
DELETE FROM steward.summary_source WHERE name = 'own.sums';
SELECT throws_ok($$INSERT INTO steward.summary_source (name, place, owner, part, relation) VALUES ('x', 1, 'sum_owner', 'relation', 'own.note')$$, '42501', NULL, 'another role writes down nothing for others');
RESET ROLE;
SELECT is((SELECT mode FROM steward.summary WHERE name = 'own.sums'), 'keyed', 'what it tried has changed nothing');

-- The query has the rights and the settings of its owner, whoever refreshes.
INSERT INTO own.note VALUES (52, 2, 1, '2026-01-01 22:00+00');
SET ROLE steward_worker;
SELECT keys FROM steward.summary_refresh('own.sums', 'keyed') \g /dev/null
RESET ROLE;
SELECT is((SELECT who || ' ' || first FROM own.sums WHERE page = 2), 'sum_owner 02.01.2026 07:00:00 JST', 'by the worker: rights and settings of the owner');
UPDATE own.note SET words = 0 WHERE page = 3;
SELECT keys FROM steward.summary_refresh('own.sums', 'full') \g /dev/null
SELECT is((SELECT string_agg(DISTINCT who, ' ') FROM own.sums), 'sum_owner', 'by a superuser, all rows');
SELECT steward.summary_refresh_keys('own.sums', '[1]') \g /dev/null
SELECT is((SELECT string_agg(DISTINCT who, ' ') FROM own.sums), 'sum_owner', 'and by keys');
SELECT throws_ok($$SELECT FROM steward.summary_verify('own.sums')$$, '42501', NULL, 'verify by a superuser would run what others wrote');
SET ROLE sum_owner;
SELECT is((SELECT count(*) FROM steward.summary_verify('own.sums')), 0::bigint, 'verify by the owner');
RESET ROLE;

-- Whoever does not own a table makes nothing run when it is written.
SET ROLE sum_owner;
GRANT SELECT ON own.note TO sum_other;
SET ROLE sum_other;
RESET ROLE;
CREATE SCHEMA other AUTHORIZATION sum_other;
SET ROLE sum_other;
SELECT throws_ok($$SELECT steward.summary_create('other.sums', 'SELECT page, sum(words) FROM own.note GROUP BY page', '{page}')$$, '0A000', 'the query reads what nobody hears of', 'a summary of a table of others');
RESET ROLE;
SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name = 'other.sums' \g /dev/null

-- Row security that is forced on the owner.
SET ROLE sum_owner;
CREATE TABLE own.secret (id integer, page integer, words integer, is_secret boolean NOT NULL DEFAULT false);
ALTER TABLE own.secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY shown ON own.secret USING (NOT is_secret) WITH CHECK (true);
CREATE POLICY changed ON own.secret FOR UPDATE USING (true);
INSERT INTO own.secret VALUES (1, 1, 1, false), (2, 1, 10, true);
SELECT throws_ok($$SELECT steward.summary_create('own.shown', 'SELECT page, sum(words) FROM own.secret GROUP BY page', '{page}')$$, '0A000', 'the query reads what nobody hears of',
                 'a policy for the owner reads what is not watched');
RESET ROLE;

SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name ~ '^(own|sum|other|"Odd.*)\.' AND s.name <> 'sum.wholes' \g /dev/null
DELETE FROM steward.summary_source WHERE name = 'sum.wholes';
DELETE FROM steward.summary_state WHERE name = 'sum.wholes';
DELETE FROM steward.summary WHERE name = 'sum.wholes';
DROP SCHEMA sum, own, other, "Odd ""Sch.ema""" CASCADE;
DROP OWNED BY sum_owner, sum_other, sum_reader;
DROP ROLE sum_owner, sum_other, sum_reader;
REVOKE USAGE ON SCHEMA tap FROM PUBLIC;
SELECT * FROM finish();
