-- Hot indexes: what can be one, whose it is, and the statements by which it is made anew. No transaction around it: these
-- must be statements of their own.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
DROP ROLE IF EXISTS steward_test_app, steward_test_other, steward_test_group;
CREATE ROLE steward_test_app LOGIN;
CREATE ROLE steward_test_other LOGIN;
CREATE ROLE steward_test_group NOLOGIN;
GRANT steward_job TO steward_test_app, steward_test_other, steward_test_group;
CREATE SCHEMA hot;
CREATE SCHEMA elsewhere;
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT ALL ON SCHEMA hot, elsewhere TO steward_test_app, steward_test_other;
CREATE FUNCTION tap.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN lines;
END $$;
CREATE VIEW tap.hot_relations WITH (security_invoker = true) AS
SELECT c.relname::text COLLATE "default" AS relname, i.indisvalid FROM pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
WHERE c.relname ~ '^recent' AND c.relkind IN ('i', 'v', 'r');
GRANT SELECT ON tap.hot_relations TO PUBLIC;
SELECT plan(57);

SET SESSION AUTHORIZATION steward_test_app;
CREATE TABLE hot.visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text NOT NULL, at timestamptz NOT NULL, "a ""b" float8,
                        stamp timestamp);
INSERT INTO hot.visit (page, at) SELECT 'page ' || i % 100, now() - i * interval '1 minute' FROM generate_series(1, 20000) AS i;
ANALYZE hot.visit;
CREATE TABLE hot.by_day (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE hot.taken_idx ();
SET search_path = hot, tap, pg_catalog;

-- What cannot be one, and why.
SELECT throws_ok($$CREATE INDEX ON hot.visit (page) WHERE at > now() - interval '24 hours'$$, '42P17', NULL, 'the index that everybody writes first');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'page', 'at', '24 hours', 'at > now() - interval ''1 hour''')$$,
                 '42P17', 'functions in index predicate must be marked IMMUTABLE', 'a condition that moves with the clock');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'by_day', 'id', 'at', '24 hours')$$,
                 '0A000', 'cannot make a hot index on partitioned table "hot.by_day"');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'hot_relations', 'relname', 'at', '24 hours')$$, '42809', NULL, 'a view');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'pg_catalog.pg_class', 'relname', 'at', '24 hours')$$, '42809', NULL, 'a table of the system');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'steward.schedule', 'name', 'created_at', '24 hours')$$, '42501', 'must be owner of table steward.schedule');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'page', 'stamp', '24 hours')$$,
                 '42804', 'column "stamp" is of type timestamp without time zone, not timestamp with time zone');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'page', 'when', '24 hours')$$, '42703', 'column "when" of relation "hot.visit" does not exist');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'nowhere', 'at', '24 hours')$$, '42703', 'column "nowhere" does not exist');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'page,', 'at', '24 hours')$$, '42601');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'page', 'at', '0')$$, '22023');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', '', 'at', '1 day')$$, '22023');
SELECT throws_ok($$SELECT steward.hot_index_create(NULL, 'visit', 'page', 'at', '1 day')$$, '22023');
SELECT throws_ok($$SELECT steward.hot_index_create('a.b.c', 'visit', 'page', 'at', '1 day')$$, '42602', 'invalid name of a hot index: "a.b.c"');
SELECT throws_ok(format($$SELECT steward.hot_index_create(%L, 'visit', 'page', 'at', '1 day')$$, repeat('x', 60)), '42602');
SELECT throws_ok($$SELECT steward.hot_index_create('taken', 'visit', 'page', 'at', '1 day')$$, '42P07', 'relation "taken_idx" already exists');
SELECT throws_ok($$SELECT steward.hot_index_create('visit', 'visit', 'page', 'at', '1 day')$$, '42P07', 'relation "visit" already exists');
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'visit', 'page', 'at', '1 day', schedule => 'never')$$, '22023', NULL, 'no schedule');
RESET SESSION AUTHORIZATION;
ALTER TABLE hot.by_day OWNER TO steward_test_group;
CREATE TABLE hot.of_group (at timestamptz);
ALTER TABLE hot.of_group OWNER TO steward_test_group;
GRANT ALL ON SCHEMA hot TO steward_test_group;
SET ROLE steward_test_group;
SELECT throws_ok($$SELECT steward.hot_index_create('recent', 'of_group', 'at', 'at', '1 day')$$, '55000', NULL, 'a role whose jobs nobody could do');
RESET ROLE;
SET SESSION AUTHORIZATION steward_test_app;
SELECT is_empty('SELECT * FROM hot_relations', 'what is refused leaves nothing behind');
SELECT is_empty('SELECT FROM steward.jobs UNION ALL SELECT FROM steward.schedules WHERE owner = current_user', 'no job either');

-- Without a schedule: the view is there at once, the index when its owner has run the statements.
SELECT is(steward.hot_index_create('elsewhere.recent', 'visit', 'page, at DESC', 'at', '24 hours', 'page <> ''page 7'' AND "a ""b" IS NULL', schedule => NULL)::text,
          'elsewhere.recent', 'a name may have a schema');
SELECT results_eq('SELECT * FROM hot_relations', $$VALUES ('recent', NULL::boolean)$$, 'the view');
SELECT is((SELECT count(*) FROM elsewhere.recent WHERE page = 'page 1'),
          (SELECT count(*) FROM visit WHERE page = 'page 1' AND at >= now() - interval '24 hours'), 'of the hot rows');
SELECT results_eq('SELECT name, owner, relation, columns, condition, time_column, period, cut_off, index, valid, next_at, failures, error FROM steward.hot_indexes',
                  $$VALUES ('elsewhere.recent', 'steward_test_app'::name, 'visit'::regclass, 'btree (page, at DESC)', '((page <> ''page 7''::text) AND ("a ""b" IS NULL))',
                            'at'::name, interval '24 hours', NULL::timestamptz, NULL::regclass, false, NULL::timestamptz, 0, NULL::text)$$, 'what there is');
SELECT throws_ok($$SELECT steward.hot_index_create('elsewhere.recent', 'visit', 'page', 'at', '1 day')$$, '42710', 'hot index "elsewhere.recent" already exists');
SELECT throws_ok($$SELECT steward.hot_index_switch('recent')$$, '55000', 'index "recent_new" does not exist or is not valid', 'what is not built is not used');
SELECT steward.hot_index_statements('recent') \gexec
SELECT matches(plan_of('SELECT count(*) FROM elsewhere.recent WHERE page = ''page 1'' AND at > now() - interval ''24 hours'''), 'recent_idx',
               'a query that says now() uses the index through the view');
SELECT doesnt_match(plan_of('SELECT count(*) FROM visit WHERE page = ''page 1'' AND "a ""b" IS NULL AND page <> ''page 7'' AND at > now() - interval ''24 hours'''),
                    'recent_idx', 'without the view it cannot');
SELECT results_eq('SELECT valid, bytes > 0, failures, cut_off BETWEEN now() - interval ''24 hours 1 minute'' AND now() - interval ''24 hours'' FROM steward.hot_indexes',
                  'VALUES (true, true, 0, true)', 'it is known to be there');

-- Anew: what a crash has left is dropped, the cut-off moves, names of columns follow.
CREATE INDEX recent_new ON hot.visit (page) WHERE at >= '2020-01-01 00:00:00+00';
RESET SESSION AUTHORIZATION;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'hot.recent_new'::regclass;
SET SESSION AUTHORIZATION steward_test_app;
SELECT results_eq('SELECT relname FROM hot_relations WHERE NOT indisvalid', $$VALUES ('recent_new')$$, 'an invalid index');
SELECT throws_ok($$SELECT steward.hot_index_switch('recent')$$, '55000', 'index "recent_new" does not exist or is not valid', 'is not used');
ALTER TABLE visit RENAME COLUMN at TO visited_at;
ALTER TABLE visit RENAME COLUMN page TO site;
ALTER TABLE visit ADD COLUMN extra text;
SELECT throws_ok($$SELECT steward.hot_index_alter('recent', columns => 'site')$$, '42703', 'column "at" of relation "hot.visit" does not exist');
SELECT throws_ok($$SELECT steward.hot_index_alter('recent', period => '-1 hour')$$, '22023');
SELECT steward.hot_index_alter('recent', columns => 'site', time_column => 'visited_at', period => '1 hour', condition => '');
SELECT steward.hot_index_statements('elsewhere.recent') \gexec
SELECT results_eq('SELECT * FROM hot_relations ORDER BY 1', $$VALUES ('recent', NULL), ('recent_idx', true)$$, 'is dropped, and so is the one that was in use');
SELECT results_eq('SELECT columns, condition, cut_off > now() - interval ''61 minutes'' FROM steward.hot_indexes', $$VALUES ('btree (site)', NULL::text, true)$$, 'a new cut-off');
SELECT is((SELECT count(*) FROM elsewhere.recent WHERE page = 'page 7'), (SELECT count(*) FROM visit WHERE site = 'page 7' AND visited_at >= now() - interval '1 hour'),
          'the view has the columns that it had');
SELECT lives_ok('SELECT extra, at FROM elsewhere.recent', 'and new ones');
SELECT is((SELECT pg_get_viewdef('elsewhere.recent') LIKE '%' || to_char(cut_off, 'YYYY-MM-DD HH24:MI:SS') || '%' FROM steward.hot_indexes), true, 'from the same time on as the index');

-- By jobs.
SELECT ok(steward.hot_index_rotate('recent') > 0, 'enqueued');
SELECT results_eq('SELECT kind, state FROM steward.jobs WHERE queue = ''hot_index'' ORDER BY id',
                  $$VALUES ('statement', 'ready'), ('statement', 'waiting'), ('statement', 'waiting'), ('sql', 'waiting'), ('statement', 'waiting')$$, 'in order');
SELECT ok(steward.hot_index_rotate('recent') > 0, 'once more');
SELECT is((SELECT count(*) FROM steward.jobs WHERE queue = 'hot_index'), 5::bigint, 'takes the place of what has not begun');
SELECT is(steward.hot_index_switch('recent', true), NULL, 'an index that could not be built');
SELECT results_eq('SELECT j.state, h.failures, j.run_at > now() FROM steward.jobs AS j, steward.hot_indexes AS h WHERE unique_key = ''hot index elsewhere.recent''',
                  $$VALUES ('scheduled', 1, true)$$, 'is built again later');
SELECT steward.hot_index_alter('recent', schedule => '0 3 * * *');
SELECT is((SELECT s.work FROM steward.schedules AS s JOIN steward.hot_indexes AS h USING (next_at)), 'SELECT steward.hot_index_rotate(''elsewhere.recent'')', 'a schedule');

-- Nobody else's.
RESET SESSION AUTHORIZATION;
SET search_path = tap, pg_catalog;
SELECT throws_ok($$SELECT steward.hot_index_rotate('recent')$$, '42501', 'must be owner of hot index "elsewhere.recent"', 'a superuser does not act for the owner');
SET ROLE steward_test_app;
SELECT throws_ok($$SELECT steward.hot_index_statements('recent')$$, '42501', 'statements of a hot index are run only in a session of its owner');
RESET ROLE;
SET SESSION AUTHORIZATION steward_test_other;
SELECT is_empty('SELECT FROM steward.hot_indexes', 'others do not see it');
SELECT throws_ok($$SELECT steward.hot_index_drop('recent')$$, '42704', 'hot index "recent" does not exist');
SELECT throws_ok($$INSERT INTO steward.hot_index (name, owner, view, relation, prefix, columns, time_column, period, created_at)
                   VALUES ('x', 'steward_test_app', 0, 0, 'x', 'x', 'x', '1 s', now())$$, '42501', NULL, 'nor make one for him');
RESET SESSION AUTHORIZATION;

-- The end.
SET SESSION AUTHORIZATION steward_test_app;
SET search_path = hot, tap, pg_catalog;
SELECT steward.hot_index_drop('recent');
SELECT is_empty('SELECT relname FROM hot_relations UNION ALL SELECT id::text FROM steward.jobs UNION ALL SELECT name FROM steward.schedules WHERE owner = current_user',
                'nothing is left of one that is dropped');
SELECT steward.hot_index_create('recent', 'visit', 'site', 'visited_at', '1 day');
DROP TABLE visit CASCADE;
SELECT is((SELECT error FROM steward.hot_indexes), 'its table or its view is gone', 'its table is dropped');
CREATE TABLE visit (site text, at timestamptz);
SELECT lives_ok($$SELECT steward.hot_index_create('recent', 'visit', 'site', 'at', '1 day')$$, 'the name is free again');
DROP VIEW recent;
SELECT is(steward.hot_index_rotate('recent'), NULL, 'a rotation finds that its view is gone');
SELECT is_empty('SELECT name FROM steward.hot_indexes UNION ALL SELECT name FROM steward.schedules WHERE owner = current_user UNION ALL SELECT id::text FROM steward.jobs',
                'and drops what is left');
RESET SESSION AUTHORIZATION;
SET search_path = tap, pg_catalog;

-- Where tables are partitioned by day, it needs none: what is not of the last day is left out when the query begins.
BEGIN;
SELECT steward.partition_create('steward.qec_distance_calculations', (now() AT TIME ZONE 'UTC')::date - i) FROM generate_series(1, 9) AS i \g /dev/null
SELECT ok(plan_of($$SELECT * FROM steward.qec_distance_calculations WHERE principle_id = 1 AND score_updated_at > now() - interval '24 hours'$$) ~ 'Subplans Removed: 8',
          'a query that says now() reads the partitions of two days, of those to come, and the default one');
ROLLBACK;

SELECT * FROM finish();
DROP SCHEMA hot, elsewhere CASCADE;
DELETE FROM steward.queue_owner WHERE queue = 'hot_index';
DELETE FROM steward.queue WHERE queue = 'hot_index';
DELETE FROM steward.job_history WHERE queue = 'hot_index';
DROP OWNED BY steward_test_app, steward_test_other, steward_test_group;
DROP ROLE steward_test_app, steward_test_other, steward_test_group;
