-- Indexes of vectors, beside exact answers: every distance, width and change; what is wrong with a vector.
\set ON_ERROR_STOP 1
BEGIN;
SET LOCAL search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE SCHEMA iv;

-- Distances.
SELECT is('{3,4}'::real[] <-> '{0,0}', 5::float8, 'the length of a difference');
SELECT is('{1,2,3}'::real[] <#> '{4,5,6}', -32::float8, 'a product, negative');
SELECT is(round(('{1,0}'::real[] <=> '{1,1}')::numeric, 6), 0.292893, '1 less a cosine');
SELECT is('{1,2}'::real[] <=> '{-2,-4}', 2::float8, 'the other way round');
SELECT is('{1,2}'::real[] <=> '{0,0}', 'NaN'::float8, 'nothing has no direction');
SELECT throws_ok($$SELECT '{1,2}'::real[] <=> '{1}'$$, '22000', 'vectors must have the same number of dimensions', 'other dimensions');
SELECT throws_ok($$SELECT '{1,NULL}'::real[] <-> '{1,2}'$$, '22004', 'a vector must not contain nulls', 'a null');
SELECT throws_ok($$SELECT '{{1,2}}'::real[] <-> '{1,2}'$$, '2202E', 'a vector must be a one-dimensional array', 'two rows');
SELECT throws_ok($$SELECT '{}'::real[] <-> '{}'$$, '22000', 'a vector must have at least one dimension', 'none');

-- Vectors around some middles, the same each time.
CREATE FUNCTION iv.vector(i integer, dimensions integer) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg((sin(i % 40 * 7.3 + d * 1.7) + (hashint4(i * 7919 + d) / 2147483648.0) * 0.8)::real ORDER BY d) FROM generate_series(1, dimensions) AS d $$;
-- The share of the nearest `k` of 20 queries that a scan of the index finds; it fails where no index is used.
CREATE FUNCTION iv.recall(operator text, dimensions integer, k integer DEFAULT 10, "where" text DEFAULT 'true', "table" text DEFAULT 'iv.item') RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    query text := format('SELECT array_agg(id) FROM (SELECT id FROM %s WHERE %s ORDER BY e OPERATOR(steward.%s) $1 LIMIT %s) AS s', "table", "where", operator, k);
    line text;
    plan text := '';
    found integer[];
    exact integer[];
    hits integer := 0;
    wanted integer := 0;
BEGIN
    PERFORM set_config('enable_sort', 'off', true);
    FOR line IN EXECUTE 'EXPLAIN ' || query USING iv.vector(0, dimensions) LOOP
        plan := plan || line || E'\n';
    END LOOP;
    IF plan !~ 'Index Scan using iv_' THEN
        RAISE EXCEPTION 'no index: %', plan;
    END IF;
    FOR i IN 1 .. 20 LOOP
        PERFORM set_config('enable_sort', 'off', true), set_config('enable_indexscan', 'on', true);
        EXECUTE query INTO found USING iv.vector(100000 + i, dimensions);
        PERFORM set_config('enable_sort', 'on', true), set_config('enable_indexscan', 'off', true);
        EXECUTE query INTO exact USING iv.vector(100000 + i, dimensions);
        hits := hits + cardinality(ARRAY(SELECT unnest(found) INTERSECT SELECT unnest(exact)));
        wanted := wanted + cardinality(exact);
        IF cardinality(found) <> cardinality(exact) THEN
            RAISE EXCEPTION '% rows instead of %', cardinality(found), cardinality(exact);
        END IF;
    END LOOP;
    PERFORM set_config('enable_indexscan', 'on', true);
    RETURN round(hits / wanted::numeric, 3);
END $$;
CREATE FUNCTION iv.make(dimensions integer, rows integer, class text, options text DEFAULT 'lists = 0') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS iv.item;
    CREATE TABLE iv.item (id integer PRIMARY KEY, e real[], kind integer);
    INSERT INTO iv.item SELECT i, iv.vector(i, dimensions), i % 100 FROM generate_series(1, rows) AS i;
    EXECUTE format('CREATE INDEX iv_e ON iv.item USING steward_ivf (e steward.%I) WITH (%s)', class, options);
END $$;
SET LOCAL client_min_messages = warning;

-- Each distance, and few or many lists.
SELECT iv.make(24, 4000, 'cosine_ops') \g /dev/null
SELECT cmp_ok(iv.recall('<=>', 24), '>=', 0.9, 'cosine');
SET LOCAL steward.target_recall = 0.8;
SELECT cmp_ok(iv.recall('<=>', 24), '<', 0.93, 'fewer are asked for');
SET LOCAL steward.target_recall = 1;
SELECT cmp_ok(iv.recall('<=>', 24), '>=', 0.99, 'all of them');
RESET steward.target_recall;
SET LOCAL steward.probes = 1;
SELECT cmp_ok(iv.recall('<=>', 24), '<', 1.0, 'one list alone has not all');
RESET steward.probes;
SELECT is(iv.recall('<=>', 24, 4000), 1.000, 'every row, if all are asked for');
SELECT cmp_ok(iv.recall('<=>', 24, 10, 'kind = 7'), '>=', 0.94, 'one of a hundred rows: all that are wanted');
SELECT is(iv.recall('<=>', 24, 100, 'kind = 7'), 1.000, 'and all that there are');
SET LOCAL steward.iterative_scan = off;
SELECT throws_ok($$SELECT iv.recall('<=>', 24, 10, 'kind = 7')$$, 'P0001', NULL, 'unless a scan may not go on');
RESET steward.iterative_scan;
SELECT iv.make(24, 4000, 'l2_ops', 'lists = 60') \g /dev/null
SELECT cmp_ok(iv.recall('<->', 24), '>=', 0.9, 'length of the difference');
SELECT iv.make(24, 4000, 'inner_product_ops', 'lists = 10, bits = 8') \g /dev/null
SELECT cmp_ok(iv.recall('<#>', 24), '>=', 0.9, 'inner product, with 8 bits');
SELECT is((SELECT array_agg(d ORDER BY n) FROM (SELECT n, d FROM (SELECT row_number() OVER () AS n, e <#> iv.vector(5, 24) AS d FROM iv.item ORDER BY e <#> iv.vector(5, 24) LIMIT 30) AS s) AS t),
          (SELECT array_agg(d ORDER BY d) FROM (SELECT e <#> iv.vector(5, 24) AS d FROM iv.item ORDER BY e <#> iv.vector(5, 24) LIMIT 30) AS s), 'in their order');

-- Codes of one bit, and codebooks, look up more rows.
SELECT iv.make(24, 4000, 'cosine_ops', 'bits = 1') \g /dev/null
SELECT cmp_ok(iv.recall('<=>', 24), '>=', 0.9, 'one bit');
SELECT is((SELECT bits FROM ivf_stats('iv.iv_e')), 1, 'is what it has');
SELECT iv.make(24, 4000, 'l2_ops', 'bits = 1') \g /dev/null
SELECT cmp_ok(iv.recall('<->', 24), '>=', 0.9, 'one bit, and lengths');
CREATE TABLE iv.sizes AS SELECT pg_relation_size('iv.iv_e') AS one_bit;
SELECT lives_ok($$SELECT vector_rebuild('iv.iv_e', lists => 100, quantizer => 'pq', m => 16, nbits => 8)$$, 'a codebook, 100 lists, 16 parts of 8 bits');
SELECT is((SELECT reloptions FROM pg_class WHERE oid = 'iv.iv_e'::regclass), '{bits=1,lists=100,quantizer=pq,m=16,nbits=8}', 'are its options');
SELECT is((SELECT lists FROM ivf_stats('iv.iv_e')), 100, 'and what it has');
SELECT cmp_ok(iv.recall('<->', 24), '>=', 0.9, 'by a codebook');
INSERT INTO iv.item SELECT i, iv.vector(i, 24), i % 100 FROM generate_series(4001, 5000) AS i;
SELECT is((SELECT vectors FROM ivf_stats('iv.iv_e')), 5000::bigint, 'a batch of 1,000');
SELECT cmp_ok(iv.recall('<->', 24), '>=', 0.88, 'is found');
SELECT is(iv.recall('<->', 24, 5000), 1.000, 'and every row');
SELECT lives_ok($$SELECT vector_rebuild('iv.iv_e', lists => 0, quantizer => 'scalar', bits => 8)$$, 'as it was, but with 8 bits');
SELECT results_eq($$SELECT lists, bits FROM ivf_stats('iv.iv_e')$$, 'VALUES (31, 8)', 'as many lists as suit the rows');
SELECT cmp_ok(iv.recall('<->', 24), '>=', 0.9, 'again');
SELECT cmp_ok((SELECT one_bit FROM iv.sizes), '<', (SELECT pg_relation_size('iv.iv_e')), 'more bits take more room');
SELECT throws_ok($$SELECT vector_rebuild('iv.iv_e', nbits => 9)$$, '22023', NULL, 'more bits than a byte has');
SELECT throws_ok($$SELECT vector_rebuild('iv.iv_e', quantizer => 'none')$$, '22023', NULL, 'no such quantizer');
SELECT throws_ok($$SELECT vector_rebuild('iv.item_pkey')$$, '42809', 'iv.item_pkey is not a steward_ivf index', 'an index of another kind');
SELECT throws_ok($$SELECT vector_rebuild(NULL)$$, '42809', NULL, 'no index');
SELECT iv.make(100, 600, 'cosine_ops', 'quantizer = pq, m = 300') \g /dev/null
SELECT cmp_ok(iv.recall('<=>', 100), '>=', 0.9, 'no more parts than dimensions');
SELECT iv.make(9000, 30, 'l2_ops', 'bits = 1, lists = 2') \g /dev/null
INSERT INTO iv.item SELECT i, iv.vector(i, 9000), 0 FROM generate_series(31, 60) AS i;
SELECT is(iv.recall('<->', 9000, 5), 1.000, 'one bit over more than a page');
SELECT iv.make(3000, 30, 'cosine_ops', 'quantizer = pq, m = 1000, nbits = 4') \g /dev/null
INSERT INTO iv.item SELECT i, iv.vector(i, 3000), 0 FROM generate_series(31, 60) AS i;
SELECT is(iv.recall('<=>', 3000, 5), 1.000, 'a thousand parts too');
SELECT iv.make(24, 4000, 'inner_product_ops', 'lists = 10, bits = 8') \g /dev/null

-- Strictly in order, however many.
SET LOCAL steward.iterative_scan = strict;
SET LOCAL enable_sort = off;
SELECT is((SELECT count(*) FROM (SELECT d, lag(d) OVER () AS before FROM (SELECT e <#> iv.vector(9, 24) AS d FROM iv.item ORDER BY e <#> iv.vector(9, 24) LIMIT 500) AS s) AS t WHERE d < before), 0::bigint, 'strictly');
RESET enable_sort;
RESET steward.iterative_scan;

-- As long as floats can be.
SELECT cmp_ok(abs(('{3e30,4e30}'::real[] <-> '{0,0}') / 5e30 - 1), '<', 1e-6::float8, 'longer than the square of a float');
SELECT cmp_ok(abs(('{3e30,4e30}'::real[] <#> '{3e30,4e30}') / -25e60 - 1), '<', 1e-6::float8, 'a product of such');
SELECT throws_ok($$INSERT INTO iv.item VALUES (0, array_fill(1e30::real, ARRAY[24]), 0)$$, '22003', 'a vector is too long for index "iv_e"', 'an index does not take it');
SELECT throws_ok($$SET LOCAL enable_sort = off; SELECT id FROM iv.item ORDER BY e <#> array_fill(1e30::real, ARRAY[24]) LIMIT 1$$, '22003', NULL, 'nor looks for it');
SELECT iv.make(24, 200, 'cosine_ops') \g /dev/null
SELECT lives_ok($$INSERT INTO iv.item VALUES (0, array_fill(1e30::real, ARRAY[24]), 0)$$, 'unless its direction alone counts');
RESET enable_sort;

-- Widths: of one dimension, of part of a group, of more than a page.
SELECT iv.make(1, 500, 'l2_ops') \g /dev/null
SELECT cmp_ok(iv.recall('<->', 1), '>=', 0.9, 'one dimension');
SELECT iv.make(3, 500, 'cosine_ops') \g /dev/null
SELECT cmp_ok(iv.recall('<=>', 3), '>=', 0.9, 'three');
SELECT iv.make(998, 300, 'l2_ops', 'lists = 3') \g /dev/null
SELECT cmp_ok(iv.recall('<->', 998), '>=', 0.9, 'more than fit on a page');
INSERT INTO iv.item SELECT i, iv.vector(i, 998), 0 FROM generate_series(301, 400) AS i;
SELECT cmp_ok(iv.recall('<->', 998), '>=', 0.9, 'after inserts');
SELECT iv.make(1536, 200, 'cosine_ops', 'lists = 2, bits = 8') \g /dev/null
INSERT INTO iv.item SELECT i, iv.vector(i, 1536), 0 FROM generate_series(201, 300) AS i;
SELECT cmp_ok(iv.recall('<=>', 1536), '>=', 0.9, 'four pages each');
SELECT iv.make(16000, 20, 'cosine_ops') \g /dev/null
INSERT INTO iv.item SELECT i, iv.vector(i, 16000), 0 FROM generate_series(21, 40) AS i;
SELECT is(iv.recall('<=>', 16000, 5), 1.000, 'the widest');
SELECT throws_ok($$INSERT INTO iv.item VALUES (41, array_fill(1::real, ARRAY[16001]), 0)$$, '54000', NULL, 'and no wider');

-- An index that began empty; changes of all kinds.
DROP TABLE iv.item;
CREATE TABLE iv.item (id integer PRIMARY KEY, e real[], kind integer);
CREATE INDEX iv_e ON iv.item USING steward_ivf (e steward.cosine_ops);
SELECT is((SELECT count(*) FROM (SELECT FROM iv.item ORDER BY e <=> '{1,2}' LIMIT 1) AS s), 0::bigint, 'nothing in it');
INSERT INTO iv.item SELECT i, iv.vector(i, 24), i % 100 FROM generate_series(1, 3000) AS i;
SELECT cmp_ok(iv.recall('<=>', 24), '>=', 0.97, 'one list has all');
DELETE FROM iv.item WHERE id % 3 = 0;
SELECT is(iv.recall('<=>', 24, 2000), 1.000, 'rows that are gone');
UPDATE iv.item SET e = iv.vector(id + 50000, 24) WHERE id % 3 = 1;
SELECT cmp_ok(iv.recall('<=>', 24), '>=', 0.97, 'rows that are others');
SAVEPOINT s;
INSERT INTO iv.item SELECT i, iv.vector(i, 24), 0 FROM generate_series(10001, 10500) AS i;
ROLLBACK TO s;
SELECT is(iv.recall('<=>', 24, 2000), 1.000, 'rows that never were');
REINDEX INDEX iv.iv_e;
SELECT cmp_ok(iv.recall('<=>', 24), '>=', 0.9, 'indexed anew');

-- What is not a vector of this index.
INSERT INTO iv.item VALUES (20001, NULL, 0), (20002, array_fill(0::real, ARRAY[24]), 0);
SET LOCAL enable_sort = off;
SELECT is((SELECT count(*) FROM (SELECT id FROM iv.item ORDER BY e <=> iv.vector(1, 24) LIMIT 5000) AS s WHERE id > 20000), 0::bigint, 'nulls, and what has no direction, are left out');
SELECT throws_ok($$INSERT INTO iv.item VALUES (20003, '{1,2}', 0)$$, '22000', 'vectors of index "iv_e" have 24 dimensions', 'other dimensions');
SELECT throws_ok($$INSERT INTO iv.item VALUES (20003, array_append(array_fill(1::real, ARRAY[23]), 'NaN'), 0)$$, '22003', 'a vector of a steward_ivf index must have finite values', 'NaN');
SELECT throws_ok($$INSERT INTO iv.item VALUES (20003, array_append(array_fill(1::real, ARRAY[23]), '-Infinity'), 0)$$, '22003', NULL, 'infinity');
SELECT throws_ok($$INSERT INTO iv.item VALUES (20003, array_append(array_fill(1::real, ARRAY[23]), NULL), 0)$$, '22004', NULL, 'a null in it');
SELECT throws_ok($$INSERT INTO iv.item VALUES (20003, '{{1,2},{3,4}}', 0)$$, '2202E', NULL, 'a matrix');
SELECT throws_ok($$INSERT INTO iv.item VALUES (20003, '{}', 0)$$, '22000', NULL, 'nothing');
SET LOCAL enable_seqscan = off;
SELECT throws_ok($$SELECT id FROM iv.item ORDER BY e <=> '{1,2}' LIMIT 1$$, '22000', 'vectors of index "iv_e" have 24 dimensions', 'a query of other dimensions');
SELECT is((SELECT count(*) FROM (SELECT id FROM iv.item ORDER BY e <=> (SELECT NULL::real[]) LIMIT 70) AS s), 70::bigint, 'to null all are equally near');
SELECT is((SELECT count(*) FROM (SELECT id FROM iv.item ORDER BY e <=> array_fill(0::real, ARRAY[24]) LIMIT 70) AS s), 70::bigint, 'as to what has no direction');
RESET enable_seqscan;
RESET enable_sort;
SELECT throws_ok('CREATE INDEX ON iv.item USING steward_ivf (e) WITH (bits = 5)', '22023', 'bits must be 1, 4 or 8', 'bits');
SELECT throws_ok('CREATE INDEX ON iv.item USING steward_ivf (e) WITH (lists = -1)', '22023', NULL, 'lists');
SELECT throws_ok('CREATE INDEX ON iv.item USING steward_ivf (e, id)', '0A000', NULL, 'one column');
SELECT throws_ok('CREATE UNIQUE INDEX ON iv.item USING steward_ivf (e)', '0A000', NULL, 'not unique');

-- Part of a table, and an expression.
DROP INDEX iv.iv_e;
DELETE FROM iv.item WHERE id > 20000;
CREATE INDEX iv_part ON iv.item USING steward_ivf (e) WHERE kind < 50;
SELECT cmp_ok(iv.recall('<=>', 24, 10, 'kind < 50'), '>=', 0.9, 'a part of the table');
DROP INDEX iv.iv_part;
CREATE TABLE iv.words (id integer, t text);
INSERT INTO iv.words SELECT id, array_to_string(e, ',') FROM iv.item;
CREATE FUNCTION iv.parsed(t text) RETURNS real[] LANGUAGE sql IMMUTABLE AS $$ SELECT string_to_array(t, ',')::real[] $$;
CREATE INDEX iv_words ON iv.words USING steward_ivf (iv.parsed(t));
SET LOCAL enable_sort = off;
SELECT matches((SELECT string_agg(p, ' ') FROM (SELECT id FROM iv.words ORDER BY iv.parsed(t) <=> iv.vector(3, 24) LIMIT 1) AS s, LATERAL (SELECT id::text) AS q (p)), '^\d+$', 'an expression');
SELECT is((SELECT array_agg(id) FROM (SELECT id FROM iv.words ORDER BY iv.parsed(t) <=> iv.vector(77, 24) LIMIT 1) AS s),
          (SELECT array_agg(id) FROM (SELECT id FROM iv.item ORDER BY e <=> iv.vector(77, 24), id LIMIT 1) AS s), 'gives the same');
RESET enable_sort;

-- Never without an order.
CREATE INDEX iv_e ON iv.item USING steward_ivf (e);
ANALYZE iv.item;
SET LOCAL enable_seqscan = off;
SELECT lives_ok('SELECT count(*) FROM iv.item', 'without an order');
CREATE FUNCTION iv.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN FOR line IN EXECUTE 'EXPLAIN ' || query LOOP plan := plan || line; END LOOP; RETURN plan; END $$;
SELECT unalike(iv.plan('SELECT e FROM iv.item'), '%iv_e%', 'it is of no use');
RESET enable_seqscan;
SELECT alike(iv.plan($$SELECT id FROM iv.item ORDER BY e <=> array_fill(1::real, ARRAY[24]) LIMIT 10$$), '%Index Scan using iv_e%', 'with one, and a limit, it is');
SELECT unalike(iv.plan($$SELECT id FROM iv.item ORDER BY e <=> array_fill(1::real, ARRAY[24])$$), '%iv_e%', 'for all rows a sort is');
SELECT ok((SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'cosine_ops' AND opcmethod = (SELECT oid FROM pg_am WHERE amname = 'steward_ivf')), 'its classes are valid');
SELECT * FROM finish();
ROLLBACK;
