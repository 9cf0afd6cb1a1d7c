-- Each kind of change of a table has its keys computed again, and no other.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
\ir helpers.psql
SELECT no_plan();
CREATE SCHEMA cap;
CREATE TABLE cap.page (page integer PRIMARY KEY, title text NOT NULL);
CREATE TABLE cap.note (id integer PRIMARY KEY, page integer REFERENCES cap.page ON DELETE CASCADE ON UPDATE CASCADE, words integer, remark text);
INSERT INTO cap.page SELECT g, 'page ' || g FROM generate_series(1, 9) AS g;
INSERT INTO cap.note SELECT g, 1 + g % 5, g, 'remark' FROM generate_series(1, 100) AS g;
SELECT steward.summary_create('cap.pages', 'SELECT page, count(*) AS notes, sum(words) AS words FROM cap.note WHERE page IS NOT NULL GROUP BY page', '{page}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('cap.titles', 'SELECT p.page, p.title, max(n.words) AS most FROM cap.page AS p LEFT JOIN cap.note AS n USING (page) GROUP BY p.page', '{page}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('cap.added', 'SELECT page, count(*) AS notes, sum(words) AS words, avg(words) AS mean FROM cap.note WHERE page IS NOT NULL GROUP BY page', '{page}', mode => 'delta', max_staleness => NULL) \g /dev/null
-- What the first two of them computed, and that the third is right.
CREATE FUNCTION pg_temp.both() RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refreshed('cap.pages') || '; ' || pg_temp.refreshed('cap.titles') || coalesce('; added: ' || substring(pg_temp.refreshed('cap.added', 'auto') FROM '\d+ (wrong|left)'), '')
$$;
SELECT is(pg_temp.both(), 'none 0; none 0', 'nothing has changed');

-- Rows.
INSERT INTO cap.note VALUES (101, 1, 1);
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'INSERT, of two summaries');
INSERT INTO cap.note VALUES (102, 6, 1), (103, 6, 2), (104, 7, 3);
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'INSERT of several rows of a key, which is new');
UPDATE cap.note SET words = 50 WHERE id IN (1, 2);
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'UPDATE');
UPDATE cap.note SET page = 7 WHERE id = 102;
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'UPDATE of the key: that of before and of after');
UPDATE cap.note SET remark = 'other';
SELECT is(pg_temp.both(), 'none 0; none 0', 'UPDATE of a column that is not read');
UPDATE cap.note SET words = words;
SELECT is(pg_temp.both(), 'none 0; none 0', 'UPDATE that changes nothing');
UPDATE cap.page SET title = 'other' WHERE page = 3;
SELECT is(pg_temp.both(), 'none 0; keyed 1', 'UPDATE of a table that one of them reads');
DELETE FROM cap.note WHERE page = 7;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'DELETE of all rows of a key');
SELECT is((SELECT count(*) FROM cap.pages WHERE page = 7), 0::bigint, 'which goes');
SELECT is((SELECT most FROM cap.titles WHERE page = 7), NULL, 'or stays without them');
INSERT INTO cap.note VALUES (105, NULL, 1), (106, NULL, 2);
SELECT is(pg_temp.both(), 'none 0; none 0', 'INSERT of rows without a key');
UPDATE cap.note SET page = 2 WHERE id = 105;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'UPDATE of null to a key');
UPDATE cap.note SET page = NULL WHERE id = 105;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'UPDATE of a key to null');

-- Statements of other kinds.
COPY cap.note FROM STDIN;
107	8	1	remark
108	8	2	remark
\.
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'COPY');
INSERT INTO cap.note VALUES (107, 8, 9), (109, 9, 9) ON CONFLICT (id) DO UPDATE SET words = excluded.words;
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'INSERT ON CONFLICT DO UPDATE');
INSERT INTO cap.note VALUES (107, 8, 10) ON CONFLICT (id) DO NOTHING;
SELECT is(pg_temp.both(), 'none 0; none 0', 'INSERT ON CONFLICT DO NOTHING');
MERGE INTO cap.note AS n USING (VALUES (107, 20, 8), (108, NULL, 8), (110, 30, 4)) AS v (id, words, page) ON n.id = v.id
    WHEN MATCHED AND v.words IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET words = v.words
    WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.page, v.words);
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'MERGE: UPDATE, DELETE and INSERT');
WITH gone AS (DELETE FROM cap.note WHERE id = 110 RETURNING page) INSERT INTO cap.note SELECT 111, page + 1, 1 FROM gone;
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'WITH a statement that writes');
UPDATE cap.page SET page = 19 WHERE page = 9;
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'ON UPDATE CASCADE');
DELETE FROM cap.page WHERE page = 19;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'ON DELETE CASCADE');
BEGIN;
DECLARE notes CURSOR FOR SELECT * FROM cap.note WHERE id = 111 FOR UPDATE;
MOVE notes;
UPDATE cap.note SET words = 1000 WHERE CURRENT OF notes;
COMMIT;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'WHERE CURRENT OF');
CREATE FUNCTION cap.add(page integer) RETURNS integer LANGUAGE sql AS $$ INSERT INTO cap.note VALUES (150, $1, 1) RETURNING page $$;
SELECT cap.add(3) \g /dev/null
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'a function that writes');
CREATE RULE again AS ON DELETE TO cap.page WHERE old.page = 8 DO INSTEAD UPDATE cap.page SET title = 'stays' WHERE page = old.page;
DELETE FROM cap.page WHERE page = 8;
SELECT is(pg_temp.both(), 'none 0; keyed 1', 'a rule');
DROP RULE again ON cap.page;
CREATE VIEW cap.first AS SELECT id, page, words FROM cap.note WHERE page = 1;
UPDATE cap.first SET words = 3 WHERE id = 5;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'a view');
CREATE FUNCTION cap.deferred() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE cap.note SET words = words + 1 WHERE id = 10; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE OF title ON cap.page DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cap.deferred();
UPDATE cap.page SET title = 'deferred' WHERE page = 5;
SELECT is(pg_temp.both(), 'keyed 1; keyed 2', 'a constraint trigger that writes as the transaction commits');
DROP TRIGGER deferred ON cap.page;

-- Transactions.
BEGIN;
INSERT INTO cap.note VALUES (201, 1, 1);
ROLLBACK;
SELECT is(pg_temp.both(), 'none 0; none 0', 'ROLLBACK');
BEGIN;
INSERT INTO cap.note VALUES (201, 1, 1);
SAVEPOINT s;
INSERT INTO cap.note VALUES (202, 2, 1);
ROLLBACK TO s;
INSERT INTO cap.note VALUES (203, 3, 1);
COMMIT;
SELECT matches(pg_temp.both(), '^keyed [23]; keyed [23]$', 'ROLLBACK TO: what was before and after it');
DO $$
BEGIN
    BEGIN
        INSERT INTO cap.note VALUES (204, 4, 1);
        PERFORM steward.summary_refresh('cap.pages');
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    INSERT INTO cap.note VALUES (205, 4, 1);
END $$;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'a refresh that is rolled back, with what it refreshed');
BEGIN;
INSERT INTO cap.note VALUES (206, 5, 1);
SAVEPOINT s;
SELECT steward.summary_refresh('cap.pages') \g /dev/null
ROLLBACK TO s;
COMMIT;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'a refresh that alone is rolled back');
BEGIN;
INSERT INTO cap.note VALUES (207, 1, 1);
PREPARE TRANSACTION 'cap';
SELECT is(pg_temp.both(), 'none 0; none 0', 'PREPARE TRANSACTION');
COMMIT PREPARED 'cap';
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'COMMIT PREPARED');
BEGIN;
INSERT INTO cap.note VALUES (208, 1, 1);
PREPARE TRANSACTION 'cap';
ROLLBACK PREPARED 'cap';
SELECT is(pg_temp.both(), 'none 0; none 0', 'ROLLBACK PREPARED');
CREATE PROCEDURE cap.commits() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cap.note VALUES (208, 1, 1);
    COMMIT;
    INSERT INTO cap.note VALUES (209, 2, 1);
    ROLLBACK;
    INSERT INTO cap.note VALUES (210, 3, 1);
    COMMIT AND CHAIN;
END $$;
CALL cap.commits();
SELECT is(pg_temp.both(), 'keyed 2; keyed 2', 'a procedure that commits');

-- Whoever turns triggers off.
SET session_replication_role = replica;
INSERT INTO cap.note VALUES (301, 1, 1);
RESET session_replication_role;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'what a subscription applies');
ALTER TABLE cap.note DISABLE TRIGGER ALL;
UPDATE cap.note SET words = 2000 WHERE id = 2;
ALTER TABLE cap.note ENABLE TRIGGER ALL;
SELECT is(pg_temp.refreshed('cap.pages'), 'full 7', 'DISABLE TRIGGER ALL, and ENABLE');
SELECT is(pg_temp.refreshed('cap.titles'), 'full 8', 'for another summary');
SELECT steward.summary_refresh(name, 'full') FROM unnest(ARRAY['cap.titles', 'cap.added']) AS name \g /dev/null
INSERT INTO cap.note VALUES (303, 3, 1);
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'after which all is heard of again');
ALTER TABLE cap.note DISABLE TRIGGER steward_summary;
INSERT INTO cap.note VALUES (304, 4, 1);
SELECT is(pg_temp.refreshed('cap.pages'), 'full 7', 'DISABLE TRIGGER of ours');
DROP TRIGGER steward_summary ON cap.note;
DELETE FROM cap.note WHERE id = 304;
SELECT is(pg_temp.refreshed('cap.pages'), 'full 7', 'DROP TRIGGER');
SELECT steward.summary_refresh(name, 'full') FROM unnest(ARRAY['cap.titles', 'cap.added']) AS name \g /dev/null
INSERT INTO cap.note VALUES (305, 5, 1);
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'of which there is another');

-- TRUNCATE.
TRUNCATE cap.page CASCADE;
SELECT is(pg_temp.both(), 'full 0; full 0', 'TRUNCATE CASCADE of a table that is referred to');
INSERT INTO cap.page VALUES (1, 'one');
INSERT INTO cap.note VALUES (1, 1, 1);
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'INSERT after it');
BEGIN;
TRUNCATE cap.note;
INSERT INTO cap.note VALUES (2, 1, 1);
ROLLBACK;
SELECT is(pg_temp.both(), 'none 0; none 0', 'TRUNCATE that is rolled back');

-- Keys of all lengths.
CREATE TABLE cap.word (word text, lang text, n numeric, at date);
SELECT steward.summary_create('cap.words', 'SELECT word, lang, n, count(*), max(at) FROM cap.word GROUP BY word, lang, n', '{word,lang,n}', mode => 'keyed', max_staleness => NULL) \g /dev/null
SELECT steward.summary_create('cap.long', $$SELECT md5(word) AS hash, count(*), min(length(word)) FROM cap.word WHERE word IS NOT NULL GROUP BY md5(word)$$, '{hash}', mode => 'keyed', max_staleness => NULL) \g /dev/null
INSERT INTO cap.word VALUES ('a', 'en', 1.0, '2026-01-01'), ('a', 'en', 1.00, '2026-01-02'), ('a', 'de', 1, '2026-01-01'), ('', '', 0, 'infinity');
SELECT is(pg_temp.refreshed('cap.words'), 'keyed 3', 'a key of three columns, in which 1.0 and 1.00 are one');
INSERT INTO cap.word SELECT string_agg(md5(g::text), '') FROM generate_series(1, 4000) AS g;
SELECT is(pg_temp.refreshed('cap.long'), 'keyed 3', 'an expression over a value that is stored apart');
DELETE FROM cap.word WHERE length(word) > 1000;
SELECT is(pg_temp.refreshed('cap.long'), 'keyed 1', 'which is deleted');
INSERT INTO cap.word SELECT repeat('long ', 1000), 'en', g FROM generate_series(1, 3) AS g;
SELECT is(pg_temp.refreshed('cap.words'), 'keyed 3', 'keys of five kilobytes that can be packed');

-- More keys than a transaction notes one by one.
CREATE TABLE cap.many (id integer, words integer);
INSERT INTO cap.many VALUES (1, 1);
SELECT steward.summary_create('cap.manies', 'SELECT id, sum(words) FROM cap.many WHERE id < 10 GROUP BY id', '{id}', mode => 'keyed', max_staleness => NULL) \g /dev/null
INSERT INTO cap.many SELECT g, 1 FROM generate_series(1, 1000001) AS g;
SELECT is((SELECT count(*) || ' ' || count(id) FROM cap.manies_changes), '1 0', 'a change that stands for all');
SELECT is(pg_temp.refreshed('cap.manies'), 'full 9', 'more than a million keys in a transaction');
SELECT steward.summary_drop('cap.manies') \g /dev/null
DROP TABLE cap.many;

-- Nobody needs a right to what is written down.
CREATE ROLE cap_writer;
GRANT USAGE ON SCHEMA cap TO cap_writer;
GRANT INSERT ON cap.note TO cap_writer;
SET ROLE cap_writer;
INSERT INTO cap.note (id, page, words) VALUES (10, 1, 10);
RESET ROLE;
SELECT is(pg_temp.both(), 'keyed 1; keyed 1', 'a writer who has no other right');
DROP OWNED BY cap_writer;
DROP ROLE cap_writer;

SELECT steward.summary_drop(s.name) FROM steward.summary AS s WHERE s.name LIKE 'cap.%';
SELECT is_empty($$SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 'steward_summary%' AND tgrelid::regclass::text LIKE 'cap.%'$$, 'no trigger stays');
SELECT is_empty($$SELECT FROM steward.summary_source WHERE name LIKE 'cap.%' UNION ALL SELECT FROM steward.summary_state WHERE name LIKE 'cap.%'$$, 'nor what was known of them');
DROP SCHEMA cap CASCADE;
SELECT * FROM finish();
