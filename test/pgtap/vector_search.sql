-- Searches of tables by vectors, by words, and by both.
\set ON_ERROR_STOP 1
BEGIN;
SET LOCAL search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE SCHEMA vs;
CREATE TABLE vs.note (id integer PRIMARY KEY, title text, kind text, e real[]);
INSERT INTO vs.note VALUES
    (1, 'The red fox jumps', 'animal', '{1,0,0}'), (2, 'A red fox jumped again', 'animal', '{0.99,0.1,0}'), (3, 'Foxes are red', 'animal', '{0.98,0.12,0}'),
    (4, 'The green frog', 'animal', '{0.7,0.7,0}'), (5, 'A steel bridge', 'thing', '{0.6,0,0.8}'), (6, 'Nothing of it', NULL, '{-1,0,0}'), (7, 'No vector', 'thing', NULL);

-- Diversity.
SELECT results_eq($$SELECT "position" FROM vector_mmr('{1,0,0}', '{{1,0,0},{0.99,0.1,0},{0.6,0,0.8}}', 2, 0)$$, 'VALUES (1), (2)', 'the nearest');
SELECT results_eq($$SELECT "position" FROM vector_mmr('{1,0,0}', '{{1,0,0},{0.99,0.1,0},{0.6,0,0.8}}', 2, 0.7)$$, 'VALUES (1), (3)', 'and not all alike');
SELECT results_eq($$SELECT "position", round(score::numeric, 6) FROM vector_mmr('{1,0}', '{{3,4},{0,0}}', 5, 0.5)$$, 'VALUES (1, 0.300000), (2, 0.000000)', 'likeness is the cosine');
SELECT is((SELECT count(*) FROM vector_mmr('{1,0}', '{}')), 0::bigint, 'of none');
SELECT throws_ok($$SELECT vector_mmr('{1,0}', '{{1,2,3}}')$$, '2202E', NULL, 'vectors of another width');
SELECT throws_ok($$SELECT vector_mmr('{1,0}', '{{1,2}}', 1, 2)$$, '22023', NULL, 'no share');

-- Vectors.
SELECT results_eq($$SELECT key, round(distance::numeric, 4), row FROM vector_search('vs.note', '{1,0,0}', 1, diversity => 0)$$,
    $$VALUES ('{"id": 1}'::jsonb, 0.0000, '{"id": 1, "title": "The red fox jumps", "kind": "animal"}'::jsonb)$$, 'the nearest row');
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('vs.note', '{1,0,0}', 3, diversity => 0)$$, $$VALUES ('1'), ('2'), ('3')$$, 'in the order of their distance');
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('vs.note', '{1,0,0}', 3, diversity => 0.6)$$, $$VALUES ('1'), ('5'), ('4')$$, 'and not all alike');
SELECT is((SELECT count(*) FROM vector_search('vs.note', '{1,0,0}')), 5::bigint, 'five, unless you say otherwise');
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('vs.note', '{1,0,0}', matching => '{"kind": "thing"}')$$, $$VALUES ('5')$$, 'of a kind');
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('vs.note', '{1,0,0}', matching => '{"kind": null}')$$, $$VALUES ('6')$$, 'of none');
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('vs.note', '{1,0,0}', matching => '{"id": 4, "kind": "animal"}')$$, $$VALUES ('4')$$, 'of several values');
CREATE INDEX note_e ON vs.note USING steward_ivf (e l2_ops);
SELECT is((SELECT round(distance::numeric, 4) FROM vector_search('vs.note', '{0,0,0.5}', 1)), 0.6708, 'by the distance that the index is for');
SET LOCAL steward.rerank = 7;
SELECT is((SELECT count(*) FROM vector_search('vs.note', '{1,0,0}', 2, rerank => 100)), 2::bigint, 'with more rows looked up');
SELECT is(current_setting('steward.rerank'), '7', 'for this search alone');
CREATE TABLE vs.plain (e real[], other real[]);
INSERT INTO vs.plain VALUES ('{1,2}', '{2,1}');
SELECT matches((SELECT key ->> 'ctid' FROM vector_search('vs.plain', '{1,2}', "column" => 'e')), '^\(\d+,\d+\)$', 'a row without a key');
SELECT throws_ok($$SELECT vector_search('vs.plain', '{1,2}')$$, '42702', NULL, 'one of two columns');
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0,0}', "column" => 'title')$$, '42703', NULL, 'of another type');
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0,0}', matching => '{"nothing": 1}')$$, '42703', 'vs.note has no column "nothing"', 'no such column');
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0,0}', matching => '[]')$$, '22023', 'matching must be a JSON object', 'no object');
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0,0}', 0)$$, '22023', NULL, 'none at all');
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0}', 1)$$, '22000', NULL, 'other dimensions');
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0,0}', matching => '{"id": "1; DROP TABLE vs.note"}')$$, '22P02', NULL, 'values are values');

-- Words.
SELECT results_eq($$SELECT key ->> 'id' FROM text_search('vs.note', 'jumping foxes', "column" => 'title')$$, $$VALUES ('1'), ('2')$$, 'words in any form');
SELECT results_eq($$SELECT key ->> 'id' FROM text_search('vs.note', 'fox -jump', "column" => 'title')$$, $$VALUES ('3')$$, 'and some that are not wanted');
SELECT is((SELECT count(*) FROM text_search('vs.note', 'fox', 1, 'title')), 1::bigint, 'so many');
SELECT results_eq($$SELECT key ->> 'id' FROM text_search('vs.note', 'a', "column" => 'title', config => 'simple')$$, $$VALUES ('5'), ('2')$$, 'in another language');
ALTER TABLE vs.note ADD words tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED;
SELECT results_eq($$SELECT key ->> 'id' FROM text_search('vs.note', 'bridge')$$, $$VALUES ('5')$$, 'the words that a column has');
CREATE FUNCTION vs.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN FOR line IN EXECUTE 'EXPLAIN ' || query LOOP plan := plan || line; END LOOP; RETURN plan; END $$;
CREATE INDEX note_words ON vs.note USING gin (words);
CREATE INDEX note_title ON vs.note USING gin (to_tsvector('english', title));
SET LOCAL enable_seqscan = off;
SELECT alike(vs.plan(format('SELECT FROM vs.note AS t WHERE %s @@ websearch_to_tsquery(''english''::regconfig, ''fox'')', text_document('vs.note', NULL, 'english'))),
             '%Index Scan on note_words%', 'by an inverted index of the column');
SELECT alike(vs.plan(format('SELECT FROM vs.note AS t WHERE %s @@ websearch_to_tsquery(''english''::regconfig, ''fox'')', text_document('vs.note', 'title', 'english'))),
             '%Index Scan on note_title%', 'or of the words of a text');
SELECT results_eq($$SELECT key ->> 'id' FROM text_search('vs.note', 'bridge')$$, $$VALUES ('5')$$, 'which finds the same');
RESET enable_seqscan;
SELECT throws_ok($$SELECT text_search('vs.plain', 'a')$$, '42702', NULL, 'without a text');

-- Both.
SELECT results_eq($$SELECT key ->> 'id' FROM hybrid_search('vs.note', 'bridge', '{1,0,0}', 2)$$, $$VALUES ('5'), ('1')$$, 'what both find comes first');
SELECT is((SELECT round(score::numeric, 6) FROM hybrid_search('vs.note', 'frog', '{0.7,0.7,0}', 1)), round(2 / 61.0, 6), 'by reciprocal ranks');
SELECT is((SELECT count(*) FROM hybrid_search('vs.note', 'nowhere', '{1,0,0}', 10)), 6::bigint, 'what one of them finds is found');
SELECT throws_ok($$SELECT * FROM hybrid_search('vs.note', 'frog')$$, '55000', NULL, 'by words alone only with embeddings');

-- Rights are those of whoever searches.
CREATE ROLE vs_reader;
GRANT USAGE ON SCHEMA vs, steward, tap TO vs_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA steward TO vs_reader;
SET LOCAL ROLE vs_reader;
SELECT throws_ok($$SELECT vector_search('vs.note', '{1,0,0}')$$, '42501', NULL, 'not everybody');
RESET ROLE;
GRANT SELECT ON vs.note TO vs_reader;
ALTER TABLE vs.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY things ON vs.note USING (kind = 'thing');
SET LOCAL ROLE vs_reader;
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('vs.note', '{1,0,0}')$$, $$VALUES ('5')$$, 'rows that one may not see are not found');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
