-- Indexes of vectors over rows of unusual kinds: many that are equal, kept apart or compressed, in partitions; made with little
-- memory; scanned again for each row of another table, and backwards.
\set ON_ERROR_STOP 1
BEGIN;
SET LOCAL search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE SCHEMA ir;
SET LOCAL client_min_messages = warning;
CREATE FUNCTION ir.vector(i integer, dimensions integer) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg((sin(i % 40 * 7.3 + d * 1.7) + (hashint8(i::bigint * 7919 + d) / 2147483648.0) * 0.8)::real ORDER BY d) FROM generate_series(1, dimensions) AS d $$;
CREATE FUNCTION ir.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || ' '; END LOOP; RETURN plan; END $$;

-- Three vectors, a thousand times each: the index is made of them, and comes to have more of them.
CREATE TABLE ir.same (id integer PRIMARY KEY, e real[]);
INSERT INTO ir.same SELECT i, ir.vector(i % 3, 16) FROM generate_series(1, 3000) AS i;
CREATE INDEX same_e ON ir.same USING steward_ivf (e);
INSERT INTO ir.same SELECT i, ir.vector(i % 3, 16) FROM generate_series(3001, 3600) AS i;
SET LOCAL enable_sort = off;
SET LOCAL enable_seqscan = off;
SELECT is((SELECT array_agg(DISTINCT id % 3) || count(*)::integer FROM (SELECT id FROM ir.same ORDER BY e <=> ir.vector(1, 16) LIMIT 10) AS s), '{1,10}', 'ten of those that are equal');
SELECT is((SELECT array_agg(DISTINCT id % 3) || count(*)::integer FROM (SELECT id FROM ir.same ORDER BY e <=> ir.vector(2, 16) LIMIT 1200) AS s), '{2,1200}', 'all that are equal');
SELECT is((SELECT count(DISTINCT id) FROM (SELECT id FROM ir.same ORDER BY e <=> ir.vector(0, 16) LIMIT 3600) AS s), 3600::bigint, 'every row once');
SELECT is((SELECT string_agg(problem, '; ') FROM ivf_check('ir.same_e')), NULL, 'it is whole');
CREATE TABLE ir.one (id integer, e real[]);
INSERT INTO ir.one SELECT i, '{1,2,3}' FROM generate_series(1, 5000) AS i;
CREATE INDEX one_e ON ir.one USING steward_ivf (e steward.l2_ops) WITH (lists = 50);
SELECT is((SELECT count(DISTINCT id) FROM (SELECT id FROM ir.one ORDER BY e <-> '{1,2,3}' LIMIT 5000) AS s), 5000::bigint, 'one vector alone, and more lists than that');

-- Less memory than the vectors take: what is sorted goes to files.
SET LOCAL maintenance_work_mem = '1MB';
CREATE TABLE ir.many (id integer PRIMARY KEY, e real[]);
INSERT INTO ir.many SELECT i, ir.vector(i, 48) FROM generate_series(1, 12000) AS i;
CREATE INDEX many_e ON ir.many USING steward_ivf (e);
SELECT is((SELECT string_agg(problem, '; ') FROM ivf_check('ir.many_e')), NULL, 'made with little memory it is whole');
CREATE FUNCTION ir.recall(relation text, dimensions integer) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE found integer[]; exact integer[]; hits integer := 0;
BEGIN
    FOR i IN 1 .. 30 LOOP
        EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM %s ORDER BY e OPERATOR(steward.<=>) $1 LIMIT 10) AS s', relation) INTO found USING ir.vector(700000 + i, dimensions);
        EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM %s ORDER BY (e OPERATOR(steward.<=>) $1) OPERATOR(pg_catalog.+) 0 LIMIT 10) AS s', relation) INTO exact USING ir.vector(700000 + i, dimensions);
        hits := hits + cardinality(ARRAY(SELECT unnest(found) INTERSECT SELECT unnest(exact)));
    END LOOP;
    RETURN hits / 300.0;
END $$;
SELECT cmp_ok(ir.recall('ir.many', 48), '>=', 0.88, 'and finds as much');
RESET maintenance_work_mem;

-- Kept in the row, apart, and compressed, whether they were there before the index or came later.
CREATE TABLE ir.kept (storage text PRIMARY KEY, recall numeric);
DO $$
DECLARE storage text;
BEGIN
    FOREACH storage IN ARRAY ARRAY['plain', 'main', 'external', 'extended'] LOOP
        DROP TABLE IF EXISTS ir.item;
        CREATE TABLE ir.item (id integer PRIMARY KEY, e real[]);
        EXECUTE format('ALTER TABLE ir.item ALTER e SET STORAGE %s', storage);
        -- Compressible: half of each vector is zeros.
        INSERT INTO ir.item SELECT i, ir.vector(i, 400) || array_fill(0::real, '{400}') FROM generate_series(1, 300) AS i;
        CREATE INDEX item_e ON ir.item USING steward_ivf (e) WITH (lists = 4);
        INSERT INTO ir.item SELECT i, ir.vector(i, 400) || array_fill(0::real, '{400}') FROM generate_series(301, 500) AS i;
        INSERT INTO ir.kept SELECT storage, ir.recall('(SELECT id, e FROM ir.item) AS i', 800);
    END LOOP;
END $$;
SELECT is((SELECT array_agg(storage ORDER BY storage) FROM ir.kept WHERE recall >= 0.9), '{extended,external,main,plain}', 'vectors in the row, apart, compressed');

-- In partitions, each with an index of its own.
CREATE TABLE ir.parted (id integer, part integer, e real[]) PARTITION BY LIST (part);
CREATE TABLE ir.parted_0 PARTITION OF ir.parted FOR VALUES IN (0);
CREATE TABLE ir.parted_1 PARTITION OF ir.parted FOR VALUES IN (1);
CREATE INDEX parted_e ON ir.parted USING steward_ivf (e);
CREATE TABLE ir.parted_2 PARTITION OF ir.parted FOR VALUES IN (2);
INSERT INTO ir.parted SELECT i, i % 3, ir.vector(i, 16) FROM generate_series(1, 3000) AS i;
ANALYZE ir.parted;
SELECT alike(ir.plan($$SELECT id FROM ir.parted ORDER BY e <=> ir.vector(9, 16) LIMIT 10$$), '%Merge Append%Index Scan using parted_0_e_idx%parted_1_e_idx%parted_2_e_idx%', 'partitions are merged');
SELECT cmp_ok(ir.recall('ir.parted', 16), '>=', 0.95, 'the nearest of all partitions');
DROP TABLE ir.parted_1;
SELECT is((SELECT count(*) FROM (SELECT id FROM ir.parted ORDER BY e <=> ir.vector(9, 16) LIMIT 3000) AS s), 2000::bigint, 'one partition less');

-- Scanned again for each row, and by a cursor that goes back.
SELECT is((SELECT count(*) FROM generate_series(1, 200) AS i, LATERAL (SELECT id FROM ir.many AS m ORDER BY m.e <=> ir.vector(i, 48) LIMIT 3) AS s WHERE s.id = i), 200::bigint, 'each row finds itself');
DECLARE back SCROLL CURSOR FOR SELECT id FROM ir.many ORDER BY e <=> ir.vector(5, 48) LIMIT 20;
MOVE 10 FROM back;
SELECT is((SELECT count(*) FROM pg_cursors WHERE name = 'back'), 1::bigint, 'a cursor');
CREATE FUNCTION ir.fetched(step text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE c refcursor := 'back'; id integer;
BEGIN IF step = 'next' THEN FETCH NEXT FROM c INTO id; ELSE FETCH PRIOR FROM c INTO id; END IF; RETURN id; END $$;
CREATE TABLE ir.steps AS SELECT ir.fetched('next') AS eleventh;
SELECT isnt(ir.fetched('next'), (SELECT eleventh FROM ir.steps), 'the next row is another one');
SELECT is(ir.fetched('prior'), (SELECT eleventh FROM ir.steps), 'and back is the one before');
SELECT * FROM finish();
ROLLBACK;
