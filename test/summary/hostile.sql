-- Whoever may have summaries writes down what he likes: nobody else's rights are used for it, and the server stands.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA hos;
CREATE ROLE hos_owner IN ROLE steward_writer;
CREATE ROLE hos_mallory IN ROLE steward_writer;
CREATE SCHEMA hos_m AUTHORIZATION hos_mallory;
GRANT USAGE ON SCHEMA hos, hos_m, tap TO PUBLIC;
GRANT CREATE ON SCHEMA hos TO hos_owner;
SET ROLE hos_owner;
CREATE TABLE hos.note (id integer, page integer);
CREATE TABLE hos.private (word text, at timestamptz);
GRANT SELECT ON hos.note TO PUBLIC;
SELECT steward.summary_create('hos.pages', 'SELECT page, count(*) FROM hos.note GROUP BY page', '{page}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SET ROLE hos_mallory;
CREATE TABLE hos_m.heard (who text);
GRANT INSERT ON hos_m.heard TO PUBLIC;
CREATE FUNCTION hos_m.hear() RETURNS void LANGUAGE plpgsql AS 'BEGIN INSERT INTO hos_m.heard VALUES (current_user); END';
CREATE FUNCTION hos_m.key(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM hos_m.hear(); RETURN $1; END'; -- which lies
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hos_m TO PUBLIC;
-- tried(SQL): as mallory, whatever comes of it
CREATE FUNCTION hos_m.tried(statement text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; EXCEPTION WHEN OTHERS THEN NULL; END $$;

-- Expressions of a key, where others write.
SELECT hos_m.tried($$SELECT steward.summary_create('hos_m.a', 'SELECT hos_m.key(page) AS page, count(*) FROM hos.note GROUP BY 1', '{page}', mode => 'keyed', max_staleness => NULL)$$) \g /dev/null
SELECT hos_m.tried($$SELECT steward.summary_create('hos_m.b', 'SELECT page, count(*) FROM hos.note GROUP BY 1', '{page}', sources => '{"hos.note": ["hos_m.key(page)"]}', mode => 'keyed', max_staleness => NULL)$$) \g /dev/null
RESET ROLE;
TRUNCATE hos_m.heard;
INSERT INTO hos.note VALUES (1, 1);
SELECT is_empty('SELECT * FROM hos_m.heard', 'writers run nothing of those who only read');
-- The query, where others look.
TRUNCATE hos_m.heard;
SELECT hos_m.tried(format($$SELECT count(*) FROM steward.summary_verify('hos_m.%s')$$, s)) FROM unnest(ARRAY['a', 'b']) AS s \g /dev/null
SELECT hos_m.tried(format($$SELECT count(*) FROM steward.summary_rebuild('hos_m.%s')$$, s)) FROM unnest(ARRAY['a', 'b']) AS s \g /dev/null
SELECT is_empty('SELECT * FROM hos_m.heard', 'a superuser who verifies and rebuilds runs nothing');
SET ROLE hos_mallory;
SELECT hos_m.tried(format($$SELECT steward.summary_drop('hos_m.%s')$$, s)) FROM unnest(ARRAY['a', 'b']) AS s \g /dev/null

-- Rows of the tables of summaries, which members of steward_writer may write.
SELECT hos_m.tried($$INSERT INTO steward.summary_source (name, place, owner, part, relation, changes, keys) VALUES ('forged', 1, 'hos_mallory', 'relation', 'hos.note', 'hos.private', ARRAY['''forged''::text'])$$) \g /dev/null
RESET ROLE;
INSERT INTO hos.note VALUES (1, 1);
SELECT is_empty('SELECT * FROM hos.private', 'nothing is written into tables of others');
DELETE FROM steward.summary_source WHERE name = 'forged';
SET ROLE hos_mallory;
CREATE TABLE hos_m.rows (id integer PRIMARY KEY);
CREATE TABLE hos_m.two (word text);
CREATE TABLE hos_m.three (word text, at timestamptz);
SELECT hos_m.tried($$INSERT INTO steward.summary (name, owner, view, source, stored, changes, key, wanted_mode, mode, settings, created_at)
    VALUES ('hos_m.forged', 'hos_mallory', 'hos_m.rows', 'hos_m.rows', 'hos_m.rows', 'hos.private', '{id}', 'auto', 'keyed', '{}', now())$$) \g /dev/null
SELECT hos_m.tried($$INSERT INTO steward.summary_state (name, owner) VALUES ('hos_m.forged', 'hos_mallory')$$) \g /dev/null
RESET ROLE;
INSERT INTO hos.private VALUES ('one', '2000-01-01');
SET ROLE hos_mallory;
SELECT is((SELECT backlog FROM steward.summaries WHERE name = 'hos_m.forged'), NULL, 'nobody counts rows of others');
RESET ROLE;
TRUNCATE hos.private;
SET ROLE hos_mallory;
SELECT hos_m.tried($$UPDATE steward.summary SET stored = 'hos.private', source = 'hos_m.two', changes = 'hos_m.three', key = '{word}' WHERE name = 'hos_m.forged'$$) \g /dev/null
RESET ROLE;
SELECT hos_m.tried($$SELECT steward.summary_drop('hos_m.forged')$$) \g /dev/null
SELECT has_table('hos', 'private', 'a superuser who drops a summary drops nothing of others');
DELETE FROM steward.summary WHERE name = 'hos_m.forged';
DELETE FROM steward.summary_state WHERE name = 'hos_m.forged';

-- Tables of changes that were altered, also by the transaction whose changes are to be written there.
BEGIN;
INSERT INTO hos.note VALUES (1, 1);
ALTER TABLE hos.pages_changes ALTER page TYPE text;
COMMIT;
SELECT pass('altered between a change and its commit');
SELECT throws_ok($$SELECT steward.summary_refresh('hos.pages')$$, '55000', NULL, 'which a refresh says');
ALTER TABLE hos.pages_changes ALTER page TYPE integer USING page::integer;
CREATE TABLE hos.private_again (word text, at timestamptz);
SET ROLE hos_owner;
ALTER TABLE hos.pages_changes ALTER page TYPE text;
RESET ROLE;
SELECT lives_ok('INSERT INTO hos.note VALUES (1, 1)', 'a key of another type');
SET ROLE hos_owner;
ALTER TABLE hos.pages_changes ALTER page TYPE integer USING page::integer;
ALTER TABLE hos.pages_changes DROP COLUMN steward_changed_at;
RESET ROLE;
SELECT lives_ok('INSERT INTO hos.note VALUES (1, 1)', 'a column that is gone');
SET ROLE hos_owner;
ALTER TABLE hos.pages_changes ADD steward_changed_at text;
RESET ROLE;
SELECT lives_ok('INSERT INTO hos.note VALUES (1, 1)', 'a time of another type');
SET ROLE hos_mallory;
CREATE VIEW hos_m.view AS SELECT 1 AS page, now() AS at;
SELECT hos_m.tried($$INSERT INTO steward.summary_source (name, place, owner, part, relation, changes, keys) VALUES ('forged', 1, 'hos_mallory', 'relation', 'hos.note', 'hos_m.view', ARRAY['page'])$$) \g /dev/null
SELECT hos_m.tried($$INSERT INTO steward.summary (name, owner, view, source, stored, changes, key, wanted_mode, mode, settings, created_at)
    VALUES ('hos_m.view', 'hos_mallory', 'hos_m.view', 'hos_m.view', 'hos_m.view', 'hos_m.view', '{page}', 'auto', 'keyed', '{}', now())$$) \g /dev/null
SELECT hos_m.tried($$INSERT INTO steward.summary_state (name, owner) VALUES ('hos_m.view', 'hos_mallory')$$) \g /dev/null
SELECT lives_ok('SELECT count(*) FROM steward.summaries', 'a view that is no table of changes, looked at');
RESET ROLE;
SELECT lives_ok('INSERT INTO hos.note VALUES (1, 1)', 'and written');

RESET ROLE;
DELETE FROM steward.summary_source WHERE name ~ '^(hos|forged)';
DELETE FROM steward.summary_state WHERE name ~ '^hos';
DELETE FROM steward.summary WHERE name ~ '^hos';
DROP SCHEMA hos, hos_m CASCADE;
DROP OWNED BY hos_owner, hos_mallory;
DROP ROLE hos_owner, hos_mallory;
REVOKE USAGE ON SCHEMA tap FROM PUBLIC;
SELECT * FROM finish();
