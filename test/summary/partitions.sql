-- Tables in partitions: rows that come to and go from any of them, and partitions that come and go.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA par;
CREATE TABLE par.log (id integer, day integer, words integer) PARTITION BY RANGE (day);
CREATE TABLE par.log_1 PARTITION OF par.log FOR VALUES FROM (10) TO (20);
CREATE TABLE par.log_2 PARTITION OF par.log FOR VALUES FROM (20) TO (30) PARTITION BY LIST (id);
CREATE TABLE par.log_2_some PARTITION OF par.log_2 FOR VALUES IN (1, 2, 3);
CREATE TABLE par.log_2_rest PARTITION OF par.log_2 DEFAULT;
CREATE TABLE par.log_3 (junk text, words integer, id integer, more text, day integer); -- whose columns have other places
ALTER TABLE par.log_3 DROP COLUMN junk, DROP COLUMN more;
ALTER TABLE par.log ATTACH PARTITION par.log_3 FOR VALUES FROM (30) TO (40);
INSERT INTO par.log SELECT g % 7, 10 + g % 30, g FROM generate_series(1, 210) AS g;
SELECT steward.summary_create('par.sums', 'SELECT id, count(*), sum(words) FROM par.log GROUP BY id', '{id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('par.leaf', 'SELECT id, count(*), sum(words) FROM par.log_1 GROUP BY id', '{id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('par.added', 'SELECT id, count(*), sum(words) FROM par.log GROUP BY id', '{id}', mode => 'delta', max_staleness => NULL) \g /dev/null
CREATE FUNCTION pg_temp.both() RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refreshed('par.sums') || '; ' || pg_temp.refreshed('par.leaf') || coalesce('; added: ' || substring(pg_temp.refreshed('par.added', 'auto') FROM '\d+ (wrong|left)'), '')
$$;
SELECT is(pg_temp.both(), 'none 0; none 0', 'nothing has changed');

-- Rows.
INSERT INTO par.log VALUES (1, 10, 1), (2, 20, 1), (3, 30, 1);
SELECT is(pg_temp.both(), 'keyed 3; keyed 1', 'INSERT through the root, of which one reads a leaf');
INSERT INTO par.log_1 VALUES (1, 10, 1);
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'INSERT into a leaf');
INSERT INTO par.log_2 VALUES (1, 20, 1);
SELECT is(pg_temp.both(), 'keyed 1; none 0', 'INSERT into what has partitions of its own');
INSERT INTO par.log_3 (id, day, words) VALUES (6, 30, 1000);
SELECT is(pg_temp.both(), 'keyed 1; none 0', 'INSERT into a leaf whose columns have other places');
UPDATE par.log SET words = words + 1 WHERE id = 6;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'UPDATE of rows of all partitions');
UPDATE par.log SET day = 25 WHERE id = 5 AND day = 10;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'UPDATE that moves rows to another partition');
UPDATE par.log SET day = 35, id = 4 WHERE id = 5 AND day = 25;
SELECT is(pg_temp.both(), 'keyed 2; none 0', 'and to another key');
DELETE FROM par.log_2_some WHERE id = 3;
SELECT is(pg_temp.both(), 'keyed 1; none 0', 'DELETE from a leaf');
COPY par.log FROM STDIN;
1	11	5
8	31	5
\.
SELECT is(pg_temp.both(), 'keyed 2; keyed 1', 'COPY');
INSERT INTO par.log_3 (id, day, words) SELECT 1 + g % 3, 30, NULL FROM generate_series(1, 5000) AS g;
SELECT is(pg_temp.both(), 'keyed 3; none 0', 'many rows of few keys');

-- Partitions that come.
CREATE TABLE par.log_4 PARTITION OF par.log FOR VALUES FROM (40) TO (50);
SELECT is(pg_temp.both(), 'none 0; none 0', 'a partition that is made empty');
INSERT INTO par.log VALUES (1, 40, 1);
SELECT is(pg_temp.both(), 'keyed 1; none 0', 'INSERT into it');
CREATE TABLE par.log_5 PARTITION OF par.log FOR VALUES FROM (50) TO (60);
INSERT INTO par.log_5 VALUES (2, 50, 1);
SELECT is(pg_temp.both(), 'full 8; none 0', 'one that is made and filled');
CREATE TABLE par.log_6 (LIKE par.log);
INSERT INTO par.log_6 VALUES (9, 60, 1);
ALTER TABLE par.log ATTACH PARTITION par.log_6 FOR VALUES FROM (60) TO (70);
SELECT is(pg_temp.both(), 'full 9; none 0', 'ATTACH of one with rows');
CREATE TABLE par.log_7 (LIKE par.log);
ALTER TABLE par.log ATTACH PARTITION par.log_7 FOR VALUES FROM (70) TO (80);
SELECT is(pg_temp.both(), 'none 0; none 0', 'ATTACH of one without');
CREATE TABLE par.log_2_nine PARTITION OF par.log_2 FOR VALUES IN (9);
SELECT is(pg_temp.both(), 'none 0; none 0', 'a partition of a partition');
INSERT INTO par.log VALUES (9, 20, 1);
SELECT is(pg_temp.both(), 'keyed 1; none 0', 'INSERT into it');
CREATE TABLE par.log_8 PARTITION OF par.log FOR VALUES FROM (80) TO (90);
INSERT INTO par.log_8 VALUES (10, 80, 1);
TRUNCATE par.log_8;
SELECT is(pg_temp.refreshed('par.sums'), 'keyed 1', 'TRUNCATE of one that nobody has looked at yet');

-- And go.
ALTER TABLE par.log DETACH PARTITION par.log_6;
SELECT is(pg_temp.both(), 'full 9; none 0', 'DETACH');
INSERT INTO par.log_6 VALUES (9, 60, 1);
SELECT is(pg_temp.both(), 'none 0; none 0', 'INSERT into what is none any more');
DROP TABLE par.log_5;
SELECT is(pg_temp.both(), 'full 9; none 0', 'DROP');
ALTER TABLE par.log DETACH PARTITION par.log_4;
INSERT INTO par.log_4 VALUES (7, 40, 1);
ALTER TABLE par.log ATTACH PARTITION par.log_4 FOR VALUES FROM (40) TO (50);
SELECT is(pg_temp.refreshed('par.sums'), 'full 10', 'DETACH, INSERT, ATTACH');
SELECT steward.summary_refresh('par.sums', 'full') \g /dev/null
ALTER TABLE par.log_4 DISABLE TRIGGER ALL;
INSERT INTO par.log_4 VALUES (11, 40, 1);
ALTER TABLE par.log_4 ENABLE TRIGGER ALL;
SELECT is(pg_temp.refreshed('par.sums'), 'full 11', 'DISABLE TRIGGER of a partition');
SELECT steward.summary_refresh('par.sums', 'full') \g /dev/null
BEGIN;
DROP TABLE par.log_7;
CREATE TABLE par.log_7 PARTITION OF par.log FOR VALUES FROM (70) TO (80);
COMMIT;
SELECT matches(pg_temp.refreshed('par.sums'), '^(full 11|none 0)$', 'a partition that is made anew');

-- TRUNCATE.
TRUNCATE par.log_1;
SELECT is(pg_temp.both(), 'full 11; full 0', 'TRUNCATE of a leaf');
TRUNCATE par.log_2;
SELECT matches(pg_temp.both(), '^full \d+; none 0$', 'TRUNCATE of what has partitions of its own');
TRUNCATE par.log_2_nine;
SELECT matches(pg_temp.both(), '^full \d+; none 0$', 'TRUNCATE of a partition that came later');
TRUNCATE ONLY par.log_7;
SELECT matches(pg_temp.both(), '^full \d+; none 0$', 'TRUNCATE ONLY');
TRUNCATE par.log;
SELECT is(pg_temp.both(), 'full 0; full 0', 'TRUNCATE of the root');

-- Tables that inherit later are no partitions.
CREATE TABLE par.parent (id integer, words integer);
SELECT steward.summary_create('par.inherited', 'SELECT id, sum(words) FROM par.parent GROUP BY id', '{id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
CREATE TABLE par.child () INHERITS (par.parent);
INSERT INTO par.child VALUES (1, 1);
SELECT throws_ok($$SELECT steward.summary_refresh('par.inherited')$$, '0A000', NULL, 'a table that inherits');

-- The history of scores has a partition a day, which the worker makes and drops.
SELECT steward.summary_create('par.days', $$SELECT principle_id, count(*) FROM steward.qec_distance_calculations GROUP BY principle_id$$, '{principle_id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.partition_create('steward.qec_distance_calculations', '2020-01-01') \g /dev/null
SELECT is(pg_temp.refreshed('par.days'), 'none 0', 'partition_create');
SELECT steward.partition_drop('steward.qec_distance_calculations', '2020-01-03') \g /dev/null
SELECT matches(pg_temp.refreshed('par.days'), '^(full|none|keyed) 0$', 'partition_drop');

SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name LIKE 'par.%' \g /dev/null
SELECT is_empty($$SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'steward_summary%' AND tgrelid::regclass::text LIKE 'par.log%'
                  AND tgrelid NOT IN ('par.log_6'::regclass)$$, 'no trigger stays');
DROP SCHEMA par CASCADE;
SELECT * FROM finish();
