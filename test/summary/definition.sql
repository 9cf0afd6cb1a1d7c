-- What a summary can be made of, how it is changed and dropped, and whatever is refused.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA def;
CREATE TABLE def.note (id integer PRIMARY KEY, page integer, words integer, at timestamptz NOT NULL DEFAULT now());
INSERT INTO def.note SELECT g, 1 + g % 5, g FROM generate_series(1, 50) AS g;
CREATE TABLE def.other (id integer, page integer);
-- refused(QUERY, SQLSTATE, MESSAGE [, ARGUMENTS]): of def.note by page
CREATE FUNCTION pg_temp.refused(query text, code text, message text, arguments text DEFAULT '', key text[] DEFAULT '{page}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text := tap.throws_ok(format('SELECT steward.summary_create(%L, %L, %L %s)', 'def.refused', query, key, arguments), code, message, message);
BEGIN
    PERFORM steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name = 'def.refused';
    RETURN result;
END $$;
\set sums 'SELECT page, sum(words) FROM def.note GROUP BY page'

-- Made.
SELECT is(steward.summary_create('def.sums', :'sums', '{page}', mode => 'keyed')::text, 'def.sums', 'its view is returned');
SELECT results_eq('SELECT * FROM def.sums ORDER BY page', :'sums' || ' ORDER BY page', 'which is filled');
SELECT is((SELECT wanted_mode || ' ' || mode || ' ' || max_staleness || ' ' || (schedule IS NULL) || ' ' || owner FROM steward.summary WHERE name = 'def.sums'),
          'keyed keyed 00:00:05 true postgres', 'what is known of it');
SELECT is((SELECT state || ' ' || backlog || ' ' || last_mode || ' ' || refreshes FROM steward.summaries WHERE name = 'def.sums'), 'fresh 0 full 0', 'what the view says');
SELECT set_eq($$SELECT relname FROM pg_class WHERE relnamespace = 'def'::regnamespace AND relkind IN ('r', 'v')$$,
              ARRAY['note', 'other', 'sums', 'sums_source', 'sums_rows', 'sums_changes'], 'its relations');
SELECT is(obj_description('def.sums_source'::regclass), 'the query of summary def.sums', 'which are commented');
SELECT is((SELECT reloptions::text FROM pg_class WHERE oid = 'def.sums_rows'::regclass), '{fillfactor=80}', 'rows have room beside them');

-- Refused: names and arguments.
SELECT throws_ok($$SELECT steward.summary_create('def.sums', 'SELECT 1 AS page', '{page}')$$, '42710', 'summary "def.sums" already exists', 'one that is there');
SELECT throws_ok($$SELECT steward.summary_create('def.note', 'SELECT 1 AS page', '{page}')$$, '42P07', 'relation "note" already exists', 'a table of that name');
SELECT throws_ok($$SELECT steward.summary_create('a.b.c', 'SELECT 1 AS page', '{page}')$$, '42602', 'invalid name of a summary: "a.b.c"', 'a name of three parts');
SELECT throws_ok($$SELECT steward.summary_create('def.a b', 'SELECT 1 AS page', '{page}')$$, '22023', 'string is not a valid identifier: "def.a b"', 'a name with a blank');
SELECT throws_ok($$SELECT steward.summary_create('', 'SELECT 1 AS page', '{page}')$$, '22023', NULL, 'an empty name');
SELECT throws_ok(format('SELECT steward.summary_create(%L, %L, %L)', 'def.' || repeat('x', 56), 'SELECT 1 AS page', '{page}'), '42602', NULL, 'a name of 56 bytes');
SELECT throws_ok($$SELECT steward.summary_create('nowhere.sums', 'SELECT 1 AS page', '{page}')$$, '3F000', 'schema "nowhere" does not exist', 'no such schema');
SELECT throws_ok($$SELECT steward.summary_create(NULL, 'SELECT 1 AS page', '{page}')$$, '22023', 'a name, a query and a key are needed', 'no name');
SELECT throws_ok($$SELECT steward.summary_create('def.refused', NULL, '{page}')$$, '22023', NULL, 'no query');
SELECT pg_temp.refused('SELECT 1 AS page', '22023', 'a name, a query and a key are needed', key => '{}');
SELECT pg_temp.refused('SELECT 1 AS page', '22023', 'a name, a query and a key are needed', key => '{page,NULL}');
SELECT pg_temp.refused(:'sums', '22023', 'invalid mode of a summary: "lazy"', ', mode => ''lazy''');
SELECT pg_temp.refused(:'sums', '22023', 'invalid mode of a summary: "<NULL>"', ', mode => NULL');
SELECT pg_temp.refused(:'sums', '22023', 'invalid definition of a summary', ', max_staleness => ''-1 s''');
SELECT pg_temp.refused(:'sums', '22023', 'invalid schedule: "now and then"', ', schedule => ''now and then''');
SELECT pg_temp.refused(:'sums', '42703', 'column "nothing" does not exist', ', expires => ''nothing''');
SELECT pg_temp.refused(:'sums', '42846', 'cannot cast type bigint to timestamp with time zone', ', expires => ''sum''');

-- Refused: queries.
SELECT pg_temp.refused('SELECT 1 AS', '42601', 'syntax error at end of input');
SELECT pg_temp.refused('DELETE FROM def.note', '42601', 'syntax error at or near "DELETE"');
SELECT pg_temp.refused(:'sums', '42703', 'the query has no column "id"', key => '{id}');
SELECT pg_temp.refused('SELECT page, words FROM def.note', '23505', 'the query has several rows of one key');
SELECT pg_temp.refused('SELECT nullif(page, 1) AS page FROM def.note GROUP BY 1', '23502', 'the query has rows without a key');
SELECT pg_temp.refused('SELECT point(page, 1) AS page FROM def.note', '42883', 'column "page" of type point cannot be part of a key');
SELECT pg_temp.refused('SELECT page, random() FROM def.note GROUP BY page', '0A000', 'the query of a summary must not be volatile');
SELECT pg_temp.refused('SELECT page, clock_timestamp() FROM def.note GROUP BY page', '0A000', 'the query of a summary must not be volatile');
SELECT pg_temp.refused('SELECT id AS page FROM def.note FOR UPDATE', '0A000', 'the query of a summary must not change or lock rows');
SELECT pg_temp.refused('SELECT page, count(*) FILTER (WHERE at > CURRENT_DATE) FROM def.note GROUP BY page', '0A000', 'the rows of the query change with the clock');
SELECT pg_temp.refused('SELECT page, current_setting(''work_mem'') FROM def.note GROUP BY page', '0A000', 'the query reads what nobody hears of');
SELECT pg_temp.refused('SELECT page, CURRENT_USER FROM def.note GROUP BY page', '0A000', 'the query reads what nobody hears of');
SELECT pg_temp.refused('SELECT page, max(age(at)) FROM def.note GROUP BY page', '0A000', 'the rows of the query change with the clock');
CREATE FUNCTION def.reads(integer) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM def.other WHERE page = $1';
CREATE FUNCTION def.pure(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END';
SELECT pg_temp.refused('SELECT page, def.reads(page) FROM def.note GROUP BY page', '0A000', 'the query reads what nobody hears of');
SELECT lives_ok($$SELECT steward.summary_create('def.whole', 'SELECT page, def.reads(page), def.pure(page) FROM def.note GROUP BY page', '{page}', mode => 'full')$$, 'mode full reads anything');
SELECT is((SELECT mode FROM steward.summaries WHERE name = 'def.whole'), 'full', 'and is that');
SELECT pg_temp.refused('SELECT count(*) AS page FROM def.note', '0A000', 'no table of the query has the key', ', mode => ''keyed''');
SELECT pg_temp.refused('SELECT page FROM def.sums_changes GROUP BY page', '0A000', 'a summary cannot be computed from the changes of another one');
SELECT pg_temp.refused('SELECT oid AS page FROM pg_class', '0A000', 'the query reads what nobody hears of');
CREATE MATERIALIZED VIEW def.stored AS SELECT page, count(*) FROM def.note GROUP BY page;
SELECT pg_temp.refused('SELECT page, count FROM def.stored', '0A000', 'the query reads what nobody hears of');
CREATE TABLE def.parent (page integer);
CREATE TABLE def.child () INHERITS (def.parent);
SELECT pg_temp.refused('SELECT page, count(*) FROM def.parent GROUP BY page', '0A000', 'the query reads what nobody hears of');
SELECT lives_ok($$SELECT steward.summary_create('def.child_only', 'SELECT page, count(*) FROM def.child GROUP BY page', '{page}')$$, 'what inherits can be read alone');
CREATE FOREIGN DATA WRAPPER none;
CREATE SERVER none FOREIGN DATA WRAPPER none;
CREATE FOREIGN TABLE def.far (page integer) SERVER none;
SELECT throws_like($$SELECT steward.summary_create('def.refused', 'SELECT page FROM def.far', '{page}')$$, '%', 'a foreign table');
DROP SERVER none CASCADE;
DROP FOREIGN DATA WRAPPER none;
CREATE TEMPORARY TABLE passing (page integer);
SELECT pg_temp.refused('SELECT page, count(*) FROM pg_temp.passing GROUP BY page', '42P16', 'cannot create temporary relation in non-temporary schema');
SELECT pg_temp.refused('SELECT page, 1 AS steward_expires_at FROM def.note GROUP BY page', '42701', 'column "steward_expires_at" specified more than once', ', expires => ''now()''');
CREATE UNLOGGED TABLE def.unlogged (page integer);
SELECT pg_temp.refused('SELECT page, count(*) FROM def.unlogged GROUP BY page', '0A000', 'the query reads what nobody hears of');

-- Sources: what the owner says instead of the planner.
SELECT throws_ok(format('SELECT steward.summary_create(%L, %L, %L, sources => %L)', 'def.refused', :'sums', '{page}', sources), code, message, sources)
FROM (VALUES ('{"def.note": []}', '22023', 'invalid sources'), ('{"def.note": ["page", "words"]}', '22023', 'invalid sources'), ('{"def.note": ["nothing"]}', '22023', 'invalid sources'),
             ('{"def.note": "page"}', '22023', NULL), ('[]', '22023', NULL)) AS v (sources, code, message);
SELECT pg_temp.refused(:'sums', '22023', 'invalid sources', ', sources => ''{"def.note": ["sum(page)"]}''');
SELECT pg_temp.refused(:'sums', '22023', 'invalid sources', ', sources => ''{"def.note": ["(SELECT page)"]}''');
SELECT pg_temp.refused(:'sums', '22023', 'invalid sources', ', sources => ''{"def.note": ["random()::integer"]}''');
SELECT pg_temp.refused(:'sums', '22023', 'invalid sources', ', sources => ''{"def.other": ["page"]}''');
SELECT is((SELECT count(*) FROM pg_class WHERE relname ~ '^refused' AND relnamespace = 'def'::regnamespace), 0::bigint, 'nothing stays of what was refused');
SELECT is_empty($$SELECT FROM pg_trigger WHERE tgrelid IN ('def.other'::regclass, 'def.parent'::regclass, 'def.unlogged'::regclass) AND tgname LIKE 'steward%'$$, 'no trigger either');
SELECT lives_ok($$SELECT steward.summary_create('def.given', 'SELECT n.page, count(*) FROM def.note AS n WHERE n.page IN (SELECT o.page FROM def.other AS o OFFSET 0) GROUP BY n.page', '{page}',
                                                sources => '{"def.other": ["page"]}', max_staleness => NULL)$$, 'sources');
INSERT INTO def.other VALUES (1, 2);
SELECT is(pg_temp.refreshed('def.given'), 'keyed 1', 'which have keys then');

-- Altered.
SELECT lives_ok($$SELECT steward.summary_alter('def.sums', mode => 'full', schedule => '@hourly', max_staleness => '1 min')$$, 'alter');
SELECT is((SELECT mode || ' ' || wanted_mode || ' ' || schedule || ' ' || max_staleness FROM steward.summary WHERE name = 'def.sums'), 'full full @hourly 00:01:00', 'is so');
SELECT ok((SELECT next_at BETWEEN now() AND now() + '1 hour' FROM steward.summaries WHERE name = 'def.sums'), 'the schedule is looked up');
SELECT steward.summary_alter('def.sums', mode => 'auto', schedule => '') \g /dev/null
SELECT is((SELECT s.mode || ' ' || coalesce(s.schedule, 'none') || ' ' || coalesce(t.next_at::text, 'never') FROM steward.summary AS s JOIN steward.summary_state AS t USING (name) WHERE name = 'def.sums'), 'keyed none never', 'an empty schedule is none');
SELECT throws_ok($$SELECT steward.summary_alter('def.sums', mode => 'lazy')$$, '22023', 'invalid mode of a summary: "lazy"', 'alter: mode');
SELECT throws_ok($$SELECT steward.summary_alter('def.sums', max_staleness => '-1 s')$$, '22023', 'invalid definition of a summary', 'alter: max_staleness');
SELECT throws_ok($$SELECT steward.summary_alter('def.sums', schedule => 'never')$$, '22023', NULL, 'alter: schedule');
SELECT throws_ok($$SELECT steward.summary_alter('def.sums', expires => 'nothing')$$, '42703', NULL, 'alter: expires');
SELECT throws_ok($$SELECT steward.summary_alter('def.whole', mode => 'keyed')$$, '0A000', 'the query reads what nobody hears of', 'alter: a mode that it cannot have');
SELECT is((SELECT wanted_mode FROM steward.summary WHERE name = 'def.whole'), 'full', 'leaves it as it was');
SELECT throws_ok(format('SELECT %s', call), '42704', 'summary "def.nothing" does not exist', call)
FROM unnest(ARRAY['steward.summary_refresh(''def.nothing'')', 'steward.summary_drop(''def.nothing'')', 'steward.summary_pause(''def.nothing'')', 'steward.summary_resume(''def.nothing'')',
                  'steward.summary_alter(''def.nothing'')', 'steward.summary_rebuild(''def.nothing'')', 'steward.summary_verify(''def.nothing'')', 'steward.summary_explain(''def.nothing'')',
                  'steward.summary_refresh_keys(''def.nothing'', ''[]'')', 'steward.summary_choose(''def.nothing'')', 'steward.summary_expiry(''def.nothing'')', 'steward.summary_backlog(''def.nothing'')']) AS call;
SELECT steward.summary_pause('def.sums') \g /dev/null
SELECT is((SELECT state FROM steward.summaries WHERE name = 'def.sums'), 'paused', 'pause');
SELECT is_empty($$SELECT FROM steward.summaries_due(now() + '1 day') WHERE name = 'def.sums'$$, 'the worker leaves it alone');
SELECT steward.summary_resume('def.sums') \g /dev/null
SELECT steward.summary_rebuild('def.sums') \g /dev/null
SELECT is((SELECT state FROM steward.summaries WHERE name = 'def.sums'), 'rebuild', 'resume, and rebuild');
SELECT is(pg_temp.refreshed('def.sums'), 'full 5', 'which computes all');
SELECT steward.summary_alter('def.sums', expires => $$'2100-01-01'::timestamptz$$) \g /dev/null
SELECT is(pg_temp.refreshed('def.sums'), 'full 5', 'expires, which is computed for all');
SELECT is(steward.summary_expiry('def.sums'), '2100-01-01'::timestamptz, 'when it is');

-- Dropped.
CREATE VIEW def.above AS SELECT * FROM def.sums;
SELECT throws_ok($$SELECT steward.summary_drop('def.sums')$$, '2BP01', NULL, 'what others read is not dropped');
DROP VIEW def.above;
SELECT lives_ok($$SELECT steward.summary_drop('def.sums')$$, 'drop');
SELECT is_empty($$SELECT relname FROM pg_class WHERE relname ~ '^sums' AND relnamespace = 'def'::regnamespace$$, 'takes its relations along');
SELECT ok(EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'def.note'::regclass AND tgname = 'steward_summary'), 'the trigger stays for others');
DROP TABLE def.child_only_rows CASCADE;
SELECT is((SELECT state FROM steward.summaries WHERE name = 'def.child_only'), 'gone', 'one whose table was dropped by hand');
SELECT lives_ok($$SELECT steward.summary_drop('def.child_only')$$, 'can be dropped');
SELECT throws_ok('ALTER TABLE def.note DROP COLUMN page', '2BP01', NULL, 'a column that is read is not dropped');
SELECT throws_ok('DROP TABLE def.note', '2BP01', NULL, 'nor the table');

-- A materialized view becomes one.
CREATE ROLE def_reader;
GRANT SELECT ON def.stored TO def_reader;
SELECT throws_ok($$SELECT steward.summary_adopt('def.stored')$$, '55000', 'materialized view "def.stored" has no key', 'adopt: no key');
SELECT throws_ok($$SELECT steward.summary_adopt('def.note')$$, '42809', '"def.note" is not a materialized view', 'adopt: a table');
CREATE UNIQUE INDEX ON def.stored (page, count);
CREATE UNIQUE INDEX ON def.stored (page);
CREATE VIEW def.above AS SELECT * FROM def.stored;
SELECT throws_ok($$SELECT steward.summary_adopt('def.stored')$$, '2BP01', NULL, 'adopt: what others read');
DROP VIEW def.above;
SELECT is(steward.summary_adopt('def.stored')::text, 'def.stored', 'adopt');
SELECT is((SELECT key::text || mode FROM steward.summary WHERE name = 'def.stored'), '{page}delta', 'by its smallest key');
SELECT ok(has_table_privilege('def_reader', 'def.stored', 'SELECT'), 'with the rights to read');
GRANT USAGE ON SCHEMA def, tap TO def_reader;
SET ROLE def_reader;
SELECT lives_ok('SELECT * FROM def.stored', 'which suffice');
RESET ROLE;

SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name LIKE 'def.%' AND to_regclass(s.stored::text) IS NOT NULL \g /dev/null
DELETE FROM steward.summary_source WHERE name LIKE 'def.%';
DELETE FROM steward.summary_state WHERE name LIKE 'def.%';
DELETE FROM steward.summary WHERE name LIKE 'def.%';
DROP SCHEMA def CASCADE;
DROP OWNED BY def_reader;
DROP ROLE def_reader;
SELECT * FROM finish();
