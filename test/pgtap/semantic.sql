-- Texts as vectors by the built-in model, and scorers that compare texts by meaning or by shared words.
\set ON_ERROR_STOP 1
BEGIN;
SET LOCAL search_path = tap, steward, public, pg_catalog;
SELECT no_plan();

-- The built-in model.
SELECT is(cardinality(embed('Hi world')), 384, 'a text is a vector');
SELECT is(round((SELECT sum(x * x) FROM unnest(embed('Hi world')) AS x)::numeric, 5), 1.00000, 'of unit length');
SELECT is(embed('Hi world'), embed('hi, WORLD!', 'hashed'), 'by its words');
SELECT is(encode(sha256(embed('The quick brown fox can''t jump 1,000.50 m')::text::bytea), 'hex'), 'c19bdd6aaed8edc59b8984212eedd388debc0c377e27bef9b8becd9825f7a93e', 'the same on every machine');
SELECT is(embed(' ... '), NULL, 'a text without words has none');
SELECT is(embed(NULL), NULL, 'nor has null');
SELECT cmp_ok(embed('How do I reset my password?') <=> embed('How can I reset my passwords?'), '<', 0.2::float8, 'near for nearly the same');
SELECT cmp_ok(embed('How do I reset my password?') <=> embed('The stock market fell today'), '>', 0.8::float8, 'far for another');
SELECT throws_ok($$SELECT embed('x', 'no model')$$, '55000', 'migration "embeddings" of pg_steward is not deployed in this database', 'other models stand in a table');

-- Meaning.
SELECT results_eq($$SELECT * FROM semantic_score('The cat sat.', 'the CAT sat')$$, $$VALUES (1::float8, 'lexical-v1', false, false)$$, 'the same words');
SELECT cmp_ok((semantic_score('Reset the password', 'Resetting passwords')).score, '>', (semantic_score('Reset the password', 'The market fell')).score, 'inflection does not count for much');
SELECT ok((semantic_score('It is safe', 'It isn''t safe')).negation AND NOT (semantic_score('It is not safe', 'It isn''t safe')).negation, 'a negation is said apart');
SELECT ok((semantic_score('in 3 days', 'in 4 days')).numbers AND NOT (semantic_score('in 1,000 days', 'in 1000.0 days')).numbers, 'and so are numbers');
SELECT is((semantic_score('', '')).score, 1::float8, 'nothing is like nothing');
SELECT is((semantic_score('a', '')).score, 0::float8, 'but not like something');
SELECT is(semantic_score('a', NULL), NULL, 'null in, null out');
SELECT is((SELECT count(*) FROM generate_series(1, 300) AS i, semantic_score('w' || i || ' x', 'x w' || i * 7) AS s WHERE s.score NOT BETWEEN 0 AND 1), 0::bigint, 'from 0 to 1');

-- Words in common.
SELECT is(token_f1('The cat sat on the mat', 'a cat on cat'), 4 / 7.0::float8, 'words, each as often as both have it, without articles');
SELECT is(rouge_l('police killed the gunman', 'police kill the gunman'), 0.75::float8, 'words in their order');
SELECT results_eq($$SELECT * FROM text_overlap('the cat sat', 'cat sat down')$$,
    $$VALUES (2 / 3.0::float8, 1::float8, 0.8::float8, 2 / 3.0::float8, 2 / 3.0::float8, 2 / 3.0::float8)$$, 'and what they are made of');
SELECT is(token_f1('', ''), 1::float8, 'nothing is nothing');
SELECT is(rouge_l('a', NULL), NULL, 'null in, null out');

-- A vector without a type is still one, beside texts.
CREATE TABLE public.se (id integer PRIMARY KEY, e real[]);
INSERT INTO public.se VALUES (1, '{1,0}'), (2, '{0,1}');
SELECT results_eq($$SELECT key ->> 'id' FROM vector_search('public.se', ' { 0, 1e0 } ', 1)$$, $$VALUES ('2')$$, 'a vector in quotes');
SELECT throws_ok($$SELECT vector_search('public.se', 'a text', 1)$$, '55000', NULL, 'a text needs an embedding');
SELECT * FROM finish();
ROLLBACK;
