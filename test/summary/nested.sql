-- Summaries that are computed from summaries.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA nest;
CREATE TABLE nest.page (page integer PRIMARY KEY, title text NOT NULL, shelf integer NOT NULL);
CREATE TABLE nest.note (id integer PRIMARY KEY, page integer NOT NULL, words integer NOT NULL);
CREATE INDEX ON nest.note (page);
INSERT INTO nest.page SELECT g, 'page ' || g, g % 10 FROM generate_series(1, 100) AS g;
INSERT INTO nest.note SELECT g, 1 + g % 100, g FROM generate_series(1, 1000) AS g;
SELECT steward.summary_create('nest.counts', 'SELECT page, count(*) AS notes, sum(words) AS words FROM nest.note GROUP BY page', '{page}', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('nest.pages', 'SELECT p.page, p.title, p.shelf, coalesce(c.notes, 0) AS notes, c.words FROM nest.page AS p LEFT JOIN nest.counts AS c USING (page)',
                              '{page}', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('nest.shelves', 'SELECT shelf, count(*) AS pages, sum(notes) AS notes, max(words) AS most FROM nest.pages GROUP BY shelf', '{shelf}', max_staleness => NULL) \g /dev/null
-- How many shelves are not what the tables say, themselves.
CREATE FUNCTION pg_temp.wrong() RETURNS bigint LANGUAGE sql AS $$
    WITH page AS (SELECT p.page, p.shelf, count(n.id) AS notes, sum(n.words) AS words FROM nest.page AS p LEFT JOIN nest.note AS n USING (page) GROUP BY p.page),
         shelf AS (SELECT shelf, count(*) AS pages, sum(notes) AS notes, max(words) AS most FROM page GROUP BY shelf)
    SELECT count(*) FROM ((TABLE nest.shelves EXCEPT ALL TABLE shelf) UNION ALL (TABLE shelf EXCEPT ALL TABLE nest.shelves)) AS d
$$;
CREATE FUNCTION pg_temp.modes() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %s', substr(name, 6), last_mode, refreshes), ', ' ORDER BY name) FROM steward.summaries WHERE name LIKE 'nest.%'
$$;

SELECT set_eq($$SELECT name, mode FROM steward.summaries WHERE name LIKE 'nest.%'$$, $$VALUES ('nest.counts', 'delta'), ('nest.pages', 'keyed'), ('nest.shelves', 'keyed')$$, 'each has its mode');
SELECT set_eq($$SELECT relation::text, mode FROM steward.summary_explain('nest.pages') WHERE part = 'relation'$$, $$VALUES ('nest.page', 'keyed'), ('nest.counts_rows', 'keyed')$$,
              'the rows of one are a source of the next');
SELECT is(pg_temp.wrong(), 0::bigint, 'all is there from the start');
SELECT is(steward.summary_choose('nest.shelves'), 'none', 'nothing to do');

-- Changes go through all of them.
INSERT INTO nest.note VALUES (1001, 7, 70), (1002, 7, 1);
SELECT is(steward.summary_choose('nest.shelves'), 'keyed', 'a change of what lies below the one below');
SELECT is(pg_temp.refreshed('nest.shelves'), 'keyed 1', 'is refreshed with the last');
SELECT is(pg_temp.modes(), 'counts delta 1, pages keyed 1, shelves keyed 1', 'for which those below were');
SELECT is(pg_temp.wrong(), 0::bigint, 'and is there');
SELECT is(pg_temp.refreshed('nest.shelves'), 'none 0', 'once');
SELECT is(pg_temp.modes(), 'counts delta 1, pages keyed 1, shelves keyed 1', 'nothing is done to any');
UPDATE nest.note SET words = words WHERE page < 50;
SELECT is(pg_temp.refreshed('nest.shelves'), 'none 0', 'what changes nothing below has nothing done above');
UPDATE nest.note SET page = page + 1 WHERE page < 50;
DELETE FROM nest.page WHERE page = 99;
SELECT is(pg_temp.refreshed('nest.pages', 'auto') ~ '^(keyed|full) ', true, 'many');
SELECT is(pg_temp.refreshed('nest.shelves', 'auto'), 'keyed 10', 'and those of them that have the same key');
SELECT is(pg_temp.wrong(), 0::bigint, 'are there');
TRUNCATE nest.note;
SELECT pg_temp.refreshed('nest.shelves', 'auto') \g /dev/null
SELECT is(pg_temp.wrong(), 0::bigint, 'TRUNCATE');
INSERT INTO nest.note SELECT g, 1 + g % 100, g FROM generate_series(1, 1000) AS g;
SELECT pg_temp.refreshed('nest.shelves', 'full') \g /dev/null
SELECT is(pg_temp.wrong(), 0::bigint, 'mode full of the last');

-- In one transaction, and taken back.
BEGIN;
INSERT INTO nest.note VALUES (1001, 7, 70);
SELECT is(pg_temp.refreshed('nest.shelves'), 'keyed 1', 'what this transaction has changed');
SELECT is(pg_temp.wrong(), 0::bigint, 'is there for it');
SAVEPOINT s;
DELETE FROM nest.note WHERE page = 8;
SELECT steward.summary_refresh('nest.shelves') \g /dev/null
SELECT is(pg_temp.wrong(), 0::bigint, 'after a savepoint');
ROLLBACK TO s;
SELECT is(pg_temp.wrong(), 0::bigint, 'as before it');
INSERT INTO nest.note VALUES (1002, 9, 70);
SELECT is(pg_temp.refreshed('nest.shelves'), 'keyed 1', 'again');
SELECT is(pg_temp.wrong(), 0::bigint, 'what came later');
ROLLBACK;
SELECT is(pg_temp.wrong(), 0::bigint, 'rolled back');
SELECT is(pg_temp.refreshed('nest.shelves'), 'none 0', 'with nothing left to do');

-- By procedure; with a bound.
UPDATE nest.note SET words = words + 1;
CALL steward.summary_run('nest.shelves', 3);
SELECT is(pg_temp.wrong(), 0::bigint, 'summary_run goes through all');
UPDATE nest.note SET words = words + 1 WHERE page <= 30;
SELECT is((SELECT mode_used || ' ' || keys || ' ' || backlog FROM steward.summary_refresh('nest.pages', 'keyed', 10)), 'keyed 10 20', 'max_keys is for the summary itself');
SELECT is((SELECT backlog FROM steward.summaries WHERE name = 'nest.counts'), 0::bigint, 'not for those below');
SELECT pg_temp.refreshed('nest.shelves') \g /dev/null
SELECT is(pg_temp.wrong(), 0::bigint, 'the rest');

-- Those with a schedule, and those that are paused, are left to themselves.
SELECT steward.summary_alter('nest.counts', schedule => '1 day') \g /dev/null
INSERT INTO nest.note VALUES (1001, 7, 70);
SELECT is(steward.summary_choose('nest.shelves'), 'none', 'one that has a schedule is not waited for');
SELECT is(pg_temp.refreshed('nest.shelves'), 'none 0', 'nor refreshed');
SELECT steward.summary_alter('nest.counts', schedule => '') \g /dev/null
SELECT steward.summary_pause('nest.counts') \g /dev/null
SELECT is(pg_temp.refreshed('nest.shelves'), 'none 0', 'nor is one that is paused');
SELECT steward.summary_resume('nest.counts') \g /dev/null
SELECT is(pg_temp.refreshed('nest.shelves'), 'keyed 1', 'until it goes on');
SELECT is(pg_temp.wrong(), 0::bigint, 'all is there');

-- What cannot be.
SELECT throws_ok($$SELECT steward.summary_drop('nest.counts')$$, '2BP01', NULL, 'what others are computed from stays');
CREATE OR REPLACE VIEW nest.counts_source AS SELECT page, count(*) AS notes, sum(n.words) AS words FROM nest.note AS n JOIN nest.shelves ON shelf > 0 GROUP BY page;
SELECT throws_ok($$SELECT steward.summary_rebuild('nest.counts')$$, '0A000', 'a summary cannot be computed from itself', 'nor from what is computed from it');
CREATE OR REPLACE VIEW nest.counts_source AS SELECT page, count(*) AS notes, sum(words) AS words FROM nest.note GROUP BY page;
SELECT is(pg_temp.refreshed('nest.shelves'), 'none 0', 'which left all as it was');

-- Somebody else's.
CREATE ROLE nest_other;
GRANT CREATE, USAGE ON SCHEMA nest TO nest_other;
GRANT USAGE ON SCHEMA tap TO nest_other;
GRANT steward_writer TO nest_other;
GRANT SELECT ON nest.counts, nest.counts_rows TO nest_other;
SET ROLE nest_other;
SELECT throws_like($$SELECT steward.summary_create('nest.theirs', 'SELECT page, notes FROM nest.counts', '{page}')$$, '%the query reads what nobody hears of%', 'a summary of another role cannot be watched');
SELECT steward.summary_create('nest.theirs', 'SELECT page, notes FROM nest.counts', '{page}', mode => 'full') \g /dev/null
RESET ROLE;
INSERT INTO nest.note VALUES (1002, 7, 70);
SET ROLE nest_other;
SELECT is((SELECT mode_used FROM steward.summary_refresh('nest.theirs')), 'full', 'but read');
RESET ROLE;
SELECT is((SELECT backlog FROM steward.summaries WHERE name = 'nest.counts'), 1::bigint, 'and is not refreshed by it');
SELECT steward.summary_drop('nest.theirs') \g /dev/null
SELECT steward.summary_drop(n) FROM unnest(ARRAY['nest.shelves', 'nest.pages', 'nest.counts']) WITH ORDINALITY AS s (n) ORDER BY ordinality \g /dev/null
SELECT is((SELECT count(*) FROM steward.summaries WHERE name LIKE 'nest.%'), 0::bigint, 'dropped in order');
DROP SCHEMA nest CASCADE;
DROP OWNED BY nest_other;
DROP ROLE nest_other;
SELECT * FROM finish();
