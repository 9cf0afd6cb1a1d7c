-- What a refresh does and does not: modes, bounds, time, and values of all types.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA ref;
CREATE TABLE ref.note (id integer PRIMARY KEY, page integer, words integer, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON ref.note (page);
INSERT INTO ref.note SELECT g, 1 + g % 500, g FROM generate_series(1, 5000) AS g;
SELECT steward.summary_create('ref.sums', 'SELECT page, count(*), sum(words) FROM ref.note GROUP BY page', '{page}', mode => 'keyed', max_staleness => NULL) \g /dev/null
-- changed(N): so many pages are changed
CREATE FUNCTION pg_temp.changed(n integer) RETURNS void LANGUAGE sql AS $$ UPDATE ref.note SET words = words + 1 WHERE id <= $1 $$;
CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS $$ SELECT state || ' ' || backlog || ' ' || last_mode || ' ' || last_keys || ' ' || last_written || ' ' || refreshes FROM steward.summaries WHERE name = 'ref.sums' $$;

-- Nothing to do costs nothing.
SELECT steward.summary_refresh('ref.sums') \g /dev/null
BEGIN;
SELECT mode_used || ' ' || keys || ' ' || written || ' ' || wal_bytes AS refreshed FROM steward.summary_refresh('ref.sums') \gset nothing_
SELECT coalesce(pg_current_xact_id_if_assigned()::text, 'none') AS xid,
       (SELECT coalesce(string_agg(format('%s of %s', mode, coalesce(relation::regclass::text, locktype)), ', '), 'none') FROM pg_locks
        WHERE pid = pg_backend_pid() AND locktype <> 'virtualxid' AND mode <> 'AccessShareLock') AS locks \gset nothing_
COMMIT;
SELECT is(:'nothing_refreshed'::text, 'none 0 0 0', 'nothing to do, and nothing written');
SELECT is(:'nothing_xid'::text, 'none', 'needs no number of a transaction');
SELECT is(:'nothing_locks'::text, 'none', 'and no lock that anybody meets');
SELECT is(steward.summary_choose('ref.sums'), 'none', 'choose: nothing');

-- Modes.
SELECT pg_temp.changed(3) \g /dev/null
UPDATE steward.summary_state SET key_us = 50, full_us = 5000 WHERE name = 'ref.sums'; -- however fast the machine is
SELECT is(steward.summary_choose('ref.sums'), 'keyed', 'choose: keys');
SELECT is((SELECT state || ' ' || backlog || ' ' || (lag >= '0' AND lag < '10 s') FROM steward.summaries WHERE name = 'ref.sums'), 'behind 3 true', 'the view: behind');
SELECT is((SELECT mode_used || ' ' || keys || ' ' || written || ' ' || unchanged || ' ' || removed || ' ' || backlog FROM steward.summary_refresh('ref.sums')), 'keyed 3 3 0 0 0', 'auto, few keys');
SELECT is(pg_temp.state(), 'fresh 0 keyed 3 3 1', 'the view: fresh');
SELECT pg_temp.changed(500) \g /dev/null
SELECT is(steward.summary_choose('ref.sums'), 'full', 'choose: all');
SELECT is((SELECT mode_used || ' ' || keys || ' ' || written || ' ' || unchanged || ' ' || backlog FROM steward.summary_refresh('ref.sums')), 'full 500 500 0 0', 'auto, all keys');
SELECT pg_temp.changed(500) \g /dev/null
SELECT is((SELECT mode_used || ' ' || keys FROM steward.summary_refresh('ref.sums', 'keyed')), 'keyed 500', 'keyed');
SELECT is((SELECT mode_used || ' ' || keys || ' ' || written FROM steward.summary_refresh('ref.sums', 'full')), 'full 500 0', 'full, which nothing asks for');
SELECT throws_ok($$SELECT steward.summary_refresh('ref.sums', 'lazy')$$, '22023', 'invalid mode of a refresh: "lazy"', 'another mode');
SELECT throws_ok($$SELECT steward.summary_refresh('ref.sums', NULL)$$, '22004', 'a name and a mode are needed', 'no mode');
SELECT throws_ok($$SELECT steward.summary_refresh(NULL)$$, '22004', 'a name and a mode are needed', 'no name');
SELECT throws_ok($$SELECT steward.summary_refresh('ref.sums', max_keys => 0)$$, '22023', 'max_keys must be positive', 'no keys');
SELECT pg_temp.changed(7) \g /dev/null
SELECT is((SELECT array_agg(r.keys || ' ' || r.backlog ORDER BY g) FROM generate_series(1, 4) AS g CROSS JOIN LATERAL (SELECT * FROM steward.summary_refresh('ref.sums', max_keys => 2 + 0 * g)) AS r),
          '{"2 5","2 3","2 1","1 0"}', 'so many keys at a time');
SELECT is(pg_temp.refreshed('ref.sums'), 'none 0', 'until none is left');
DELETE FROM ref.note WHERE page = 3;
SELECT is((SELECT keys || ' ' || written || ' ' || removed FROM steward.summary_refresh('ref.sums', 'keyed')), '1 0 1', 'a key that goes');
SELECT pg_temp.changed(100) \g /dev/null
CALL steward.summary_run('ref.sums', 30);
SELECT is(pg_temp.refreshed('ref.sums'), 'none 0', 'summary_run, which commits');

-- What is the same is not written.
SELECT ctid, xmin FROM ref.sums_rows WHERE page = 5 \gset before_
UPDATE ref.note SET words = words + CASE WHEN id = 4 THEN 1 ELSE -1 END WHERE id IN (4, 504);
UPDATE ref.note SET page = 6 WHERE id = 4;
SELECT is((SELECT keys || ' ' || written || ' ' || unchanged FROM steward.summary_refresh('ref.sums', 'keyed')), '2 2 0', 'rows that differ');
UPDATE ref.note SET page = 5 WHERE id = 4;
SELECT is((SELECT written FROM steward.summary_refresh('ref.sums', 'keyed')), 2::bigint, 'and back');
SELECT ctid, xmin FROM ref.sums_rows WHERE page = 5 \gset before_
UPDATE ref.note SET words = words + CASE WHEN id = 4 THEN 1 ELSE -1 END WHERE id IN (4, 504);
SELECT is((SELECT keys || ' ' || written || ' ' || unchanged FROM steward.summary_refresh('ref.sums', 'keyed')), '1 0 1', 'a sum that stays as it is');
SELECT steward.summary_refresh('ref.sums', 'full') \g /dev/null
SELECT is((SELECT ctid::text || xmin FROM ref.sums_rows WHERE page = 5), :'before_ctid' || :'before_xmin', 'has its row left alone, also in mode full');

-- One's own changes.
BEGIN;
INSERT INTO ref.note VALUES (9001, 9000, 1);
SELECT is((SELECT count(*) FROM steward.summary_refresh('ref.sums', 'keyed') AS r WHERE r.keys = 1), 1::bigint, 'what the transaction has changed itself');
SELECT is((SELECT sum FROM ref.sums WHERE page = 9000), 1::bigint, 'is seen');
UPDATE ref.note SET words = 2 WHERE id = 9001;
SELECT steward.summary_refresh('ref.sums', 'keyed') \g /dev/null
SELECT is((SELECT sum FROM ref.sums WHERE page = 9000), 2::bigint, 'again');
ROLLBACK;
SELECT is(pg_temp.refreshed('ref.sums'), 'none 0', 'and is gone with it');
BEGIN;
INSERT INTO ref.note VALUES (9001, 9000, 1);
SELECT steward.summary_flush() \g /dev/null
SELECT is((SELECT count(*) FROM ref.sums_changes), 1::bigint, 'flush writes changes down');
COMMIT;
SELECT is(pg_temp.refreshed('ref.sums'), 'keyed 1', 'once');
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ;
UPDATE ref.note SET words = 5 WHERE id = 9001;
SELECT steward.summary_refresh('ref.sums', 'keyed') \g /dev/null
SELECT is((SELECT count(*) FROM steward.summary_verify('ref.sums')), 0::bigint, 'REPEATABLE READ');
COMMIT;
BEGIN TRANSACTION READ ONLY;
SELECT is((SELECT count(*) FROM ref.sums), 500::bigint, 'a read-only transaction reads');
SELECT throws_ok($$SELECT steward.summary_refresh('ref.sums')$$, '25006', 'cannot execute summary_refresh() in a read-only transaction', 'and does not refresh');
SELECT throws_ok($$SELECT steward.summary_refresh_keys('ref.sums', '[1]')$$, '25006', 'cannot execute summary_refresh_keys() in a read-only transaction', 'nor keys');
SELECT is((SELECT count(*) FROM steward.summary_verify('ref.sums')), 0::bigint, 'and verifies');
ROLLBACK;

-- Keys by name, and verify.
UPDATE ref.sums_rows SET sum = -1 WHERE page IN (1, 2);
DELETE FROM ref.sums_rows WHERE page = 4;
INSERT INTO ref.sums_rows VALUES (7777, 1, 1);
SELECT set_eq($$SELECT (key ->> 'page')::integer, stored ->> 'sum', pending FROM steward.summary_verify('ref.sums')$$,
              $$VALUES (1, '-1', false), (2, '-1', false), (4, NULL, false), (7777, '1', false)$$, 'verify tells what differs');
SELECT is((SELECT computed ->> 'count' FROM steward.summary_verify('ref.sums') WHERE key = '{"page": 1}'), '10', 'and from what');
UPDATE ref.note SET words = 1 WHERE id = 500;
SELECT ok(pending, 'a change waits') FROM steward.summary_verify('ref.sums') WHERE key = '{"page": 1}';
SELECT is((SELECT count(*) FROM steward.summary_verify('ref.sums', 100000)), 3::bigint, 'a sample is one of the rows that are stored');
SELECT cmp_ok((SELECT count(*) FROM steward.summary_verify('ref.sums', 1)), '<=', 1::bigint, 'of so many');
SELECT is(steward.summary_refresh_keys('ref.sums', '[1, 7777, 12345]'), 2::bigint, 'keys by their values');
SELECT is(steward.summary_refresh_keys('ref.sums', '[{"page": 2}, {"page": 2}, 4, null]'), 2::bigint, 'and as objects, each once');
SELECT is(steward.summary_refresh_keys('ref.sums', '[]'), 0::bigint, 'none');
SELECT throws_ok($$SELECT steward.summary_refresh_keys('ref.sums', '{"page": 1}')$$, '22023', 'an array of keys is needed', 'no array');
SELECT throws_ok($$SELECT steward.summary_refresh_keys('ref.sums', '["one"]')$$, '22P02', NULL, 'no key');
SELECT is(pg_temp.refreshed('ref.sums'), 'keyed 1', 'all is right again');

-- Time.
SELECT steward.summary_create('ref.recent', $$SELECT page, count(*) AS notes, min(at) AS oldest FROM ref.note WHERE at > now() - interval '1 hour' GROUP BY page$$, '{page}',
                              expires => $$oldest + interval '1 hour'$$, mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.summary_refresh('ref.recent') \g /dev/null
SELECT ok(steward.summary_expiry('ref.recent') BETWEEN now() AND now() + '1 hour', 'when the next row changes');
UPDATE ref.note SET at = now() - interval '1 hour' + interval '3 s' WHERE page = 10;
SELECT is(pg_temp.refreshed('ref.recent'), 'keyed 1', 'what was changed');
SELECT is((SELECT count(*) FROM ref.recent WHERE page = 10), 1::bigint, 'is there');
SELECT is((SELECT mode_used FROM steward.summary_refresh('ref.recent')), 'none', 'so long');
SELECT pg_sleep(3.05) \g /dev/null
SELECT is((SELECT count(*) || ' ' || bool_and(pending) FROM steward.summary_verify('ref.recent')), '1 true', 'a row whose time has come waits');
SELECT is((SELECT mode_used || ' ' || keys || ' ' || expired || ' ' || removed FROM steward.summary_refresh('ref.recent')), 'keyed 1 1 1', 'and goes, though nobody has written');
SELECT is(pg_temp.refreshed('ref.recent'), 'none 0', 'once');
SELECT steward.summary_create('ref.window', $$SELECT page, count(*) AS notes, count(*) FILTER (WHERE at <= now() - interval '30 minutes') AS old FROM ref.note WHERE at > now() - interval '1 hour' AND at <= now() GROUP BY page$$, '{page}', max_staleness => NULL) \g /dev/null
SELECT pg_temp.refreshed('ref.window', 'auto') \g /dev/null
SELECT is(pg_temp.refreshed('ref.window', 'auto'), 'none 0', 'a window that the query says itself');
UPDATE ref.note SET at = now() - interval '1 hour' + interval '3 s' WHERE page = 11;
UPDATE ref.note SET at = now() + interval '3 s' WHERE page = 12;
UPDATE ref.note SET at = now() - interval '30 minutes' + interval '3 s' WHERE page = 13;
UPDATE ref.note SET at = now() + interval '1 day' WHERE page = 14;
UPDATE ref.note SET at = '-infinity' WHERE page = 15;
UPDATE ref.note SET at = 'infinity' WHERE page = 16;
SELECT matches(pg_temp.refreshed('ref.window', 'auto'), '^keyed ', 'rows that begin and cease to count later');
SELECT is(pg_temp.refreshed('ref.window', 'auto'), 'none 0', 'so long nothing is to be done');
SELECT results_eq('SELECT page, old FROM ref.window WHERE page BETWEEN 11 AND 16 ORDER BY page', 'VALUES (11, 10::bigint), (13, 0)', 'those that count');
SELECT ok(steward.summary_expiry('ref.window') <= now() + '3 s', 'when the next one does');
SELECT pg_sleep(3.05) \g /dev/null
SELECT is((SELECT array_agg((key ->> 'page')::integer ORDER BY key) || ARRAY[count(*) FILTER (WHERE NOT pending)::integer] FROM steward.summary_verify('ref.window')), '{11,12,13,0}', 'whose time has come waits');
SELECT is(pg_temp.refreshed('ref.window', 'auto'), 'keyed 3', 'and when they have');
SELECT results_eq('SELECT page, old FROM ref.window WHERE page BETWEEN 11 AND 16 ORDER BY page', 'VALUES (12, 0::bigint), (13, 10)', 'those that count then');
SELECT is(pg_temp.refreshed('ref.window', 'auto'), 'none 0', 'once');
CREATE TABLE ref.past (id integer, at timestamptz);
INSERT INTO ref.past SELECT g, now() - interval '1 day' FROM generate_series(1, 3) AS g;
SELECT steward.summary_create('ref.stuck', $$SELECT id, max(at) AS newest, count(*) FILTER (WHERE at > now() - interval '1 hour') AS recent FROM ref.past GROUP BY id$$, '{id}',
                              expires => $$newest + interval '1 hour'$$, max_staleness => '1 hour') \g /dev/null
SELECT steward.summary_refresh('ref.stuck') \g /dev/null
SELECT is((SELECT mode_used FROM steward.summary_refresh('ref.stuck')), 'keyed', 'a row that stays past its time');
SELECT is_empty($$SELECT FROM steward.summaries_due(now()) WHERE name = 'ref.stuck' AND due <= now()$$, 'does not keep the worker from rest');
SELECT lives_ok($$SELECT steward.summary_alter('ref.stuck', expires => $e$CASE WHEN newest + interval '1 hour' > now() THEN newest + interval '1 hour' END$e$)$$, 'unless it says so no more');
SELECT is(pg_temp.refreshed('ref.stuck'), 'full 3', 'which is computed for all');
SELECT is(pg_temp.refreshed('ref.stuck'), 'none 0', 'and rests');

-- Types: those without operators, and values that are equal and not the same.
CREATE TABLE ref.type (id integer PRIMARY KEY, j json, p point, n numeric, f float8, a text[], x xml, r int4range, b bytea, c char(4), i interval);
INSERT INTO ref.type VALUES (1, '{"a": 1}', '(1,2)', 1.0, 0.0, '{a,NULL}', '<a/>', '[1,2)', '\x00', 'ab', '1 month');
SELECT steward.summary_create('ref.types', 'SELECT * FROM ref.type', '{id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
CREATE FUNCTION pg_temp.typed(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE ref.type SET ' || change;
    RETURN tap.is((SELECT keys || ' ' || written FROM steward.summary_refresh('ref.types', 'keyed')), '1 1', change)
        || E'\n' || tap.is((SELECT count(*) FROM steward.summary_verify('ref.types')), 0::bigint, change || ': and is the same');
END $$;
SELECT pg_temp.typed(change) FROM unnest(ARRAY['j = ''{"a":  1}''', 'p = ''(1,3)''', 'n = 1.00', 'n = ''NaN''', 'f = ''-0''::float8', 'f = ''NaN''', 'a = ''{NULL,a}''', 'x = ''<b/>''', 'r = ''empty''', 'b = ''\x0000''', 'c = ''ab c''',
                                               'i = ''30 days''', 'j = NULL, p = NULL, n = NULL', 'a = array_fill(md5(''long''), ARRAY[5000])']) AS change;
-- Keys of all types that have an order.
CREATE TABLE ref.key (id integer PRIMARY KEY, n numeric, f float8, u uuid, d date, a integer[], c char(4), i interval, b boolean, t text COLLATE "C");
INSERT INTO ref.key SELECT g, g, g, md5(g::text)::uuid, '2026-01-01'::date + g, ARRAY[g, NULL], g, g * interval '1 day', g % 2 = 0, repeat('x', g) FROM generate_series(1, 5) AS g;
SELECT steward.summary_create('ref.key_' || k, format('SELECT %I, count(*), max(id) FROM ref.key GROUP BY %1$I', k), ARRAY[k], mode => 'keyed', max_staleness => NULL) FROM unnest(ARRAY['n', 'f', 'u', 'd', 'c', 'i', 'b', 't']) AS k \g /dev/null
INSERT INTO ref.key SELECT id + 10, n, f, u, d, a, c, i, b, t FROM ref.key WHERE id = 1;
SELECT is(pg_temp.refreshed('ref.key_' || k), 'keyed 1', 'a key of type ' || format_type(atttypid, atttypmod))
FROM unnest(ARRAY['n', 'f', 'u', 'd', 'c', 'i', 'b', 't']) AS k JOIN pg_attribute ON attrelid = 'ref.key'::regclass AND attname = k;
UPDATE ref.key SET n = 1.00, f = '-0'::float8, i = '24 hours', a = '{}' WHERE id IN (1, 11);
SELECT matches(pg_temp.refreshed('ref.key_' || k), '^keyed \d$', 'values that are equal and not the same: ' || k) FROM unnest(ARRAY['n', 'f', 'i']) AS k;

SELECT throws_ok($$SELECT steward.summary_create('ref.key_a', 'SELECT a, count(*) FROM ref.key GROUP BY a', '{a}')$$, '0A000', 'column "a" of type integer[] cannot be part of a key', 'a key that is an array');

-- Errors leave it as it was; several rows of a key are one.
CREATE TABLE ref.risky (id integer, v integer);
INSERT INTO ref.risky VALUES (1, 1), (2, 2);
SELECT steward.summary_create('ref.risk', 'SELECT id, 10 / v AS q FROM ref.risky', '{id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
INSERT INTO ref.risky VALUES (3, 0);
SELECT throws_ok($$SELECT steward.summary_refresh('ref.risk')$$, '22012', 'division by zero', 'an error of the query');
SELECT is((SELECT backlog FROM steward.summaries WHERE name = 'ref.risk'), 1::bigint, 'leaves the change');
UPDATE ref.risky SET v = 5 WHERE id = 3;
SELECT is(pg_temp.refreshed('ref.risk'), 'keyed 1', 'until it is mended');
INSERT INTO ref.risky VALUES (4, 1), (4, 2);
SELECT throws_ok($$SELECT steward.summary_refresh('ref.risk')$$, '23505', NULL, 'two rows of a key that is new');
DELETE FROM ref.risky WHERE id = 4;
SELECT steward.summary_refresh('ref.risk') \g /dev/null
INSERT INTO ref.risky VALUES (3, 2);
SELECT throws_ok($$SELECT steward.summary_refresh('ref.risk', 'keyed')$$, '23505', NULL, 'two rows of a key that is stored');
SELECT throws_ok($$SELECT steward.summary_refresh('ref.risk', 'full')$$, '23505', NULL, 'in mode full');
DELETE FROM ref.risky WHERE id = 3;
INSERT INTO ref.risky VALUES (NULL, 1);
SELECT is((SELECT mode_used || written FROM steward.summary_refresh('ref.risk', 'keyed')), 'keyed0', 'a row without a key belongs to none');
SELECT is((SELECT mode_used || written FROM steward.summary_refresh('ref.risk', 'full')), 'full0', 'and is left out, in mode full as well');
CREATE TABLE ref.text (id integer, kind text, body text);
SELECT throws_ok($$SELECT steward.summary_create('ref.texts', 'SELECT body::integer AS n, count(*) FROM ref.text WHERE kind = ''number'' GROUP BY 1', '{n}', mode => 'keyed')$$,
                 '0A000', 'no table of the query has the key', 'a key whose expression would fail for rows that the query leaves out');

SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name LIKE 'ref.%' \g /dev/null
DROP SCHEMA ref CASCADE;
SELECT * FROM finish();
