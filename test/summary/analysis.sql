-- What a query of each shape is computed from, and that the keys that are computed again are enough.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA ana;
SET search_path = ana, tap, pg_catalog;
CREATE TABLE page (id integer PRIMARY KEY, parent integer, title text, owner bigint);
CREATE TABLE note (id bigint PRIMARY KEY, page integer, page8 bigint, words integer, at timestamptz NOT NULL, tag text, remark text);
CREATE TABLE link (a integer, b integer, weight integer);
CREATE TABLE log (id integer, page integer, day integer, words integer) PARTITION BY RANGE (day);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (5);
CREATE TABLE log_2 (day integer, words integer, page integer, id integer); -- whose columns have other places
ALTER TABLE log ATTACH PARTITION log_2 FOR VALUES FROM (5) TO (100);
CREATE VIEW busy AS SELECT page, count(*) AS notes FROM note GROUP BY page HAVING count(*) > 1;
CREATE VIEW busiest AS SELECT b.page, b.notes, p.title FROM busy AS b JOIN page AS p ON p.id = b.page;
INSERT INTO page SELECT g, nullif(g / 2, 0), 'page ' || g, g % 3 FROM generate_series(1, 12) AS g;
INSERT INTO note SELECT g, 1 + g % 10, 1 + g % 7, g, '2026-01-01'::timestamptz + g * interval '5 hours', 'tag ' || g % 4 FROM generate_series(1, 60) AS g;
INSERT INTO link SELECT 1 + g % 10, 1 + g % 7, g FROM generate_series(1, 40) AS g;
INSERT INTO log SELECT g, 1 + g % 10, g % 10, g FROM generate_series(1, 60) AS g;

-- What is read, as "note: page, link: all".
CREATE FUNCTION pg_temp.parts(source regclass, key text[]) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(p.part, ', ' ORDER BY p.part COLLATE "C")
    FROM (SELECT coalesce(a.relation::text || ': ' || coalesce(array_to_string(a.keys, ' '), 'all'), a.part) AS part FROM steward.summary_analyze(source, key) AS a) AS p
$$;
CREATE FUNCTION pg_temp.change(i integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CASE i % 12
        WHEN 0 THEN INSERT INTO note SELECT 100 + i, 1 + i % 11, i % 8, i, now() + i * interval '1 hour', 'tag ' || i % 5 ON CONFLICT DO NOTHING;
        WHEN 1 THEN UPDATE note SET page = 1 + (page + i) % 11, words = words + 1 WHERE id % 13 = i % 13;
        WHEN 2 THEN DELETE FROM note WHERE id = (SELECT max(id) FROM note);
        WHEN 3 THEN UPDATE page SET title = title || '.', parent = nullif(i % 5, 0) WHERE id = 1 + i % 12;
        WHEN 4 THEN INSERT INTO link VALUES (1 + i % 11, 1 + i % 6, i), (1 + i % 5, 1 + i % 5, NULL);
        WHEN 5 THEN UPDATE link SET a = b, b = a WHERE weight % 9 = i % 9;
        WHEN 6 THEN UPDATE log SET day = (day + 4) % 10, page = 1 + (page + 1) % 11 WHERE id % 11 = i % 11;
        WHEN 7 THEN DELETE FROM page WHERE id = 5 + i % 8;
        WHEN 8 THEN UPDATE note SET tag = 'tag ' || i % 5, at = at + '1 day', page8 = NULL WHERE id % 17 = i % 17;
        WHEN 9 THEN DELETE FROM log WHERE id % 19 = i % 19;
        WHEN 10 THEN UPDATE page SET owner = i % 4, id = id + 20 WHERE id = 1 + i % 9 AND NOT EXISTS (SELECT FROM page AS p WHERE p.id = 21 + i % 9);
        WHEN 11 THEN INSERT INTO page VALUES (40 + i, i % 5, 'new', i % 3) ON CONFLICT DO NOTHING; DELETE FROM link WHERE weight % 7 = i % 7;
    END CASE;
END $$;
-- shape(WANTED, QUERY, KEY): that it reads so, and stays right over changes of all kinds, however it is refreshed.
CREATE FUNCTION pg_temp.shape(wanted text, query text, key text[] DEFAULT '{page}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    wrong text := '';
    r record;
BEGIN
    PERFORM steward.summary_create('ana.shape', query, key, mode => CASE WHEN wanted ~ ': (?!all)' THEN 'keyed' ELSE 'auto' END, max_staleness => NULL);
    PERFORM steward.summary_create('ana.again', query, key, max_staleness => NULL);
    RETURN NEXT tap.is(pg_temp.parts('ana.shape_source', key), wanted, query);
    FOR i IN 1 .. 48 LOOP
        PERFORM pg_temp.change(i);
        FOR r IN VALUES ('ana.shape', 'keyed'), ('ana.again', 'auto') LOOP
            PERFORM steward.summary_refresh(r.column1, r.column2);
            wrong := wrong || coalesce((SELECT string_agg(format(' %s %s:%s', r.column1, i, v.key), '') FROM steward.summary_verify(r.column1) AS v), '');
        END LOOP;
    END LOOP;
    RETURN NEXT tap.is(wrong, '', 'is right: ' || query);
    PERFORM steward.summary_drop('ana.shape'), steward.summary_drop('ana.again');
END $$;
-- Each begins with the same rows.
\set shape 'SELECT s FROM pg_temp.shape'

BEGIN;
:shape('note: page', 'SELECT page, count(*), sum(words) FROM note GROUP BY page') AS s;
:shape('note: page', 'SELECT page, count(*) FROM note WHERE words > 10 AND tag <> ''tag 1'' GROUP BY page HAVING count(*) > 1') AS s;
:shape('note: page', 'SELECT DISTINCT ON (page) page, id, words FROM note ORDER BY page, at DESC, id') AS s;
:shape('note: page', 'SELECT DISTINCT page FROM note') AS s;
:shape('note: all', 'SELECT page, id, sum(words) OVER (PARTITION BY page ORDER BY at, id), lag(tag) OVER (PARTITION BY page ORDER BY id) FROM note', '{page,id}') AS s;
:shape('note: id', 'SELECT page, id, rank() OVER (PARTITION BY page, id ORDER BY at) FROM note', '{id}') AS s;
:shape('note: all', 'SELECT id, rank() OVER (ORDER BY words, id) FROM note', '{id}') AS s;
:shape('note: all', 'SELECT id, rank() OVER (PARTITION BY page ORDER BY words, id) FROM note', '{id}') AS s;
ROLLBACK;
BEGIN;
:shape('note: page, page: id', 'SELECT p.id AS page, p.title, n.words FROM page AS p LEFT JOIN LATERAL (SELECT n.words FROM note AS n WHERE n.page = p.id ORDER BY n.at DESC, n.id LIMIT 1) AS n ON true') AS s;
:shape('note: page, page: id', 'SELECT p.id AS page, (SELECT count(*) FROM note AS n WHERE n.page = p.id) AS notes FROM page AS p') AS s;
SELECT todo_start('of the two plans of an EXISTS the one that is not used counts as well');
:shape('link: a, note: page, page: id', 'SELECT p.id AS page, EXISTS (SELECT FROM note AS n WHERE n.page = p.id) AS has FROM page AS p WHERE NOT EXISTS (SELECT FROM link AS l WHERE l.a = p.id AND l.weight > 20)') AS s;
SELECT todo_end();
:shape('link: a, note: page, page: id', 'SELECT p.id AS page, n.notes, l.links FROM page AS p LEFT JOIN (SELECT page, count(*) AS notes FROM note GROUP BY page) AS n ON n.page = p.id
        LEFT JOIN (SELECT a, count(*) AS links FROM link GROUP BY a) AS l ON l.a = p.id') AS s;
:shape('note: page, page: id', 'SELECT p.id AS page, p.title, count(n.id), max(n.at) FROM page AS p JOIN note AS n ON n.page = p.id GROUP BY p.id') AS s;
:shape('link: a, note: page, page: id', 'SELECT n.page, count(*) FROM note AS n JOIN link AS l ON l.a = n.page JOIN page AS p ON p.id = l.a GROUP BY n.page') AS s;
:shape('note: page, page: id', 'SELECT page, notes, title FROM busiest') AS s;
:shape('note: page, page: all', 'SELECT n.page, max(p.title) AS title FROM note AS n JOIN page AS p ON p.owner = n.page8 WHERE n.page IS NOT NULL GROUP BY n.page') AS s;
ROLLBACK;
BEGIN;
:shape('page: id, page: parent', 'SELECT p.id AS page, count(c.id) AS children FROM page AS p LEFT JOIN page AS c ON c.parent = p.id GROUP BY p.id') AS s;
:shape('page: all, page: id', 'SELECT p.id AS page, max(q.title) AS title FROM page AS p LEFT JOIN page AS q ON q.id = p.parent GROUP BY p.id') AS s;
:shape('link: a b', 'SELECT a, b, sum(weight) FROM link GROUP BY a, b', '{a,b}') AS s;
:shape('link: b a', 'SELECT a, b, sum(weight) FROM link GROUP BY a, b', '{b,a}') AS s;
:shape('link: COALESCE(a, 0), link: all', 'SELECT coalesce(x.a, 0) AS page, x.n FROM (SELECT a, count(*) AS n FROM link GROUP BY a) AS x UNION ALL SELECT -y.b, y.n FROM (SELECT b, count(*) AS n FROM link GROUP BY b) AS y') AS s;
:shape('link: a, note: page', 'SELECT page, sum(n) FROM (SELECT page, words AS n FROM note WHERE page IS NOT NULL UNION ALL SELECT a, weight FROM link) AS u GROUP BY page') AS s;
:shape('link: a, note: page', 'SELECT page FROM note WHERE page IS NOT NULL UNION SELECT a FROM link') AS s;
:shape('link: a, note: page', 'SELECT page, n.notes, l.links FROM (SELECT page, count(*) AS notes FROM note GROUP BY page) AS n FULL JOIN (SELECT a AS page, count(*) AS links FROM link GROUP BY a) AS l USING (page)') AS s;
ROLLBACK;
BEGIN;
:shape('note: page', 'WITH n AS (SELECT page, count(*) AS notes FROM note GROUP BY page) SELECT * FROM n') AS s;
:shape('note: all', 'WITH n AS (SELECT page, words FROM note) SELECT x.page, count(*) FROM n AS x JOIN n AS y USING (page) GROUP BY x.page') AS s;
:shape('note: all', 'WITH n AS MATERIALIZED (SELECT page, count(*) AS notes FROM note GROUP BY page) SELECT * FROM n') AS s;
:shape('note: all', 'SELECT page, count(*) AS notes FROM note GROUP BY page ORDER BY page LIMIT 3') AS s;
:shape('note: all, note: page', 'SELECT page, count(*) FROM note WHERE words > (SELECT avg(words) FROM note) GROUP BY page') AS s;
:shape('note: all, page: id', 'SELECT p.id AS page, g.n FROM page AS p CROSS JOIN (SELECT count(*) AS n FROM note) AS g') AS s;
:shape('page: all, page: all', 'WITH RECURSIVE tree AS (SELECT id AS page, id FROM page UNION SELECT t.page, p.id FROM tree AS t JOIN page AS p ON p.parent = t.id) SELECT page, count(*) FROM tree GROUP BY page') AS s;
:shape('note: all', 'SELECT page, grouping(tag) AS level, count(*) FROM note WHERE page IS NOT NULL GROUP BY GROUPING SETS ((page, tag), (page)) HAVING grouping(tag) = 1') AS s;
ROLLBACK;
BEGIN;
:shape('note: date_trunc(''day''::text, (at AT TIME ZONE ''UTC''::text))', 'SELECT date_trunc(''day'', at AT TIME ZONE ''UTC'') AS day, count(*) FROM note GROUP BY 1', '{day}') AS s;
:shape('note: all', 'SELECT date_trunc(''day'', at, ''UTC'') AS day, count(*) FROM note GROUP BY 1', '{day}') AS s;
:shape('note: all', 'SELECT date_trunc(''day'', at) AS day, count(*) FROM note GROUP BY 1', '{day}') AS s;
:shape('note: (page / 3)', 'SELECT page / 3 AS third, count(*) FROM note WHERE page IS NOT NULL GROUP BY 1', '{third}') AS s;
:shape('note: tag lower(tag)', 'SELECT tag, lower(tag) AS low, count(*) FROM note WHERE tag IS NOT NULL GROUP BY 1, 2', '{tag,low}') AS s;
:shape('note: tag', 'SELECT tag, max(words), string_agg(id::text, '','' ORDER BY id) AS ids FROM note WHERE tag IS NOT NULL GROUP BY tag', '{tag}') AS s;
:shape('note: (page)::bigint', 'SELECT page::bigint AS page, count(*) FROM note WHERE page IS NOT NULL GROUP BY page') AS s;
:shape('note: page8, page: (id)::bigint', 'SELECT n.page8 AS page, count(*), max(p.title) AS title FROM note AS n LEFT JOIN page AS p ON p.id = n.page8 WHERE n.page8 IS NOT NULL GROUP BY n.page8') AS s;
:shape('note: all, page: id', 'SELECT p.id AS page, count(n.id) FROM page AS p LEFT JOIN note AS n ON n.page8 = p.id GROUP BY p.id') AS s;
:shape('note: all, page: id', 'SELECT p.id AS page, count(n.id) FROM page AS p LEFT JOIN note AS n ON n.page::numeric = p.id::numeric GROUP BY p.id') AS s;
ROLLBACK;
BEGIN;
:shape('log: page', 'SELECT page, count(*), sum(words) FROM log GROUP BY page') AS s;
:shape('log: page day', 'SELECT page, day, sum(words) FROM log GROUP BY page, day', '{page,day}') AS s;
:shape('log_2: page', 'SELECT page, sum(words) FROM log_2 GROUP BY page') AS s;
:shape('log: page, page: id', 'SELECT p.id AS page, (SELECT l.words FROM log AS l WHERE l.page = p.id ORDER BY l.day DESC, l.id DESC LIMIT 1) AS last FROM page AS p') AS s;
:shape('log: all, log: page', 'SELECT page, sum(words) FROM log WHERE day = (SELECT max(day) FROM log) GROUP BY page') AS s;
:shape('log: page, note: page', 'SELECT page, count(*) FROM (SELECT page FROM log UNION ALL SELECT page FROM note WHERE page IS NOT NULL) AS u GROUP BY page') AS s;
ROLLBACK;

-- Words of what else counts.
CREATE FUNCTION pg_temp.of(query text, key text[] DEFAULT '{page}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE 'CREATE VIEW ana.asked AS ' || query;
    found := (SELECT string_agg(concat_ws(' ', part, relation, array_to_string(keys, ' '), '(' || array_to_string(columns, ' ') || ')', nullif(array_to_string(begins || ends, ' '), ''), reason), E'\n') FROM steward.summary_analyze('ana.asked', key));
    DROP VIEW ana.asked;
    RETURN found;
END $$;
SELECT matches(pg_temp.of('SELECT page, count(*) FILTER (WHERE at > now() - interval ''1 day'') FROM note GROUP BY page'), '^relation note page \(page at\) \(at \+ [^\n]*$', 'columns that are read, and when rows cease to count');
SELECT is(pg_temp.of('SELECT page, max(now() - at) FROM note GROUP BY page'), E'relation note page (page at)\nclock It calls now().', 'the clock');
SELECT is(pg_temp.of('SELECT page, count(*) AS n, LOCALTIMESTAMP AS at FROM note GROUP BY page'), E'relation note page (page)\nclock It asks for the current time.', 'the time without a call');
SELECT is(pg_temp.of('SELECT page, current_setting(''work_mem'') FROM note GROUP BY page'), E'relation note page (page)\nfunction It calls current_setting(text), of which nobody knows what its result depends on.', 'a setting');
SELECT is(pg_temp.of('SELECT page, count(n) FROM note AS n GROUP BY page'), 'relation note page', 'all columns');
SELECT is(pg_temp.of('SELECT page, count(*) FROM note TABLESAMPLE system (50) REPEATABLE (1) GROUP BY page'), 'relation note (page) Its rows are read whatever "page" is.', 'a sample');
SELECT is(pg_temp.of('SELECT p.id AS page, count(n.id) FROM page AS p LEFT JOIN note AS n ON n.page8 = p.id GROUP BY p.id'),
          E'relation page id (id)\nrelation note (id page8) A key of type integer is compared with bigint.', 'a type that has more values');
SELECT is(pg_temp.of('SELECT v.page FROM (VALUES (1), (2)) AS v (page)'), NULL, 'no table');
SELECT is(pg_temp.of('SELECT g AS page FROM generate_series(1, 3) AS g'), NULL, 'a function alone');
ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON note USING (page IN (SELECT id FROM page WHERE title <> CURRENT_USER));
CREATE ROLE ana_owner;
GRANT USAGE ON SCHEMA ana, tap TO ana_owner;
GRANT ALL ON ALL TABLES IN SCHEMA ana TO ana_owner;
GRANT CREATE ON SCHEMA ana TO ana_owner;
GRANT steward_writer TO ana_owner;
SET ROLE ana_owner;
SELECT matches(pg_temp.of('SELECT page, count(*) FROM note GROUP BY page'), E'relation note page .*\nrelation page .*\nfunction It asks who the user is\\.$', 'what a policy reads');
RESET ROLE;
ALTER TABLE note DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- Texts whose lengths are limited.
CREATE TABLE limited (word varchar(5), n integer);
:shape('limited: word', 'SELECT word, count(*) FROM limited GROUP BY word', '{word}') AS s;

-- In words.
SELECT steward.summary_create('ana.told', $$SELECT p.id AS page, count(n.id) FILTER (WHERE n.at > now() - interval '1 day') AS recent, min(n.at) FILTER (WHERE n.at > now() - interval '1 day') AS first, max(l.weight) AS most
    FROM page AS p LEFT JOIN note AS n ON n.page = p.id CROSS JOIN (SELECT max(weight) AS weight FROM link) AS l GROUP BY p.id$$, '{page}', expires => $$first + interval '1 day'$$) \g /dev/null
SELECT results_eq($$SELECT part, relation::text, mode FROM steward.summary_explain('ana.told') ORDER BY 1, 2$$,
                  $$VALUES ('index', 'note', 'keyed'), ('relation', 'link', 'full'), ('relation', 'note', 'keyed'), ('relation', 'page', 'keyed'), ('summary', 'told', 'keyed')$$, 'explain: parts');
SELECT is((SELECT detail FROM steward.summary_explain('ana.told') WHERE relation = 'note'::regclass AND part = 'relation'), 'A row belongs to the key page. Read are: id, page, at.', 'explain: a table with the key');
SELECT is((SELECT detail FROM steward.summary_explain('ana.told') WHERE relation = 'link'::regclass), 'Its rows are read whatever "page" is. A change of it has all computed: join it when you read, if it changes often.', 'explain: one without');
CREATE INDEX ON note (page);
SELECT is_empty($$SELECT FROM steward.summary_explain('ana.told') WHERE part = 'index'$$, 'explain: no word of an index that is there');

SELECT steward.summary_drop('ana.told') \g /dev/null
SET search_path = tap, pg_catalog;
DROP OWNED BY ana_owner;
DROP ROLE ana_owner;
DROP SCHEMA ana CASCADE;
SELECT * FROM finish();
