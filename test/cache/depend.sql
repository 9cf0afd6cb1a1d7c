-- Each kind of change has what depends on it not found any more, and nothing else.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA depend;
CREATE TABLE depend.page (id bigint PRIMARY KEY, note text);
CREATE TABLE depend.other (id bigint PRIMARY KEY, page bigint REFERENCES depend.page ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE depend.part (id bigint, day integer, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE depend.part_1 PARTITION OF depend.part FOR VALUES FROM (0) TO (10);
CREATE TABLE depend.part_2 PARTITION OF depend.part FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE depend.part_2_all PARTITION OF depend.part_2 DEFAULT;
CREATE TABLE depend.unwatched (id bigint);
CREATE MATERIALIZED VIEW depend.sums AS SELECT id, count(*) FROM depend.unwatched GROUP BY id;
CREATE UNIQUE INDEX ON depend.sums (id);
INSERT INTO depend.page SELECT g, 'note' FROM generate_series(1, 3) AS g;
INSERT INTO depend.other SELECT g, g FROM generate_series(1, 3) AS g;
INSERT INTO depend.part SELECT g, g FROM generate_series(1, 3) AS g;

-- One namespace for each of these; `page` depends on the rows of the key, `pages` on the whole table.
SELECT steward.cache_create('depend ' || name, kind => 'dependent') FROM unnest(ARRAY['page', 'pages', 'other', 'part', 'parts', 'leaf', 'sums', 'none']) AS name;
SELECT steward.cache_depend('depend page', 'depend.page', 'id');
SELECT steward.cache_depend('depend pages', 'depend.page');
SELECT steward.cache_depend('depend other', 'depend.other', 'id');
SELECT steward.cache_depend('depend part', 'depend.part', 'id');
SELECT steward.cache_depend('depend parts', 'depend.part');
SELECT steward.cache_depend('depend leaf', 'depend.part_1');
SELECT steward.cache_depend('depend sums', 'depend.sums');

CREATE FUNCTION depend.fill() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    ASSERT (SELECT bool_and(steward.cache_set(n.namespace, k::text, '1'))
            FROM steward.cache_namespace AS n, generate_series(1, 5) AS k WHERE n.namespace ~ '^depend '), 'everything can be stored';
END $$;
-- Which keys are lost, of which namespaces: (page 1 2) is 1 and 2 of `depend page`, a name alone all of them.
CREATE FUNCTION depend.lost() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(name || CASE WHEN keys = '1 2 3 4 5' THEN '' ELSE ' ' || keys END, ', ' ORDER BY name), 'nothing')
    FROM (SELECT substr(n.namespace, 8) AS name, string_agg(k::text, ' ' ORDER BY k) AS keys
          FROM steward.cache_namespace AS n, generate_series(1, 5) AS k
          WHERE n.namespace ~ '^depend ' AND NOT steward.cache_has(n.namespace, k::text) GROUP BY 1) AS lost
$$;
CREATE PROCEDURE depend.change(VARIADIC statements text[]) LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    PERFORM depend.fill();
    COMMIT;
    FOREACH statement IN ARRAY statements LOOP EXECUTE statement; END LOOP;
    COMMIT;
END $$;

-- Rows.
CALL depend.change('SELECT 1');
SELECT is(depend.lost(), 'nothing', 'everything is found after no change');
CALL depend.change('INSERT INTO depend.page VALUES (4)');
SELECT is(depend.lost(), 'page 4, pages', 'INSERT');
CALL depend.change('UPDATE depend.page SET note = ''other'' WHERE id = 4');
SELECT is(depend.lost(), 'page 4, pages', 'UPDATE');
CALL depend.change('UPDATE depend.page SET id = 5 WHERE id = 4');
SELECT is(depend.lost(), 'page 4 5, pages', 'UPDATE of the key column: that of before and of after');
CALL depend.change('DELETE FROM depend.page WHERE id = 5');
SELECT is(depend.lost(), 'page 5, pages', 'DELETE');
CALL depend.change('DELETE FROM depend.page WHERE id > 5');
SELECT is(depend.lost(), 'pages', 'a DELETE of no row');
CALL depend.change('INSERT INTO depend.page VALUES (1) ON CONFLICT DO NOTHING');
SELECT is(depend.lost(), 'pages', 'ON CONFLICT DO NOTHING');
CALL depend.change('INSERT INTO depend.page VALUES (1), (4) ON CONFLICT (id) DO UPDATE SET note = ''again''');
SELECT is(depend.lost(), 'page 1 4, pages', 'ON CONFLICT DO UPDATE');
CALL depend.change('MERGE INTO depend.page AS p USING (VALUES (1), (4), (5)) AS v (id) ON p.id = v.id
                    WHEN MATCHED AND v.id = 1 THEN UPDATE SET note = ''merged'' WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id)');
SELECT is(depend.lost(), 'page 1 4 5, pages', 'MERGE');
CALL depend.change('WITH gone AS (DELETE FROM depend.page WHERE id = 5 RETURNING id) SELECT * FROM gone');
SELECT is(depend.lost(), 'page 5, pages', 'a WITH that writes');
CALL depend.change($$COPY depend.page (id) FROM PROGRAM 'echo 4; echo 5'$$);
SELECT is(depend.lost(), 'page 4 5, pages', 'COPY');
CALL depend.change('DO $do$ BEGIN DELETE FROM depend.page WHERE id = 4; END $do$', 'PREPARE gone AS DELETE FROM depend.page WHERE id = $1', 'EXECUTE gone (5)', 'DEALLOCATE gone');
SELECT is(depend.lost(), 'page 4 5, pages', 'in DO, and by EXECUTE');
CALL depend.change('DELETE FROM depend.page WHERE id = 3');
SELECT is(depend.lost(), 'other 3, page 3, pages', 'a foreign key that cascades');
CALL depend.change('INSERT INTO depend.other VALUES (4, 1)');
SELECT is(depend.lost(), 'other 4', 'a foreign key that is looked up changes nothing');
CALL depend.change('DO $do$ BEGIN INSERT INTO depend.page VALUES (5); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $do$');
SELECT is(depend.lost(), 'page 5, pages', 'what a savepoint undoes is taken for a change');
BEGIN;
SELECT depend.fill();
COMMIT;
BEGIN;
INSERT INTO depend.page VALUES (5);
SELECT is(depend.lost(), 'page 5, pages', 'the transaction itself does not find what it has changed');
ROLLBACK;
SELECT is(depend.lost(), 'nothing', 'and all is found when it has rolled back');
CALL depend.change('CREATE TABLE depend.new_page AS SELECT 1 AS id', 'DROP TABLE depend.new_page');
SELECT is(depend.lost(), 'leaf, none, other, page, pages, part, parts, sums', 'DROP TABLE empties all');

-- Triggers that write, at once and at the end.
CREATE FUNCTION depend.copy_page() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO depend.page VALUES (new.id); RETURN NULL; END $$;
CREATE TRIGGER copies AFTER INSERT ON depend.unwatched FOR EACH ROW EXECUTE FUNCTION depend.copy_page();
CALL depend.change('INSERT INTO depend.unwatched VALUES (4)');
SELECT is(depend.lost(), 'page 4, pages', 'a trigger that writes');
DROP TRIGGER copies ON depend.unwatched;
CREATE CONSTRAINT TRIGGER copies AFTER INSERT ON depend.unwatched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION depend.copy_page();
CALL depend.change('INSERT INTO depend.unwatched VALUES (5)');
SELECT is(depend.lost(), 'page 5, pages', 'a trigger that writes when the transaction ends');
DROP TRIGGER copies ON depend.unwatched;

-- Whole tables.
CALL depend.change('TRUNCATE depend.other');
SELECT is(depend.lost(), 'other', 'TRUNCATE');
CALL depend.change('TRUNCATE depend.page CASCADE');
SELECT is(depend.lost(), 'leaf, none, other, page, pages, part, parts, sums', 'TRUNCATE CASCADE');
CALL depend.change('TRUNCATE depend.other, depend.page');
SELECT is(depend.lost(), 'other, page, pages', 'TRUNCATE of two tables');
CALL depend.change('REFRESH MATERIALIZED VIEW depend.sums');
SELECT is(depend.lost(), 'sums', 'REFRESH MATERIALIZED VIEW');
INSERT INTO depend.unwatched VALUES (6);
CALL depend.change('REFRESH MATERIALIZED VIEW CONCURRENTLY depend.sums');
SELECT is(depend.lost(), 'sums', 'and CONCURRENTLY');

-- Partitions.
CALL depend.change('INSERT INTO depend.part VALUES (4, 4)');
SELECT is(depend.lost(), 'leaf, part 4, parts', 'a row that goes into a partition');
CALL depend.change('INSERT INTO depend.part VALUES (5, 15)');
SELECT is(depend.lost(), 'part 5, parts', 'and into one of a partition');
CALL depend.change('INSERT INTO depend.part_2_all VALUES (4, 14)');
SELECT is(depend.lost(), 'part 4, parts', 'a row that is written to a partition');
CALL depend.change('UPDATE depend.part SET day = 16, id = 1 WHERE id = 4 AND day = 4');
SELECT is(depend.lost(), 'leaf, part 1 4, parts', 'a row that changes its partition');
CALL depend.change($$COPY depend.part FROM PROGRAM 'printf "2\t12\n"'$$);
SELECT is(depend.lost(), 'leaf, part 2, parts', 'COPY to a partitioned table, and nobody knows to which partition');
CALL depend.change($$COPY depend.part_1 FROM PROGRAM 'printf "3\t9\n"'$$);
SELECT is(depend.lost(), 'leaf, part 3, parts', 'COPY to a partition');
CALL depend.change('DELETE FROM depend.part_2');
SELECT is(depend.lost(), 'part 1 2 4 5, parts', 'DELETE from a partition that has partitions');
CALL depend.change('TRUNCATE depend.part_1');
SELECT is(depend.lost(), 'leaf, part, parts', 'TRUNCATE of a partition');
CALL depend.change('TRUNCATE depend.part');
SELECT is(depend.lost(), 'leaf, part, parts', 'TRUNCATE of a partitioned table');
CALL depend.change('CREATE TABLE depend.part_3 PARTITION OF depend.part FOR VALUES FROM (20) TO (30)');
SELECT is(depend.lost(), 'nothing', 'a partition that is new is empty');
CALL depend.change('INSERT INTO depend.part VALUES (4, 24)');
SELECT is(depend.lost(), 'part 4, parts', 'and watched as the others are');
CALL depend.change('ALTER TABLE depend.part DETACH PARTITION depend.part_3');
SELECT is(depend.lost(), 'leaf, none, other, page, pages, part, parts, sums', 'DETACH PARTITION');
CALL depend.change('INSERT INTO depend.part_3 VALUES (5, 25)');
SELECT is(depend.lost(), 'nothing', 'what is detached is another table');
CALL depend.change('ALTER TABLE depend.part ATTACH PARTITION depend.part_3 FOR VALUES FROM (20) TO (30)');
SELECT is(depend.lost(), 'leaf, none, other, page, pages, part, parts, sums', 'ATTACH PARTITION');
CALL depend.change('INSERT INTO depend.part_3 VALUES (1, 21)');
SELECT is(depend.lost(), 'part 1, parts', 'what is attached is a part again');
CALL depend.change('DROP TABLE depend.part_3');
SELECT is(depend.lost(), 'leaf, none, other, page, pages, part, parts, sums', 'DROP of a partition');

-- Definitions and rights.
CREATE VIEW depend.shown AS SELECT id FROM depend.page;
CREATE ROLE depend_reader;
CREATE TEMPORARY TABLE tried (number integer GENERATED ALWAYS AS IDENTITY, statement text, lost text);
CREATE PROCEDURE depend.try(VARIADIC statements text[]) LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        CALL depend.change(statement);
        INSERT INTO pg_temp.tried (statement, lost) VALUES (statement, depend.lost());
        COMMIT;
    END LOOP;
END $$;
CALL depend.try(
    'ALTER TABLE depend.page ALTER note TYPE varchar', 'ALTER TABLE depend.unwatched ADD note text', 'ALTER TABLE depend.unwatched RENAME TO unheard',
    'CREATE OR REPLACE FUNCTION depend.f() RETURNS integer LANGUAGE sql AS ''SELECT 1''', 'ALTER FUNCTION depend.f() STABLE', 'DROP FUNCTION depend.f()',
    'CREATE OR REPLACE VIEW depend.shown AS SELECT id FROM depend.page WHERE id > 1', 'DROP VIEW depend.shown',
    'ALTER TABLE depend.unheard ENABLE ROW LEVEL SECURITY', 'CREATE POLICY p ON depend.unheard USING (true)',
    'ALTER POLICY p ON depend.unheard USING (false)', 'DROP POLICY p ON depend.unheard',
    'GRANT SELECT ON depend.page TO depend_reader', 'REVOKE SELECT ON depend.page FROM depend_reader',
    'GRANT steward_reader TO depend_reader', 'REVOKE steward_reader FROM depend_reader', 'ALTER ROLE depend_reader BYPASSRLS', 'DROP ROLE depend_reader',
    'CREATE RULE r AS ON INSERT TO depend.unheard DO INSTEAD NOTHING', 'DROP RULE r ON depend.unheard', 'ALTER TABLE depend.unheard RENAME TO unwatched');
SELECT is(lost, 'leaf, none, other, page, pages, part, parts, sums', statement) FROM tried ORDER BY number;

-- What changes nothing that anybody has computed.
TRUNCATE tried;
CALL depend.try('SELECT count(*) FROM depend.page', 'SELECT 1 FROM depend.page FOR UPDATE', 'CREATE TEMPORARY TABLE scratch (id integer)',
    'INSERT INTO scratch VALUES (1)', 'TRUNCATE scratch', 'DROP TABLE scratch', 'CREATE INDEX unwatched_id ON depend.unwatched (id)',
    'INSERT INTO depend.unwatched VALUES (1)', 'UPDATE depend.unwatched SET id = 2', 'COPY depend.page TO PROGRAM ''cat >/dev/null''',
    'COPY depend.unwatched (id) FROM PROGRAM ''echo 1''', 'TRUNCATE depend.unwatched', 'ANALYZE depend.page', 'LOCK TABLE depend.page',
    'CREATE TABLE depend.fresh (id integer)', 'CREATE SEQUENCE depend.numbers', 'SELECT nextval(''depend.numbers'')',
    'COMMENT ON TABLE depend.page IS ''pages''', 'SET LOCAL work_mem = ''1MB''', 'REINDEX TABLE depend.page', 'EXPLAIN DELETE FROM depend.page',
    'NOTIFY something');
SELECT is(lost, 'nothing', statement) FROM tried ORDER BY number;
SELECT depend.fill();
VACUUM depend.page;
CREATE INDEX CONCURRENTLY ON depend.page (note);
SELECT is(depend.lost(), 'nothing', 'VACUUM, CREATE INDEX CONCURRENTLY');

-- New names that hide others, and children that inherit, change what is read.
CREATE SCHEMA depend_first;
TRUNCATE tried;
CALL depend.try('CREATE TABLE depend_first.page (id bigint)', 'CREATE TABLE depend_first.other AS SELECT 1', 'CREATE TABLE depend.child () INHERITS (depend.unwatched)');
SELECT is(lost, 'leaf, none, other, page, pages, part, parts, sums', statement) FROM tried ORDER BY number;

-- Tags, in both kinds of namespaces.
SELECT steward.cache_create('depend pure');
CREATE FUNCTION depend.found() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT 'pure ' || string_agg(k, '') FROM unnest(ARRAY['a', 'b', 'c']) AS k WHERE steward.cache_has('depend pure', k)),
                     (SELECT 'dependent ' || string_agg(k, '') FROM unnest(ARRAY['a', 'b', 'c']) AS k WHERE steward.cache_has('depend none', k)))
$$;
CREATE FUNCTION depend.tag() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM steward.cache_set(n, 'a', '1', tags => ARRAY['data set 1']), steward.cache_set_text(n, 'b', '1', tags => ARRAY['data set 10', 'model 1', NULL]),
            steward.cache_set_bytes_many(n, ARRAY['c'], ARRAY['1']::bytea[], tags => ARRAY['model 1', 'model 1', 'data set 1'])
    FROM unnest(ARRAY['depend pure', 'depend none']) AS n;
END $$;
SELECT depend.tag();
SELECT is(depend.found(), 'pure abc dependent abc', 'what was stored with tags is found');
SELECT steward.cache_invalidate_tag('data set 2');
SELECT is(depend.found(), 'pure abc dependent abc', 'another tag');
SELECT steward.cache_invalidate_tag('data set 1');
SELECT is(depend.found(), 'pure b dependent b', 'data set 1 is not data set 10');
SELECT depend.tag();
SELECT steward.cache_invalidate_tag('model 1');
SELECT is(depend.found(), 'pure a dependent a', 'one of many tags');
SELECT depend.tag();
BEGIN;
SELECT steward.cache_invalidate_tag('model 1');
SELECT is((SELECT string_agg(k, '') FROM unnest(ARRAY['a', 'b', 'c']) AS k WHERE steward.cache_has('depend none', k)), 'a', 'the transaction itself knows before it commits');
ROLLBACK;
SELECT is(depend.found(), 'pure abc dependent abc', 'nothing has come of what was rolled back');
SELECT steward.cache_invalidate_tag(NULL);
SELECT is(depend.found(), 'pure abc dependent abc', 'no tag, no change');
SELECT ok(steward.cache_set('depend pure', 'most', '1', tags => (SELECT array_agg(g::text) FROM generate_series(1, 16) AS g)), 'sixteen tags');
SELECT throws_ok($$SELECT steward.cache_set('depend pure', 'most', '1', tags => (SELECT array_agg(g::text) FROM generate_series(1, 40) AS g))$$, '54000', 'too many tags');
SELECT throws_ok($$SELECT steward.cache_set('depend pages', 'most', '1', tags => (SELECT array_agg(g::text) FROM generate_series(1, 40) AS g))$$, '54000', 'too many tags',
                 'also beside tables');

-- What cannot be depended on.
CREATE VIEW depend.seen AS SELECT 1 AS id;
CREATE TEMPORARY TABLE passing (id integer);
CREATE FUNCTION pg_temp.depends(relation text, key_column text DEFAULT NULL, namespace text DEFAULT 'depend none') RETURNS void LANGUAGE sql AS
    'SELECT steward.cache_depend(namespace, relation::regclass, key_column)';
SELECT throws_ok($$SELECT pg_temp.depends('depend.seen')$$, '42809', NULL, 'a view');
SELECT throws_ok($$SELECT pg_temp.depends('passing')$$, '42809', NULL, 'a temporary table');
SELECT throws_ok($$SELECT pg_temp.depends('depend.numbers')$$, '42809', NULL, 'a sequence');
SELECT throws_ok($$SELECT pg_temp.depends('depend.unwatched')$$, '0A000', NULL, 'a table that others inherit from');
SELECT throws_ok($$SELECT pg_temp.depends('depend.page', 'none')$$, '42703', NULL, 'a column that is not there');
SELECT throws_ok($$SELECT pg_temp.depends('depend.page', NULL, 'depend pure')$$, '42809', NULL, 'a pure namespace');
SELECT throws_ok($$SELECT pg_temp.depends('depend.page', NULL, 'none')$$, '42704', NULL, 'a namespace that is not there');
SELECT throws_ok($$SELECT steward.cache_undepend('depend none', 'depend.page')$$, '42704', NULL, 'what does not depend');
CREATE ROLE depend_writer IN ROLE steward_writer;
GRANT USAGE ON SCHEMA depend, tap TO depend_writer;
SET ROLE depend_writer;
SELECT throws_ok($$SELECT steward.cache_depend('depend none', 'depend.page')$$, '42501', NULL, 'a table that one may not read');
SELECT steward.cache_create('depend of writer', kind => 'dependent');
SELECT throws_ok($$SELECT steward.cache_depend('depend of writer', 'depend.page')$$, '42501', NULL, 'also for a namespace of one''s own');
RESET ROLE;
GRANT SELECT ON depend.page, depend.fresh TO depend_writer;
SET ROLE depend_writer;
SELECT throws_ok($$SELECT steward.cache_depend('depend none', 'depend.page')$$, '42501', NULL, 'a namespace of somebody else');
SELECT lives_ok($$SELECT steward.cache_depend('depend of writer', 'depend.page')$$, 'a namespace of one''s own, and a table that one may read');
SELECT throws_ok($$SELECT steward.cache_depend('depend of writer', 'depend.fresh', 'id')$$, '42501', NULL, 'a trigger needs the right to make one');
RESET ROLE;

-- What depends in another way is what was computed by other rules.
SELECT depend.fill();
SELECT steward.cache_depend('depend none', 'depend.other');
SELECT is(depend.lost(), 'none', 'a dependency that is new');
CALL depend.change('INSERT INTO depend.other SELECT 1, id FROM depend.page LIMIT 0');
SELECT is(depend.lost(), 'none', 'it works at once');
SELECT depend.fill();
SELECT steward.cache_undepend('depend none', 'depend.other');
SELECT is(depend.lost(), 'none', 'a dependency that ends');
CALL depend.change('INSERT INTO depend.other SELECT 1, id FROM depend.page LIMIT 0');
SELECT is(depend.lost(), 'nothing', 'and is none any more');
SELECT is(steward_triggers, 'steward_cache_id', 'the trigger that two namespaces need') FROM (SELECT string_agg(tgname, ' ') AS steward_triggers FROM pg_trigger WHERE tgrelid = 'depend.other'::regclass AND tgname ~ '^steward') AS t;
SELECT steward.cache_depend('depend none', 'depend.other', 'id');
SELECT steward.cache_drop('depend other');
SELECT isnt_empty($$SELECT FROM pg_trigger WHERE tgrelid = 'depend.other'::regclass AND tgname = 'steward_cache_id'$$, 'stays for the other one');
SELECT steward.cache_undepend('depend none', 'depend.other');
SELECT is_empty($$SELECT FROM pg_trigger WHERE tgrelid = 'depend.other'::regclass AND tgname ~ '^steward'$$, 'and goes with the last of them');
SELECT throws_ok('SELECT steward.cache_row_changed()', '39P01', NULL, 'a trigger is no function');
ALTER TABLE depend.page RENAME id TO number;
SELECT throws_ok('INSERT INTO depend.page VALUES (77)', '42703', 'column "id" does not exist', 'a key column that is gone is not passed over in silence');
ALTER TABLE depend.page RENAME number TO id;

-- Keys of types that are not written alike in all sessions, or as a cast writes them.
CREATE TABLE depend.typed (day date, is_open boolean, code char(5));
CREATE TABLE depend.plain (number numeric, word varchar);
INSERT INTO depend.typed VALUES ('2026-01-31', true, 'a');
INSERT INTO depend.plain VALUES (1.50, 'one'), (2, 'two');
SELECT steward.cache_create('depend typed ' || attname, kind => 'dependent'), steward.cache_depend('depend typed ' || attname, attrelid, attname)
FROM pg_attribute WHERE attrelid IN ('depend.typed'::regclass, 'depend.plain'::regclass) AND attnum > 0;
CREATE FUNCTION depend.typed() RETURNS TABLE (name text, key text) LANGUAGE sql AS $$
    SELECT 'depend typed ' || v.name, v.key
    FROM (VALUES ('day', '2026-01-31'), ('is_open', 'true'), ('code', 'a'), ('number', '1.50'), ('number', '2'), ('word', 'one'), ('word', 'two')) AS v (name, key)
$$;
SELECT steward.cache_set(name, key, '1') FROM depend.typed();
SET datestyle = 'German';
SET session_replication_role = replica;
UPDATE depend.typed SET code = code;
UPDATE depend.plain SET word = word WHERE number = 1.5;
RESET session_replication_role;
RESET datestyle;
SELECT is(string_agg(substr(name, 14) || ' ' || key, ', ' ORDER BY name, key), 'number 2, word two', 'what is left beside rows that have changed')
FROM depend.typed() WHERE steward.cache_has(name, key);

SELECT steward.cache_drop(namespace) FROM steward.cache_namespace WHERE namespace ~ '^depend ';
SELECT * FROM finish();
DROP SCHEMA depend, depend_first CASCADE;
DROP OWNED BY depend_writer;
DROP ROLE depend_writer;
