-- Models: trained on rows, judged on others, asked, explained, rolled back; who may do what; what is wrong with an input.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SET LOCAL search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA mdl;
CREATE ROLE mdl_owner LOGIN IN ROLE steward_writer, steward_job;
CREATE ROLE mdl_reader IN ROLE steward_reader;
CREATE ROLE mdl_nobody;
GRANT USAGE, CREATE ON SCHEMA mdl TO mdl_owner;
GRANT USAGE ON SCHEMA mdl, tap, steward TO mdl_reader, mdl_nobody, mdl_owner;

-- Texts of words of topics, of which some say which it is.
CREATE FUNCTION mdl.text(topic text, i integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(CASE WHEN hashint4(i * 31 + w) % 3 = 0 THEN topic || abs(hashint4(i * 7 + w) % 20) ELSE 'word' || abs(hashint4(i * 13 + w) % 300) END, ' ')
    FROM generate_series(1, 15) AS w $$;
SET ROLE mdl_owner;
CREATE TABLE mdl.note (id integer PRIMARY KEY, body text, is_late boolean, size integer, kind text, tags text[], meta jsonb);
INSERT INTO mdl.note SELECT i, mdl.text(CASE WHEN i % 3 = 0 THEN 'late' ELSE 'soon' END, i), i % 3 = 0, CASE WHEN i % 3 = 0 THEN 100 ELSE 50 END + i % 40,
       CASE i % 5 WHEN 0 THEN 'a' ELSE 'b' END, CASE i % 4 WHEN 0 THEN '{}' WHEN 1 THEN '{x}' WHEN 2 THEN '{y}' ELSE '{x,y}' END::text[],
       jsonb_build_object('deep', jsonb_build_object('words', ARRAY['w' || i % 2, 'all']))
FROM generate_series(1, 1500) AS i;

SELECT lives_ok($$SELECT steward.model_create('late', 'mdl.note', 'is_late', text => 'body')$$, 'made of a table');
SELECT throws_ok($$SELECT steward.model_predict('late', 'soon1')$$, '42704', 'no version of model "late" serves', 'one that was not trained');
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'the first that knows anything serves');
SELECT is((SELECT count(*) FROM steward.schedule WHERE name LIKE 'model late%'), 2::bigint, 'schedules of its owner train it again');
SELECT results_eq($$SELECT schedule, kind, payload FROM steward.schedule WHERE name = 'model late'$$,
    $$VALUES ('0 2 * * *', 'model_train', '{"name": "late", "because": "schedule"}'::jsonb)$$, 'at two in the morning');
SELECT cmp_ok((metrics -> 'labels' -> 'true' ->> 'auc')::float8, '>', 0.95::float8, 'on rows that it has not seen') FROM steward.model_version WHERE name = 'late';
SELECT cmp_ok((metrics -> 'labels' -> 'true' ->> 'calibration_error')::float8, '<', 0.1::float8, 'and its probabilities hold') FROM steward.model_version WHERE name = 'late';
SELECT is((SELECT (metrics ->> 'rows')::bigint + (metrics ->> 'calibration_rows')::bigint + (metrics ->> 'holdout_rows')::bigint FROM steward.model_version WHERE name = 'late'),
          1500::bigint, 'each row is in one part');
SELECT is((SELECT used FROM (SELECT (metrics ->> 'features')::bigint AS used FROM steward.model_version WHERE name = 'late') AS v WHERE used > 1000), NULL, 'of a thousand terms at the most');
SELECT cmp_ok((steward.model_predict('late', 'late1 late2 late3') ->> 'true')::float8, '>', 0.8::float8, 'a text');
SELECT cmp_ok((steward.model_predict('late', '{"body": "soon1 soon2 soon3", "other": 1}'::jsonb) ->> 'true')::float8, '<', 0.2::float8, 'an object');
SELECT is(steward.model_predict('late', 'late1 late2 late3'), steward.model_predict('late', '{"body": "late1 late2 late3"}'::jsonb), 'which are the same');
SELECT is((SELECT sum(value::numeric) FROM jsonb_each_text(steward.model_predict('late', 'late1 word5'))), 1::numeric, 'probabilities of what excludes one another sum to 1');
SELECT is(round(steward.model_probability('late', 'late1 late2', 'true')::numeric, 6), (steward.model_predict('late', 'late1 late2') ->> 'true')::numeric, 'one label');
SELECT throws_ok($$SELECT steward.model_probability('late', 'late1', 'maybe')$$, '42704', 'the model has no label "maybe"', 'that there is');
SELECT results_eq($$SELECT label, confident, version FROM steward.model_predict_detail('late', 'late1 late2 late3')$$, $$VALUES ('true', true, 1::bigint)$$, 'what to do');
SELECT is((SELECT confident FROM generate_series(1, 300) AS i, steward.model_predict_detail('late', 'late' || i % 20 || ' soon' || i % 17) AS d WHERE d.probability < 0.7 LIMIT 1),
          false, 'and when not to: below 0.7');
SELECT is((SELECT count(*) FROM generate_series(1, 300) AS i, steward.model_predict_detail('late', 'late' || i % 20 || ' soon' || i % 17) AS d WHERE d.confident <> (d.probability >= 0.7)),
          0::bigint, 'for each');
SELECT is((SELECT term FROM steward.model_explain('late', 'word1 late1 word2', label => 'true') LIMIT 1), 'late1', 'why');
SELECT is((SELECT sign(contribution) FROM steward.model_explain('late', 'late1', 1, 'false')), -1::float8, 'and why not');
SELECT set_eq($$SELECT term FROM steward.model_features('late', 'One two, ONE')$$, $$VALUES ('one'), ('two'), ('one two'), ('two one'), ('length')$$, 'what it sees');
SELECT set_eq($$SELECT term, place FROM steward.model_features('late', 'one two')$$, $$VALUES ('one', 16440::bigint), ('two', 133844), ('one two', 87213), ('length', 262144)$$,
              'which is the same in every process and on every machine');
SELECT is(steward.model_labels('late', 'late1 late2 late3', 0.05), '{true}', 'the labels that remain');
SELECT is(steward.model_labels('late', 'late1', 0), '{false,true}', 'to be certain, all');
SELECT throws_ok($$SELECT steward.model_labels('late', 'a', 2)$$, '22023', 'alpha must be between 0 and 1', 'no probability');

-- The same rows, the same model; a better one replaces it, one as good does not.
SELECT is((SELECT outcome FROM steward.model_train('late')), 'rejected', 'one that is not better is rejected');
SELECT is((SELECT count(DISTINCT hash) FROM steward.model_version WHERE name = 'late'), 1::bigint, 'it is the same to the bit');
SELECT is((SELECT batch_size FROM steward.model WHERE name = 'late'), 32, 'learnt by 32 rows at a time');
SELECT throws_ok($$SELECT steward.model_alter('late', batch_size => 0)$$, '23514', NULL, 'but not by none');
SELECT lives_ok($$SELECT steward.model_create('row_by_row', 'mdl.note', 'is_late', text => 'body', batch_size => 1); SELECT steward.model_train('row_by_row')$$, 'or row by row');
SELECT isnt((SELECT hash FROM steward.model_version WHERE name = 'row_by_row'), (SELECT hash FROM steward.model_version WHERE name = 'late' AND version = 1), 'which comes to something else');
SELECT lives_ok($$SELECT steward.model_alter('row_by_row', batch_size => 32); SELECT steward.model_train('row_by_row')$$, 'from its next training on');
SELECT is((SELECT hash FROM steward.model_version WHERE name = 'row_by_row' AND version = 2), (SELECT hash FROM steward.model_version WHERE name = 'late' AND version = 1), 'as others do');
SELECT steward.model_drop('row_by_row') \g /dev/null
SELECT matches((SELECT reason FROM steward.model_versions WHERE name = 'late' AND version = 2), '^On \d+ rows kept aside it loses 0.000000 less a row than version 1', 'which says why');
CREATE TABLE mdl.shuffled AS SELECT id, body, hashint4(id) % 2 = 0 AS is_late FROM mdl.note;
SELECT steward.model_create('shuffled', 'SELECT body, is_late FROM mdl.shuffled', 'is_late', text => 'body', retrain_cron => NULL, retrain_rows => NULL, retrain_drift => NULL) \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('shuffled')), 'rejected', 'labels that mean nothing are not learnt');
SELECT ok((metrics -> 'labels' -> 'true' ->> 'auc')::float8 BETWEEN 0.4 AND 0.6, 'as it says itself') FROM steward.model_version WHERE name = 'shuffled';
SELECT is((SELECT count(*) FROM steward.schedule WHERE name LIKE 'model shuffled%'), 0::bigint, 'nor is it trained again by itself');
SELECT throws_ok($$SELECT steward.model_predict('shuffled', 'a')$$, '42704', NULL, 'nor does it serve');
INSERT INTO mdl.note SELECT i, mdl.text(CASE WHEN i % 3 = 0 THEN 'late' ELSE 'soon' END, i), i % 3 = 0, 1, 'a', '{}', '{}' FROM generate_series(1501, 6000) AS i;
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'a better one serves');
SELECT is((SELECT version FROM steward.model_predict_detail('late', 'a')), 3::bigint, 'from the next statement on');
SELECT is(steward.model_rollback('late'), 1::bigint, 'back to the one before');
SELECT is((SELECT version FROM steward.model_predict_detail('late', 'a')), 1::bigint, 'at once');
SELECT is((SELECT outcome FROM steward.model_train('late')), 'held', 'where it is held');
SELECT is((SELECT version FROM steward.models WHERE name = 'late'), 1::bigint, 'nothing replaces it');
SELECT steward.model_release('late') \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'until it is released');
SELECT lives_ok($$SELECT steward.model_promote('late', 2)$$, 'any may be promoted');
SELECT throws_ok($$SELECT steward.model_promote('late', 77)$$, '42704', 'model "late" has no version 77', 'that there is');
SAVEPOINT s;
SELECT steward.model_promote('late', 5) \g /dev/null
SELECT is((SELECT version FROM steward.model_predict_detail('late', 'a')), 5::bigint, 'a promotion in a savepoint');
ROLLBACK TO s;
SELECT is((SELECT version FROM steward.model_predict_detail('late', 'a')), 2::bigint, 'goes with it');

-- Numbers, words, arrays, objects; several labels.
SELECT steward.model_create('by_size', 'mdl.note', 'is_late', features => '{size,kind}', method => 'exact') \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('by_size')), 'promoted', 'numbers alone');
SELECT throws_ok($$SELECT steward.model_predict('by_size', 'a text')$$, '22023', 'the model takes no text', 'which takes no text');
SELECT cmp_ok((steward.model_predict('by_size', '{"size": 130, "kind": "b"}'::jsonb) ->> 'true')::float8, '>',
              (steward.model_predict('by_size', '{"size": 60, "kind": "b"}'::jsonb) ->> 'true')::float8, 'and knows them');
SELECT ok(steward.model_predict('by_size', '{"size": null}'::jsonb) IS NOT NULL, 'something missing');
SELECT ok(steward.model_predict('by_size', '{"size": 1e400}'::jsonb) IS NOT NULL, 'something endless');
SELECT steward.model_create('tags', 'SELECT * FROM mdl.note WHERE id <= 1500', 'tags', text => 'body', features => '{meta,id}', max_features => 0) \g /dev/null
UPDATE mdl.note SET body = body || CASE WHEN 'x' = ANY (tags) THEN ' xword' ELSE '' END || CASE WHEN 'y' = ANY (tags) THEN ' yword' ELSE '' END;
SELECT is((SELECT outcome FROM steward.model_train('tags')), 'promoted', 'any number of labels');
SELECT set_eq($$SELECT key FROM jsonb_object_keys(steward.model_predict('tags', 'xword')) AS key$$, '{x,y,any}'::text[], 'and that there is one');
SELECT is((SELECT label FROM steward.model_predict_detail('tags', 'xword word1')), 'x', 'the most likely one');
SELECT set_has($$SELECT term FROM steward.model_features('tags', '{"body": "a", "id": 7, "meta": {"deep": {"words": ["w1", "all"], "n": 2}}}'::jsonb)$$,
               $$VALUES ('meta.deep.words=w1'), ('meta.deep.words=all'), ('meta.deep.n'), ('id')$$, 'names of what is nested');
SELECT throws_ok($$SELECT steward.model_predict('tags', '{"body": 7}'::jsonb)$$, '22023', 'member "body" of the input must be a JSON string', 'a text that is none');
SELECT throws_ok($$SELECT steward.model_predict('tags', '[]'::jsonb)$$, '22023', 'input must be a JSON object', 'an input that is none');

-- Examples.
SELECT steward.model_learn('late', 'tomorrow ' || i || ' holiday', 'true') FROM generate_series(1, 300) AS i \g /dev/null
SELECT steward.model_learn('late', jsonb_build_object('body', 'today ' || i || ' holiday'), 'false') FROM generate_series(1, 300) AS i \g /dev/null
SELECT steward.model_train('late') \g /dev/null
SELECT is((SELECT trained_rows FROM steward.model_state WHERE name = 'late'), 6600::bigint, 'examples are rows');
SELECT cmp_ok((steward.model_predict('late', 'tomorrow') ->> 'true')::float8, '>', (steward.model_predict('late', 'today') ->> 'true')::float8, 'that are learnt');
SELECT steward.model_learn('tags', '{"body": "xword yword new"}', '{x,y}'::text[]) \g /dev/null
SELECT lives_ok($$SELECT steward.model_train('tags')$$, 'also with several labels');
SELECT throws_ok($$SELECT steward.model_learn('late', '[]'::jsonb, 'true')$$, '22023', 'input must be a JSON object', 'an example that is none');
SELECT throws_ok($$SELECT steward.model_learn('late', '{}'::jsonb, NULL::text)$$, '22023', 'an input and its label are needed', 'without a label');

-- What is wrong.
SELECT throws_ok($$SELECT steward.model_create('late', 'mdl.note', 'is_late', text => 'body')$$, '42710', 'model "late" already exists', 'twice');
SELECT throws_ok($$SELECT steward.model_create('wrong', 'mdl.nothing', 'a', text => 'b')$$, '42P01', NULL, 'of no table');
SELECT throws_ok($$SELECT steward.model_create('wrong', 'SELECT 1 AS', 'a', text => 'b')$$, '42601', NULL, 'of no query');
SELECT throws_ok($$SELECT steward.model_create('wrong', 'mdl.note', 'nothing', text => 'body')$$, '42703', NULL, 'of no column');
SELECT throws_ok($$SELECT steward.model_create('wrong', 'mdl.note', 'is_late')$$, '23514', NULL, 'without an input');
SELECT throws_ok($$SELECT steward.model_create('', 'mdl.note', 'is_late', text => 'body')$$, '22023', 'a model needs a name and a label', 'without a name');
SELECT throws_ok($$SELECT steward.model_create('wrong', 'mdl.note', 'is_late', text => 'body', retrain_cron => 'now')$$, '22023', NULL, 'with no schedule');
SELECT throws_ok($$SELECT * FROM steward.model_train('nothing')$$, '42704', 'model "nothing" does not exist', 'which there is not');
SELECT steward.model_create('empty', 'SELECT * FROM mdl.note WHERE false', 'is_late', text => 'body') \g /dev/null
SELECT throws_ok($$SELECT steward.model_train('empty')$$, '22023', 'no row has a label', 'no rows');
SELECT steward.model_alter('empty', source => 'SELECT * FROM mdl.note WHERE is_late') \g /dev/null
SELECT throws_ok($$SELECT steward.model_train('empty')$$, '22023', 'all rows have the same label', 'one class');
SELECT steward.model_alter('empty', source => 'SELECT NULL::boolean AS is_late, body FROM mdl.note') \g /dev/null
SELECT throws_ok($$SELECT steward.model_train('empty')$$, '22023', 'no row has a label', 'no labels');
SELECT steward.model_alter('empty', source => 'mdl.note', label => 'id') \g /dev/null
SELECT throws_ok($$SELECT steward.model_train('empty')$$, '22023', 'a model can have 64 labels at the most', 'too many labels');
SELECT steward.model_alter('empty', source => $$SELECT i % 2 AS is_late, repeat('word' || i % 2 || ' ', CASE WHEN i = 1 THEN 2000000 ELSE 5 END) AS body FROM generate_series(1, 60) AS i$$, label => 'is_late') \g /dev/null
SELECT lives_ok($$SELECT steward.model_train('empty')$$, 'a text of twelve megabytes');
SELECT steward.model_alter('empty', source => 'SELECT 5 AS same, id % 2 = 0 AS is_late FROM mdl.note', text => '', features => '{same}') \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('empty')), 'rejected', 'what never varies says nothing');
SELECT steward.model_alter('empty', source => 'SELECT 1 / (id - 1) AS same, true AS is_late FROM mdl.note') \g /dev/null
SELECT throws_ok($$SELECT steward.model_train('empty')$$, '22012', NULL, 'a source that fails');
UPDATE steward.model_version SET coefficients = overlay(coefficients PLACING '\x09' FROM 15) WHERE name = 'by_size';
SELECT steward.model_promote('by_size', 1) \g /dev/null
SELECT throws_ok($$SELECT steward.model_predict('by_size', '{}'::jsonb)$$, '0A000', 'the model has format 9', 'a model of a newer version');
UPDATE steward.model_version SET coefficients = 'nonsense' WHERE name = 'by_size';
SELECT steward.model_promote('by_size', 1) \g /dev/null
SELECT throws_ok($$SELECT steward.model_predict('by_size', '{}'::jsonb)$$, '22023', 'these bytes are not a model', 'or none');
SELECT is((SELECT outcome FROM steward.model_train('by_size')), 'promoted', 'which the next training replaces');
SELECT ok(steward.model_predict('by_size', '{}'::jsonb) IS NOT NULL, 'with one that answers');

-- Jobs.
SELECT is((SELECT outcome FROM steward.model_train('late', wait => false)), 'queued', 'as a job');
SELECT is((SELECT count(*) FROM steward.job WHERE kind = 'model_train' AND queue = 'models'), 1::bigint, 'of its owner');
SELECT is(steward.model_train_job(1, '{"name": "empty"}') ->> 'error', 'division by zero', 'what fails is kept');
SELECT is((SELECT error FROM steward.models WHERE name = 'empty'), 'division by zero', 'to be seen');
SELECT ok((steward.model_train_job(1, '{"name": "late", "because": "check"}') ->> 'version') IS NULL, 'nothing is due');
INSERT INTO mdl.note SELECT i, 'late1', true, 1, 'a', '{}', '{}' FROM generate_series(6001, 6999) AS i;
SELECT is(steward.model_check('late'), NULL, 'with 999 new rows');
INSERT INTO mdl.note VALUES (7000, 'late1', true, 1, 'a', '{}', '{}');
SELECT is(steward.model_check('late'), 'rows', 'with a thousand it is');
UPDATE steward.model_state SET signature = NULL WHERE name = 'late';
SELECT isnt(steward.model_train_job(1, '{"name": "late", "because": "check"}') ->> 'version', NULL, 'which trains it');
SELECT is((SELECT because FROM steward.model_version WHERE name = 'late' ORDER BY version DESC LIMIT 1), 'rows', 'and says why');

-- Rights.
SET ROLE mdl_reader;
SELECT ok(steward.model_predict('late', 'late1') IS NOT NULL, 'readers ask');
SELECT throws_ok($$SELECT steward.model_train('late')$$, '42501', NULL, 'and train nothing');
SELECT throws_ok($$SELECT steward.model_fit('mdl.note', 'is_late', 'body', '{}', false, 0, 32, 1, NULL)$$, '42501', NULL, 'not even by hand');
SELECT is((SELECT count(*) FROM steward.model_versions WHERE name = 'late') > 3, true, 'and see how good models are');
RESET ROLE;
SELECT throws_ok($$SELECT steward.model_train('late')$$, '42501', 'must be owner of model "late"', 'not even a superuser runs the query of another');
SET ROLE mdl_nobody;
SELECT throws_ok($$SELECT steward.model_predict('late', 'late1')$$, '42501', NULL, 'nobody else');
RESET ROLE;
CREATE ROLE mdl_other LOGIN IN ROLE steward_writer, steward_job;
GRANT USAGE ON SCHEMA mdl, tap TO mdl_other;
SET ROLE mdl_other;
SELECT throws_ok($$SELECT steward.model_drop('late')$$, '42501', NULL, 'nor drops it');
UPDATE steward.model SET version = 1 WHERE name = 'late';
DELETE FROM steward.model_version WHERE name = 'late';
SELECT throws_ok($$INSERT INTO steward.model_champion VALUES ('late', 1, 1, 'x')$$, '42501', NULL, 'nor writes what serves');
SELECT throws_ok($$INSERT INTO steward.model_version SELECT 'late', 99, 'mdl_owner', now(), '0', '', 'promoted', '', 'x', '', '{}'$$, '42501', NULL, 'nor versions in the name of the owner');
SELECT is((SELECT count(*) FROM steward.model_example), 0::bigint, 'nor reads examples');
RESET ROLE;
SELECT cmp_ok((SELECT count(*) FROM steward.model_versions WHERE name = 'late'), '>', 3::bigint, 'all of it is as it was');

SET ROLE mdl_owner;
SELECT steward.model_drop(name) FROM steward.model ORDER BY name \g /dev/null
SELECT is((SELECT count(*) FROM steward.model) + (SELECT count(*) FROM steward.model_version) + (SELECT count(*) FROM steward.model_champion)
          + (SELECT count(*) FROM steward.schedule WHERE name LIKE 'model %'), 0::bigint, 'dropped, nothing is left');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
