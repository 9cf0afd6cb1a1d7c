-- Embedding models from rows and files, and columns of vectors that are kept in step with texts.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE SCHEMA emb;
CREATE ROLE emb_owner LOGIN IN ROLE steward_writer, steward_job;
CREATE ROLE emb_other IN ROLE steward_writer;
CREATE ROLE emb_app;
GRANT USAGE, CREATE ON SCHEMA emb TO emb_owner;
GRANT USAGE ON SCHEMA emb, tap TO emb_owner, emb_other, emb_app;
GRANT USAGE ON SCHEMA steward TO emb_owner, emb_other;
SET SESSION AUTHORIZATION emb_owner;

-- Models.
CREATE TABLE emb.word (word text, vector real[]);
INSERT INTO emb.word VALUES ('the', '{0.1,0.1,0.1}'), (',', '{1,1,1}'), ('cat', '{1,0.1,0}'), ('kitten', '{0.9,0.3,0}'), ('bridge', '{0,0,1}'), ('Cat', '{0,1,0}'), (NULL, '{1,1,1}');
CREATE TABLE emb.glove (line text);
INSERT INTO emb.glove VALUES ('the 0.1 0.1 0.1'), (', 1 1 1'), ('cat 1 0.1 0'), ('kitten 0.9 0.3 0'), ('bridge 0 0 1');
SELECT results_eq($$SELECT known_words, dimension FROM embedding_import('words', 'emb.word'::regclass)$$, 'VALUES (4, 3)', 'of words and vectors');
SELECT results_eq($$SELECT known_words, dimension FROM embedding_import('glove', 'emb.glove'::regclass)$$, 'VALUES (4, 3)', 'of lines');
SELECT is((SELECT count(DISTINCT hash) FROM embedding_model), 1::bigint, 'both give the same');
SELECT results_eq($$SELECT name, owner::text, dimension, words, length(bytes) > 50 FROM embedding_model ORDER BY name$$,
    $$VALUES ('glove', 'emb_owner', 3, 4, true), ('words', 'emb_owner', 3, 4, true)$$, 'as the table has it');
SELECT results_eq($$SELECT known_words FROM embedding_import('few', 'emb.word'::regclass, 2)$$, 'VALUES (2)', 'the first ones');
SELECT cmp_ok(embed('A kitten', 'words') <=> embed('the cat', 'words'), '<', 0.1::float8, 'other words for the same are near');
SELECT is(embed('unicorn', 'words'), NULL, 'unknown words are nowhere');
SELECT is((semantic_score('a cat', 'a kitten', 'words')).method, 'hybrid-v1', 'a score says how it came about');
SELECT cmp_ok((semantic_score('a cat', 'a kitten', 'words')).score, '>', (semantic_score('a cat', 'a bridge', 'words')).score, 'and ranks by meaning');
SELECT throws_ok($$SELECT embed('x', 'no model')$$, '42704', 'embedding model "no model" does not exist', 'another one');
SELECT throws_ok($$SELECT embedding_import('words', 'emb.nothing')$$, '22023', 'the path of a file on the server must be absolute, not "emb.nothing"', 'no path');
SELECT throws_ok($$SELECT embedding_import('words', '/etc/hostname')$$, '42501', NULL, 'files are for those who may read them');
SELECT throws_ok($$SELECT embedding_import('hashed', 'emb.word'::regclass)$$, '22023', NULL, 'the name of the built-in one');
SELECT throws_ok($$SELECT embedding_import('words', 'emb.word'::regclass, 0)$$, '22023', 'words must be positive', 'none at all');
SELECT throws_ok($$SELECT embedding_import('words', 'pg_class'::regclass)$$, '42804', NULL, 'of other columns');
CREATE TABLE emb.wrong (line text);
INSERT INTO emb.wrong VALUES ('cat 1 2'), ('dog 1');
SELECT throws_ok($$SELECT embedding_import('words', 'emb.wrong'::regclass)$$, '22023', 'these are no vectors of words', 'of other lines');
INSERT INTO embedding_model VALUES ('bad', 'emb_owner', 1, 1, sha256('x'), 'y'), ('none', 'emb_owner', 1, 1, sha256('y'), 'y');
SELECT throws_ok($$SELECT embed('x', 'bad')$$, '22023', 'an embedding model does not have the hash that its row says', 'bytes of another hash are not shared');
SELECT throws_ok($$SELECT embed('x', 'none')$$, '22023', 'these are no word vectors, or damaged ones', 'nor those that are none');
SELECT embedding_model_drop('bad'), embedding_model_drop('none'), embedding_model_drop('few');
SELECT throws_ok($$SELECT embedding_model_drop('few')$$, '42704', 'embedding model "few" does not exist', 'one that is gone');
RESET SESSION AUTHORIZATION;
SET ROLE emb_other;
SELECT lives_ok($$SELECT embed('cat', 'words')$$, 'others may use it');
SELECT throws_ok($$UPDATE steward.embedding_model SET bytes = ''$$, '42501', 'must be owner of embedding model "words"', 'not change it');
SELECT throws_ok($$DELETE FROM steward.embedding_model$$, '42501', NULL, 'nor drop it');
SELECT throws_ok($$INSERT INTO steward.embedding_model VALUES ('mine', 'emb_owner', 1, 1, sha256('x'), 'x')$$, '42501', NULL, 'nor have it be of another');
RESET ROLE;

-- A column of vectors.
SET SESSION AUTHORIZATION emb_owner;
CREATE TABLE emb.note (id integer PRIMARY KEY, body text, filler text);
ALTER TABLE emb.note ALTER COLUMN filler SET STORAGE PLAIN; -- two rows a page
INSERT INTO emb.note SELECT i, CASE WHEN i % 2 = 0 THEN 'the cat' ELSE 'a bridge' END, repeat('x', 4000) FROM generate_series(1, 600) AS i;
CREATE TABLE emb.heard (who name);
CREATE FUNCTION emb.hear() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO emb.heard VALUES (current_user); RETURN NULL; END $$;
CREATE TRIGGER hear AFTER UPDATE ON emb.note FOR EACH ROW EXECUTE FUNCTION emb.hear();
SELECT embedding_create('emb.note', 'body', 'words');
SELECT results_eq($$SELECT text_column, vector_column, model, state, backlog > 100 FROM embeddings WHERE relation = 'emb.note'::regclass$$,
    $$VALUES ('body'::name, 'embedding'::name, 'words', 'filling', true)$$, 'jobs have to bring in what is there');
INSERT INTO emb.note VALUES (1001, 'kitten', ''), (1002, NULL, ''), (1003, 'unicorn', '');
SELECT results_eq($$SELECT id FROM emb.note WHERE embedding IS NOT NULL$$, 'VALUES (1001)', 'what comes is embedded at once');
CALL jobs_run(1);
CALL jobs_run(1);
SELECT cmp_ok((SELECT count(*) FROM emb.note WHERE embedding IS NOT NULL), '<', 601::bigint, 'a batch is not all');
UPDATE emb.note SET body = 'kitten' WHERE id = 600;
CALL jobs_run();
CREATE FUNCTION emb.wrong_rows() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM emb.note WHERE embedding IS DISTINCT FROM embed(body, 'words') $$;
SELECT is(emb.wrong_rows(), 0::bigint, 'each row has the vector of its text');
SELECT results_eq($$SELECT state, backlog, written, error FROM embeddings WHERE relation = 'emb.note'::regclass$$, $$VALUES ('current', 0::bigint, 599::bigint, NULL::text)$$, 'and the view says so');
SELECT is((SELECT count(*) FROM emb.heard), 600::bigint, 'triggers of the table saw it, each row once');
SELECT is((SELECT string_agg("row" ->> 'body', ', ') FROM hybrid_search('emb.note', 'kitten', k => 4)), 'kitten, kitten, the cat, the cat', 'words and what they mean, by words alone');
SELECT is((SELECT count(*) FROM hybrid_search('emb.note', 'unicorn', k => 3)), 1::bigint, 'a word that the model does not know is found as a word');
UPDATE emb.note SET embedding = '{1,2,3}' WHERE id = 1;
UPDATE emb.note SET embedding = NULL WHERE id = 2;
UPDATE emb.note SET body = 'bridge', embedding = '{3}' WHERE id = 3;
SELECT is(emb.wrong_rows(), 0::bigint, 'whatever is written into it');
UPDATE emb.note SET filler = 'y' WHERE id = 4;
UPDATE emb.note SET id = 1004, body = NULL WHERE id = 5;
SELECT is(emb.wrong_rows(), 0::bigint, 'and beside it');
CREATE FUNCTION emb.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := NEW.body || ' bridge'; RETURN NEW; END $$;
CREATE TRIGGER shout BEFORE INSERT ON emb.note FOR EACH ROW EXECUTE FUNCTION emb.shout();
INSERT INTO emb.note VALUES (1005, 'cat');
SELECT is(emb.wrong_rows(), 0::bigint, 'also where a trigger changes the text');
SELECT throws_ok($$SELECT embedding_create('emb.note', 'body')$$, '42710', 'emb.note already has an embedding "embedding"', 'one a column');
SELECT throws_ok($$SELECT embedding_create('emb.note', 'nothing')$$, '42703', NULL, 'of no column');
SELECT throws_ok($$SELECT embedding_create('emb.note', 'id')$$, '42804', NULL, 'of no text');
SELECT throws_ok($$SELECT embedding_create('emb.note', 'body', vector_column => 'filler')$$, '42804', NULL, 'into no vector');
SELECT throws_ok($$SELECT embedding_create('emb.note', 'body', 'no model', 'other')$$, '42704', NULL, 'by no model');
SELECT throws_ok($$SELECT embedding_create('pg_class', 'relname')$$, '42809', NULL, 'of the system');
SELECT throws_ok($$SELECT embedding_create('emb.note', NULL)$$, '22004', NULL, 'of null');
SELECT throws_ok($$SELECT embedding_model_drop('words')$$, '2BP01', 'embedding model "words" is in use', 'its model stays');

-- Whoever writes rows need not know of models.
GRANT SELECT, INSERT, UPDATE ON emb.note TO emb_app;
RESET SESSION AUTHORIZATION;
SET ROLE emb_app;
SELECT lives_ok($$INSERT INTO emb.note VALUES (1006, 'kitten')$$, 'an application writes');
SELECT isnt((SELECT embedding FROM emb.note WHERE id = 1006), NULL, 'and has its text embedded');
RESET ROLE;
SET SESSION AUTHORIZATION emb_owner;

-- Searched by a text.
SELECT results_eq($$SELECT DISTINCT "row" ->> 'body' FROM vector_search('emb.note', 'The kitten', k => 1, diversity => 0)$$, $$VALUES ('kitten')$$, 'a text finds what is near');
SELECT is((SELECT count(*) FROM vector_search('emb.note', 'unicorn')), 0::bigint, 'an unknown one nothing');
SELECT results_eq($$SELECT count(*) FROM vector_search('emb.note', 'cat', k => 7, matching => '{"id": 8}')$$, 'VALUES (1::bigint)', 'with a condition');
SELECT embedding_create('emb.note', 'body', vector_column => 'other');
SELECT throws_ok($$SELECT vector_search('emb.note', 'cat')$$, '42702', 'emb.note has 2 embeddings', 'of two columns one has to be named');
SELECT is((SELECT count(*) FROM vector_search('emb.note', 'cat', "column" => 'embedding')), 5::bigint, 'as here');
CALL jobs_run();
SELECT is((SELECT count(*) FROM emb.note WHERE other IS DISTINCT FROM embed(body)), 0::bigint, 'each has its own');
SELECT embedding_drop('emb.note', 'other');
UPDATE emb.note SET body = 'bridge' WHERE id = 10;
SELECT isnt((SELECT other FROM emb.note WHERE id = 10), embed('bridge'), 'dropped, it is left as it is');
SELECT throws_ok($$SELECT embedding_drop('emb.note', 'other')$$, '42704', 'emb.note has no embedding "other"', 'once');
SELECT throws_ok($$SELECT vector_search('emb.word', 'cat')$$, '42704', NULL, 'a table without');

-- Another version of the model.
UPDATE emb.word SET vector = '{0,1,0.5}' WHERE word = 'cat';
SELECT known_words FROM embedding_import('words', 'emb.word'::regclass) \g /dev/null
SELECT is((SELECT state FROM embeddings WHERE relation = 'emb.note'::regclass), 'filling', 'all rows are looked at again');
SELECT cmp_ok(emb.wrong_rows(), '>', 100::bigint, 'whose vectors are of the version before');
CALL jobs_run();
SELECT is(emb.wrong_rows(), 0::bigint, 'until that is done');
SELECT embedding_refresh('emb.note');
SELECT embedding_refresh('emb.note');
CALL jobs_run();
SELECT results_eq($$SELECT state, written FROM embeddings WHERE relation = 'emb.note'::regclass$$, $$VALUES ('current', 0::bigint)$$, 'what is right is left alone');
SELECT is((SELECT count(*) FROM jobs WHERE queue = 'embeddings'), 0::bigint, 'no job is left');

-- Partitions, and rights.
CREATE TABLE emb.part (id integer, body text) PARTITION BY LIST (id);
CREATE TABLE emb.part_1 PARTITION OF emb.part FOR VALUES IN (1);
CREATE TABLE emb.part_2 PARTITION OF emb.part FOR VALUES IN (2);
INSERT INTO emb.part VALUES (1, 'cat'), (2, 'bridge');
SELECT embedding_create('emb.part', 'body');
CALL jobs_run();
INSERT INTO emb.part VALUES (2, 'dog');
SELECT results_eq($$SELECT count(*) FROM emb.part WHERE embedding = embed(body)$$, 'VALUES (3::bigint)', 'partitions, too');
SELECT embedding_create('emb.wrong', 'line');
RESET SESSION AUTHORIZATION;
SET ROLE emb_other;
SELECT throws_ok($$SELECT embedding_drop('emb.part')$$, '42501', 'must be owner of table emb.part', 'not of another one');
SELECT throws_ok($$SELECT embedding_create('emb.glove', 'line')$$, '42501', NULL, 'nor for it');
RESET ROLE;
DROP TABLE emb.wrong;
SELECT is((SELECT count(*) FROM embeddings WHERE model = 'hashed'), 2::bigint, 'a table that is gone is still seen');
DELETE FROM steward.embedding;
DROP SCHEMA emb CASCADE;
DELETE FROM steward.embedding_model;
DELETE FROM steward.queue WHERE queue = 'embeddings';
DELETE FROM steward.job_history WHERE queue = 'embeddings';
DELETE FROM steward.queue_owner WHERE queue = 'embeddings';
REVOKE USAGE ON SCHEMA tap, steward FROM emb_owner, emb_other, emb_app;
DROP ROLE emb_owner, emb_other, emb_app;
SELECT * FROM finish();
