-- Prompt caches: answers found by the same prompt or a similar one, within a scope, a model, a threshold, a time and a size.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
SET search_path = tap, steward, public, pg_catalog;
SELECT no_plan();
CREATE SCHEMA pc;
CREATE ROLE pc_owner LOGIN IN ROLE steward_writer;
CREATE ROLE pc_reader IN ROLE steward_reader;
CREATE ROLE pc_writer IN ROLE steward_writer;
GRANT USAGE, CREATE ON SCHEMA pc TO pc_owner;
GRANT USAGE ON SCHEMA pc, tap TO pc_owner, pc_reader, pc_writer;
SET SESSION AUTHORIZATION pc_owner;

-- The same, and similar.
SELECT prompt_cache_create('faq');
SELECT results_eq($$SELECT threshold, max_entries, model, ttl, verify FROM steward.prompt_cache WHERE cache = 'faq'$$,
    $$VALUES (0.95::float8, 10000, 'hashed', interval '24 hours', true)$$, 'as the documents want it');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'How do I reset my password?')$$, 'an empty cache has nothing');
SELECT prompt_set('faq', 'How do I reset my password?', 'By the link below.');
SELECT prompt_set('faq', 'The parcel takes 3 days, is that right?', 'Yes.');
SELECT prompt_set('faq', 'Is it safe to open the door now?', 'Sure.');
SELECT results_eq($$SELECT answer, similarity, exact, matched_prompt FROM prompt_get('faq', E'How do  I reset my\npassword? ')$$,
    $$VALUES ('By the link below.', 1::float8, true, 'How do I reset my password?')$$, 'the same prompt, whatever its blanks');
SELECT results_eq($$SELECT answer, exact, similarity >= 0.95 FROM prompt_get('faq', 'how do I reset my password')$$,
    $$VALUES ('By the link below.', false, true)$$, 'a similar one');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'How can I reset the password?')$$, 'one that is not similar enough');
SELECT is((SELECT answer FROM prompt_get('faq', 'How can I reset the password?', threshold => 0.8)), 'By the link below.', 'for whom that is enough, it is a hit');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'The parcel takes 4 days, is that right?', threshold => 0.5)$$, 'other numbers');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'Is it not safe to open the door now?', threshold => 0.5)$$, 'the contrary');
SELECT results_eq($$SELECT matched_prompt, refused FROM prompt_nearest('faq', 'Is it not safe to open the door now?', 1)$$,
    $$VALUES ('Is it safe to open the door now?', 'negation')$$, 'which says so');
SELECT is((SELECT refused FROM prompt_nearest('faq', 'The parcel takes 4 days, is that right?', 1)), 'numbers', 'as numbers do');
SELECT prompt_cache_alter('faq', verify => false);
SELECT is((SELECT answer FROM prompt_get('faq', 'The parcel takes 4 days, is that right?', threshold => 0.5)), 'Yes.', 'unless nobody looks');
SELECT prompt_cache_alter('faq', verify => true);
SELECT prompt_set('faq', 'How do I reset my password?', 'By mail.');
SELECT results_eq($$SELECT answer FROM prompt_get('faq', 'how do I reset my password')$$, $$VALUES ('By mail.')$$, 'the newest answer counts');
SELECT is((SELECT count(*) FROM steward.prompt_entry WHERE cache = 'faq'), 3::bigint, 'and is the only one to a prompt');
SELECT is_empty($$SELECT * FROM prompt_get('faq', '???')$$, 'no words');
SELECT prompt_set('faq', '???', 'What?');
SELECT is((SELECT answer FROM prompt_get('faq', '???')), 'What?', 'are found exactly');

-- Counts, which a transaction that reads only makes, too.
BEGIN READ ONLY;
SELECT is((SELECT answer FROM prompt_get('faq', 'How do I reset my password?')), 'By mail.', 'in a transaction that may not write');
ROLLBACK;
SELECT results_eq($$SELECT entries, exact_hits, similar_hits, refused, missed, round(hit_share::numeric, 3) FROM prompt_stats('faq')$$,
    $$VALUES (4::bigint, 3::bigint, 4::bigint, 2::bigint, 3::bigint, 0.583)$$, 'how lookups ended');

-- A scope is a condition.
SELECT prompt_set('faq', 'Who are you?', 'Model A.', '{"model": "a", "temperature": 0}');
SELECT is((SELECT answer FROM prompt_get('faq', 'Who are you', '{"temperature": 0, "model": "a"}')), 'Model A.', 'in whatever order it is written');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'Who are you?', '{"model": "b", "temperature": 0}', threshold => 0)$$, 'another model');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'Who are you?', '{"model": "a", "temperature": 0, "tenant": 7}', threshold => 0)$$, 'another tenant');
SELECT is_empty($$SELECT * FROM prompt_nearest('faq', 'How do I reset my password?', scope => '{"model": "a", "temperature": 0}') WHERE answer <> 'Model A.'$$, 'nor the rest');

-- Vectors of the caller, by which thresholds are exact: inclusive, whichever it is.
SELECT prompt_cache_create('given', model => 'sentence-transformers/all-MiniLM-L6-v2', dimension => 2);
SELECT prompt_set('given', 'east', 'E', vector => '{1,0}');
SELECT results_eq(
    format($$SELECT g.similarity, g.answer FROM prompt_get('given', 'q', vector => ARRAY[%1$s, sqrt(1 - %1$s ^ 2)]::real[], threshold => %1$s) AS g$$, t),
    format($$VALUES (%s::float8, 'E')$$, t), format('%s is enough for %s', t, t)) FROM unnest('{0.95,0.9,0.8}'::text[]) AS t;
SELECT is_empty(format($$SELECT * FROM prompt_get('given', 'q', vector => ARRAY[%1$s, sqrt(1 - %1$s ^ 2)]::real[], threshold => %1$s + 0.00001)$$, t), 'and nothing below')
FROM unnest('{0.95,0.9,0.8}'::text[]) AS t;
SELECT is((SELECT answer FROM prompt_get('given', 'east')), 'E', 'found exactly without one');
SELECT is_empty($$SELECT * FROM prompt_get('given', 'West')$$, 'and nothing else is');
SELECT prompt_set('given', NULL, 'N', vector => '{0,1}');
SELECT results_eq($$SELECT answer, similarity, exact FROM prompt_get('given', NULL, vector => '{0,2}')$$, $$VALUES ('N', 1::float8, false)$$, 'by a vector alone');
SELECT prompt_set('given', 'west', 'W');
SELECT is((SELECT answer FROM prompt_get('given', 'west', vector => '{-1,0}')), 'W', 'a prompt alone');
SELECT prompt_set('given', 'it takes 3 days', '3', vector => '{-1,0}');
SELECT is_empty($$SELECT * FROM prompt_get('given', 'it takes 4 days', vector => '{-1,0}')$$, 'prompts are looked at where both have one');
SELECT is((SELECT answer FROM prompt_get('given', NULL, vector => '{-1,0}')), '3', 'and not where one has none');
SELECT throws_ok(format($$SELECT prompt_get('given', 'x', vector => %L)$$, v), '22023', 'prompt cache "given" takes vectors of 2 dimensions, finite and not all zero', 'a vector: ' || v)
FROM unnest('{"{1,2,3}","{{1,2}}","{1,NULL}","{NaN,1}","{0,0}","{1,Infinity}"}'::text[]) AS v;
SELECT throws_ok($$SELECT prompt_set('faq', 'x', 'y', vector => '{1,2}')$$, '22023', 'prompt cache "faq" makes its vectors itself', 'where the model makes them');
SELECT prompt_cache_alter('given', model_version => '2');
SELECT is((SELECT count(*) FROM steward.prompt_entry WHERE cache = 'given'), 0::bigint, 'vectors of another version are never compared');
SELECT prompt_cache_alter('given', model => 'other', dimension => 3, similarity => 'hybrid');
SELECT prompt_set('given', 'the parcel is late', 'L', vector => '{1,0,0}');
SELECT is((SELECT similarity FROM prompt_get('given', 'the parcel is late!', vector => '{1,0,0}')), 1::float8, 'of another dimension');
SELECT is((SELECT similarity FROM prompt_nearest('given', 'the parcel is late!', vector => '{0,1,0}')), 0.5::float8, 'hybrid is the mean of vectors and words');

-- Time.
SELECT prompt_set('faq', 'What is the time?', 'Noon.', ttl => '1 millisecond');
SELECT pg_sleep(0.01);
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'What is the time?')$$, 'an answer whose time is over');
SELECT is_empty($$SELECT * FROM prompt_get('faq', 'what is the time')$$, 'also by a similar prompt');
SELECT is((SELECT expired FROM prompt_stats('faq')), 1::bigint, 'is seen');
SELECT is(prompt_clear('faq', expired => true), 1::bigint, 'until it is removed');
SELECT is((SELECT expires_at - stored_at FROM steward.prompt_entry WHERE cache = 'faq' LIMIT 1), interval '24 hours', 'all others have a day');

-- Size: the one that was stored longest ago goes.
SELECT prompt_cache_create('small', max_entries => s) FROM (VALUES (1)) AS v (s);
SELECT prompt_set('small', 'alpha', 'a'), prompt_set('small', 'beta', 'b');
SELECT results_eq($$SELECT answer FROM steward.prompt_entry WHERE cache = 'small'$$, $$VALUES ('b')$$, 'one place');
SELECT prompt_cache_alter('small', max_entries => 20);
SELECT prompt_set('small', 'word' || i, i::text) FROM generate_series(1, 50) AS i;
SELECT results_eq($$SELECT answer::integer FROM steward.prompt_entry WHERE cache = 'small' ORDER BY 1$$, $$SELECT generate_series(31, 50)$$, 'the last twenty of fifty');
SELECT prompt_cache_alter('small', max_entries => 7);
SELECT results_eq($$SELECT answer::integer FROM steward.prompt_entry WHERE cache = 'small' ORDER BY 1$$, $$SELECT generate_series(44, 50)$$, 'the newest stay in a smaller one');
SELECT is((SELECT answer FROM prompt_get('small', 'word44')), '44', 'and are found');
SELECT prompt_set('small', 'more' || i, i::text) FROM generate_series(1, 100) AS i;
SELECT is((SELECT count(*) FROM steward.prompt_entry WHERE cache = 'small'), 7::bigint, 'and not one more is there');
SELECT prompt_cache_alter('small', max_entries => 33);
SELECT prompt_set('small', 'most' || i, i::text) FROM generate_series(1, 26) AS i;
SELECT is((SELECT count(*) FROM steward.prompt_entry WHERE cache = 'small'), 33::bigint, 'a larger one fills up before anything goes');
SELECT is((SELECT max(slot) < 33 AND count(DISTINCT slot) = 33 FROM steward.prompt_entry WHERE cache = 'small'), true, 'in as many places');
SELECT ok(prompt_delete('small', 'most26'), 'one answer');
SELECT ok(NOT prompt_delete('small', 'most26'), 'is removed once');
SELECT is(prompt_clear('small'), 32::bigint, 'all are');
SELECT prompt_cache_drop('small');
SELECT is(to_regclass('steward.prompt_entry_small'), NULL, 'nothing of it is left');
SELECT is((SELECT count(*) FROM steward.prompt_ring WHERE cache = 'small'), 0::bigint, 'nowhere');

-- 1,000 answers at 0.9, by an index.
SELECT prompt_cache_create('answers', threshold => 0.9, max_entries => 1000);
SELECT prompt_set('answers', format('Please tell me about topic %s in %s words', md5(i::text), md5((i * 7)::text)), i::text) FROM generate_series(1, 1000) AS i;
SELECT is((SELECT count(*) FROM steward.prompt_entry WHERE cache = 'answers'), 1000::bigint, 'all of them are kept');
BEGIN;
SELECT pg_stat_get_xact_numscans('steward.prompt_entry_answers_vector'::regclass) AS by_index, pg_stat_get_xact_numscans('steward.prompt_entry_answers'::regclass) AS by_all \gset
SELECT is((SELECT answer FROM prompt_get('answers', format('please tell me about the topic %s in %s words', md5('500'), md5('3500')))), '500', 'the one is found among them');
SELECT is(pg_stat_get_xact_numscans('steward.prompt_entry_answers_vector'::regclass), :by_index + 1::bigint, 'by the index');
SELECT is(pg_stat_get_xact_numscans('steward.prompt_entry_answers'::regclass), :by_all::bigint, 'and not by reading all');
COMMIT;
SELECT is((SELECT count(*) FROM generate_series(1, 1000, 9) AS i, prompt_get('answers', format('please tell me about the topic %s in %s words', md5(i::text), md5((i * 7)::text))) AS g
           WHERE g.answer = i::text), 112::bigint, 'each by its like');
BEGIN;
SELECT pg_stat_get_xact_numscans('steward.prompt_entry_answers_vector'::regclass) AS by_index \gset
SELECT prompt_set('answers', 'alone in its scope', 'x', '{"tenant": 1}');
SELECT is((SELECT answer FROM prompt_get('answers', 'Alone, in its scope!', '{"tenant": 1}')), 'x', 'few of a scope');
SELECT is(pg_stat_get_xact_numscans('steward.prompt_entry_answers_vector'::regclass), :by_index::bigint, 'are compared one by one');
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT is_empty($$SELECT * FROM ivf_check('steward.prompt_entry_answers_vector')$$, 'the index is sound');
SET SESSION AUTHORIZATION pc_owner;

-- Models.
CREATE TABLE pc.word (word text, vector real[]);
INSERT INTO pc.word VALUES ('the', '{0.1,0.1,0.1}'), ('cat', '{1,0.1,0}'), ('kitten', '{0.9,0.2,0}'), ('bridge', '{0,0,1}');
SELECT embedding_import('pets', 'pc.word'::regclass);
SELECT prompt_cache_alter('faq', threshold => 0.95);
SELECT prompt_cache_create('pets', 'pets', threshold => 0.9);
SELECT prompt_set('pets', 'the cat', 'meow');
SELECT is((SELECT answer FROM prompt_get('pets', 'kitten')), 'meow', 'a model knows other words for the same');
SELECT is_empty($$SELECT * FROM prompt_get('pets', 'bridge')$$, 'and what is something else');
SELECT throws_ok($$SELECT embedding_model_drop('pets')$$, '2BP01', 'embedding model "pets" is in use', 'a model that a cache uses');
UPDATE pc.word SET vector = vector || '{0.5}';
SELECT embedding_import('pets', 'pc.word'::regclass);
SELECT results_eq($$SELECT c.dimension, cardinality(e.vector), s.stale FROM steward.prompt_cache AS c JOIN steward.prompt_entry AS e USING (cache), prompt_stats('pets') AS s WHERE cache = 'pets'$$,
    $$VALUES (4, 4, 0::bigint)$$, 'another version embeds anew');
SELECT is((SELECT answer FROM prompt_get('pets', 'kitten')), 'meow', 'and finds');
RESET SESSION AUTHORIZATION;
UPDATE steward.embedding_model SET owner = 'steward_owner' WHERE name = 'pets';
UPDATE pc.word SET vector = vector[:3];
SELECT embedding_import('pets', 'pc.word'::regclass, 3);
UPDATE steward.prompt_cache SET dimension = 4 WHERE cache = 'pets';
UPDATE steward.prompt_entry SET version = 'old', scope_key = prompt_scope_key('old', scope), vector = '{1,0.1,0,0.5}' WHERE cache = 'pets';
SET SESSION AUTHORIZATION pc_owner;
SELECT is_empty($$SELECT * FROM prompt_get('pets', 'the cat')$$, 'what another version has made is not even the same');
SELECT is((SELECT stale FROM prompt_stats('pets')), 1::bigint, 'it is stale');
SELECT is(prompt_cache_refresh('pets'), 1::bigint, 'until it is made anew');
SELECT results_eq($$SELECT answer, exact FROM prompt_get('pets', 'the cat')$$, $$VALUES ('meow', true)$$, 'by its owner');
SELECT prompt_cache_alter('pets', similarity => 'hybrid', threshold => 0.4);
SELECT results_eq($$SELECT c.dimension, cardinality(e.vector) FROM steward.prompt_cache AS c JOIN steward.prompt_entry AS e USING (cache) WHERE cache = 'pets'$$, $$VALUES (384, 384)$$,
    'a score of its own is over the nearest of the built-in vectors');
SELECT is((SELECT similarity FROM prompt_get('pets', 'a cat')), (SELECT round(score::numeric, 6)::float8 FROM semantic_score('a cat', 'the cat', 'pets')), 'and is that of semantic_score');
SELECT prompt_cache_alter('pets', model => 'hashed', similarity => 'cosine', threshold => 0.95);
SELECT results_eq($$SELECT answer, exact FROM prompt_get('pets', 'The cat.')$$, $$VALUES ('meow', false)$$, 'by yet another model');

-- Fetched: computed once, and rewritten by nobody but an adapter.
CREATE TABLE pc.asked (prompt text);
CREATE FUNCTION pc.answer(prompt text, scope jsonb) RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO pc.asked VALUES (prompt); RETURN CASE WHEN prompt <> 'nothing' THEN upper(prompt) || scope::text END; END $$;
CREATE FUNCTION pc.adapt(prompt text, matched text, answer text) RETURNS text LANGUAGE sql AS $$ SELECT answer || ' (for: ' || prompt || ')' $$;
SELECT is(prompt_fetch('faq', 'Tell me a joke', 'pc.answer(text,jsonb)', '{"n": 1}'), 'TELL ME A JOKE{"n": 1}', 'what is not there is computed');
SELECT is(prompt_fetch('faq', 'tell me a joke!', 'pc.answer(text,jsonb)', '{"n": 1}'), 'TELL ME A JOKE{"n": 1}', 'for similar ones, too, and as it was');
SELECT is(prompt_fetch('faq', 'tell me a joke!', 'pc.answer(text,jsonb)', '{"n": 1}', 'pc.adapt(text,text,text)'), 'TELL ME A JOKE{"n": 1} (for: tell me a joke!)', 'unless an adapter is named');
SELECT is(prompt_fetch('faq', 'Tell me a joke', 'pc.answer(text,jsonb)', '{"n": 1}', 'pc.adapt(text,text,text)'), 'TELL ME A JOKE{"n": 1}', 'which has nothing to do with the same prompt');
SELECT is(prompt_fetch('faq', 'nothing', 'pc.answer(text,jsonb)'), NULL, 'null');
SELECT is(prompt_fetch('faq', 'nothing', 'pc.answer(text,jsonb)'), NULL, 'is not kept');
SELECT is((SELECT count(*) FROM pc.asked), 3::bigint, 'so often it was computed');
SELECT throws_ok($$SELECT prompt_fetch('faq', 'x', 'upper(text)')$$, '42P13', NULL, 'a function of another kind');
SELECT throws_ok($$SELECT prompt_fetch('faq', 'tell me a joke!', 'pc.answer(text,jsonb)', '{"n": 1}', 'upper(text)')$$, '42P13', NULL, 'an adapter of another kind');

CREATE FUNCTION pc.echo(prompt text, scope jsonb) RETURNS text LANGUAGE sql AS $$ SELECT prompt $$;
CREATE FUNCTION pc.echo(prompt text, matched text, answer text) RETURNS text LANGUAGE sql AS $$ SELECT prompt $$;
SELECT prompt_cache_create('counted');
SELECT prompt_fetch('counted', 'one', 'pc.echo(text,jsonb)'), prompt_fetch('counted', 'One!', 'pc.echo(text,jsonb)');
SELECT results_eq($$SELECT exact_hits, similar_hits, missed FROM prompt_stats('counted')$$, 'VALUES (0::bigint, 1::bigint, 1::bigint)', 'each is counted once');
SELECT prompt_cache_drop('counted');

-- Labels.
SELECT prompt_cache_create('judged', threshold => 0.9);
SELECT prompt_set('judged', 'the parcel is late', 'L');
SELECT prompt_feedback('judged', (SELECT hit_id FROM prompt_get('judged', 'The parcel is late!')), true);
SELECT prompt_feedback('judged', (SELECT hit_id FROM prompt_get('judged', 'the parcel is late')), false);
SELECT results_eq($$SELECT similarity, score, ok FROM steward.prompt_label ORDER BY similarity$$, $$VALUES ('cosine', 1::float8, true), ('exact', 1, false)$$, 'what was said');
SELECT results_eq($$SELECT threshold, applied, reason FROM prompt_calibrate('judged')$$, $$VALUES (NULL::float8, false, 'too few labels')$$, 'that is not enough');
CREATE FUNCTION pc.label(score float8, ok boolean, times integer) RETURNS void LANGUAGE sql AS $$
    SELECT prompt_feedback('judged', gen_random_uuid() || '/cosine/' || round(score::numeric, 6) || '/' || encode('hashed-1', 'hex'), ok) FROM generate_series(1, times) $$;
SELECT pc.label(0.97, true, 147);
SELECT is((SELECT threshold FROM prompt_calibrate('judged')), NULL, '148 right ones are too few for 2 per cent');
SELECT pc.label(0.97, true, 1);
SELECT results_eq($$SELECT threshold, labels, wrong, round(upper_bound::numeric, 4), applied FROM prompt_calibrate('judged')$$,
    $$VALUES (0.97::float8, 149::bigint, 0::bigint, 0.0199, true)$$, '149 are enough, and not beyond where they are');
SELECT is((SELECT threshold FROM steward.prompt_cache WHERE cache = 'judged'), 0.97::float8, 'the cache goes by it');
SELECT pc.label(0.85, true, 200), pc.label(0.855, false, 1), pc.label(0.7, false, 30);
SELECT results_eq($$SELECT threshold, labels, wrong FROM prompt_calibrate('judged')$$, $$VALUES (0.85::float8, 350::bigint, 1::bigint)$$, 'as far down as errors are few');
SELECT results_eq($$SELECT threshold, applied FROM prompt_calibrate('judged', 0.2, apply => false)$$, $$VALUES (0.7::float8, false)$$, 'more errors, a lower one; and asked only');
SELECT is((SELECT threshold FROM steward.prompt_cache WHERE cache = 'judged'), 0.85::float8, 'changes nothing');
SELECT pc.label(0.99, false, 20);
SELECT results_eq($$SELECT threshold, applied, reason FROM prompt_calibrate('judged')$$, $$VALUES (NULL::float8, false, 'too many wrong answers')$$, 'nothing is shown to be right');
SELECT results_eq($$SELECT labels, wrong FROM prompt_stats('judged')$$, $$VALUES (401::bigint, 52::bigint)$$, 'labels are counted');
SELECT throws_ok($$SELECT prompt_feedback('judged', 'x', true)$$, '22023', NULL, 'another hit_id');
SELECT throws_ok($$SELECT prompt_feedback('judged', gen_random_uuid() || '/cosine/1.500000/aa', true)$$, '22023', NULL, 'an impossible one');
SELECT throws_ok($$SELECT prompt_calibrate('judged', 0)$$, '22023', NULL, 'no errors at all');
SELECT throws_ok($$SELECT share_upper_bound(2, 1)$$, '22023', NULL, 'more than all');

-- What is refused.
SELECT throws_ok($$SELECT prompt_get('nowhere', 'x')$$, '42704', 'prompt cache "nowhere" does not exist', 'another cache');
SELECT throws_ok($$SELECT prompt_cache_create('faq')$$, '42710', NULL, 'one that is there');
SELECT throws_ok(format('SELECT prompt_cache_create(%s)', a), '22023', 'invalid definition of a prompt cache', a)
FROM unnest(ARRAY['$$Big Name$$', '$$x$$, threshold => 1.1', '$$x$$, threshold => ''NaN''', '$$x$$, max_entries => 0', '$$x$$, ttl => ''0''', '$$x$$, similarity => ''other''', '$$x$$, verify => NULL',
                  'repeat($$x$$, 33)']) AS a;
SELECT throws_ok($$SELECT prompt_cache_create('x', 'no model')$$, '42704', 'embedding model "no model" does not exist', 'another model');
SELECT throws_ok($$SELECT prompt_cache_alter('faq', dimension => 7)$$, '22023', NULL, 'a dimension without a model');
SELECT throws_ok($$SELECT prompt_set('faq', 'x', NULL)$$, '22004', NULL, 'no answer');
SELECT throws_ok($$SELECT prompt_set('faq', 'x', 'y', NULL)$$, '22004', NULL, 'no scope');
SELECT throws_ok($$SELECT prompt_get('faq', NULL)$$, '22004', NULL, 'no prompt');
SELECT throws_ok($$SELECT prompt_set('faq', 'x', 'y', ttl => '-1 second')$$, '22023', NULL, 'no time');
SELECT throws_ok($$UPDATE steward.prompt_cache SET cache = 'other' WHERE cache = 'faq'$$, '0A000', NULL, 'another name');
RESET SESSION AUTHORIZATION;

-- Rights: those of the owner, and what he grants.
SET ROLE pc_reader;
SELECT throws_ok($$SELECT prompt_get('faq', 'x')$$, '42704', NULL, 'a stranger sees no cache');
SELECT is_empty($$SELECT * FROM steward.prompt_entry$$, 'nor what is in it');
SELECT throws_ok($$SELECT * FROM steward.prompt_entry_faq$$, '42501', NULL, 'by no other way');
RESET ROLE;
SET ROLE pc_writer;
SELECT throws_ok($$SELECT prompt_set('faq', 'x', 'y')$$, '42704', NULL, 'a stranger stores nothing');
SELECT throws_ok($$INSERT INTO steward.prompt_cache (cache, owner, model, given, dimension, similarity, threshold, verify, max_entries)
                   VALUES ('stolen', 'pc_owner', 'hashed', false, 384, 'cosine', 0.9, true, 10)$$, '42501', NULL, 'nor in the name of another');
RESET ROLE;
SET ROLE pc_owner;
SELECT prompt_cache_grant('faq', 'pc_reader'), prompt_cache_grant('faq', 'pc_writer');
RESET ROLE;
SET ROLE pc_reader;
SELECT is((SELECT answer FROM prompt_get('faq', 'how do I reset my password')), 'By mail.', 'a reader reads');
SELECT is((SELECT entries > 0 FROM prompt_stats() WHERE name = 'faq'), true, 'and sees numbers');
SELECT is((SELECT count(*) FROM prompt_stats()), 1::bigint, 'of no other');
RESET ROLE;
SET ROLE pc_writer;
SELECT throws_ok($$SELECT prompt_set('faq', 'x', 'y')$$, '42501', 'permission denied to store into prompt cache "faq"', 'but does not store');
SELECT is(prompt_clear('faq'), 0::bigint, 'nor remove');
SELECT throws_ok($$SELECT prompt_cache_alter('faq', threshold => 0)$$, '42501', 'must be owner of prompt cache "faq"', 'nor alter');
SELECT throws_ok($$SELECT prompt_cache_drop('faq')$$, '42501', NULL, 'nor drop');
SELECT throws_ok($$SELECT prompt_feedback('faq', gen_random_uuid() || '/cosine/0.900000/aa', true)$$, '42501', NULL, 'nor judge');
SELECT throws_ok($$SELECT prompt_cache_index('faq')$$, '42501', NULL, 'nor touch its index');
RESET ROLE;
SET ROLE pc_owner;
SELECT prompt_cache_grant('faq', 'pc_writer', 'write');
RESET ROLE;
SET ROLE pc_writer;
SELECT lives_ok($$SELECT prompt_set('faq', 'x', 'y')$$, 'a writer stores');
SELECT lives_ok($$SELECT prompt_feedback('faq', gen_random_uuid() || '/cosine/0.900000/aa', true)$$, 'and judges');
SELECT throws_ok($$SELECT prompt_cache_revoke('faq', 'pc_reader')$$, '42501', NULL, 'and grants nothing');
RESET ROLE;
SET ROLE pc_owner;
SELECT prompt_cache_revoke('faq', 'pc_reader'), prompt_cache_revoke('faq', 'pc_writer');
RESET ROLE;
SET ROLE pc_reader;
SELECT throws_ok($$SELECT prompt_get('faq', 'x')$$, '42704', NULL, 'until it is taken back');
RESET ROLE;

-- Nobody gains by what he puts before the names that the functions use.
CREATE SCHEMA pc_attack AUTHORIZATION pc_writer;
SET ROLE pc_writer;
CREATE FUNCTION pc_attack.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'captured as %', current_user; END $$;
CREATE FUNCTION pc_attack.same(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT pc_attack.spring() $$;
CREATE FUNCTION pc_attack.joined(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' FROM pc_attack.spring() $$;
CREATE FUNCTION pc_attack.quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' FROM pc_attack.spring() $$;
CREATE FUNCTION pc_attack.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea FROM pc_attack.spring() $$;
CREATE FUNCTION pc_attack.to_regclass(text) RETURNS regclass LANGUAGE sql AS $$ SELECT NULL::regclass FROM pc_attack.spring() $$;
CREATE FUNCTION pc_attack.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint FROM pc_attack.spring() $$;
CREATE OPERATOR pc_attack.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pc_attack.same);
CREATE OPERATOR pc_attack.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = pc_attack.joined);
CREATE DOMAIN pc_attack.text AS pg_catalog.text;
GRANT USAGE ON SCHEMA pc_attack TO PUBLIC;
RESET ROLE;
CREATE TEMPORARY TABLE prompt_cache (LIKE steward.prompt_cache);
CREATE TEMPORARY TABLE prompt_entry (LIKE steward.prompt_entry);
GRANT ALL ON pg_temp.prompt_cache, pg_temp.prompt_entry TO PUBLIC;
SET search_path = pg_temp, pc_attack, pg_catalog;
DO $$
BEGIN
    PERFORM 'a'::pg_catalog.text = 'b'::pg_catalog.text;
    RAISE EXCEPTION USING ERRCODE = 'assert_failure', MESSAGE = 'the trap does not work';
EXCEPTION WHEN raise_exception THEN
    NULL;
END $$;
SET ROLE pc_owner;
SELECT steward.prompt_cache_create('attacked');
SELECT steward.prompt_set('attacked', 'alpha beta gamma', 'a');
SELECT steward.prompt_get('attacked', 'Alpha beta gamma.');
SELECT steward.prompt_nearest('attacked', 'Alpha beta gamma.');
SELECT steward.prompt_fetch('attacked', 'delta', 'pc.echo(pg_catalog.text,pg_catalog.jsonb)');
SELECT steward.prompt_fetch('attacked', 'Alpha, beta, gamma', 'pc.echo(pg_catalog.text,pg_catalog.jsonb)', '{}', 'pc.echo(pg_catalog.text,pg_catalog.text,pg_catalog.text)') IS NOT NULL;
SELECT steward.prompt_feedback('attacked', (SELECT g.hit_id FROM steward.prompt_get('attacked', 'delta') AS g), true);
SELECT steward.prompt_calibrate('attacked');
SELECT steward.prompt_stats();
SELECT steward.prompt_cache_alter('attacked', max_entries => 10, similarity => 'hybrid');
SELECT steward.prompt_cache_grant('attacked', 'pc_reader');
SELECT steward.prompt_delete('attacked', 'alpha beta gamma');
SELECT steward.prompt_clear('attacked');
SELECT steward.prompt_cache_drop('attacked');
RESET ROLE;
SET search_path = tap, steward, public, pg_catalog;
SELECT pass('no trap was sprung');

-- Gone.
SET ROLE pc_owner;
SELECT prompt_cache_drop(cache) FROM steward.prompt_cache ORDER BY cache;
RESET ROLE;
SELECT is((SELECT count(*) FROM pg_class WHERE relname LIKE 'prompt\_entry\_%' AND relkind = 'r'), 0::bigint, 'no partition is left');
SELECT is((SELECT count(*) FROM steward.prompt_label), 0::bigint, 'no label');
DELETE FROM steward.embedding_model;
DROP TABLE pg_temp.prompt_cache, pg_temp.prompt_entry;
DROP SCHEMA pc, pc_attack CASCADE;
REVOKE USAGE ON SCHEMA tap FROM pc_owner, pc_reader, pc_writer;
DROP ROLE pc_owner, pc_reader, pc_writer;
SELECT * FROM finish();
