-- Models that are looked after: windows of new inputs, trials of better versions, and what serves again.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SET LOCAL search_path = tap, pg_catalog;
SELECT no_plan();
CREATE SCHEMA mw;
CREATE ROLE mw_owner LOGIN IN ROLE steward_writer, steward_job;
GRANT USAGE, CREATE ON SCHEMA mw TO mw_owner;
CREATE ROLE mw_reader IN ROLE steward_reader;
GRANT USAGE ON SCHEMA tap TO mw_owner, mw_reader;
-- Texts of common words, and some that speak for a topic.
CREATE FUNCTION mw.text(topic text, i integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(CASE WHEN hashint4(i * 31 + w) % 3 = 0 THEN topic || abs(hashint4(i * 7 + w) % 20) ELSE 'word' || abs(hashint4(i * 13 + w) % 300) END, ' ')
    FROM generate_series(1, 15) AS w $$;
SET ROLE mw_owner;
CREATE TABLE mw.note (id integer PRIMARY KEY, body text, is_late boolean);
-- Of rows FROM to TO, `late` of ten are late, and `wrong` of a hundred say the opposite; those that nobody has looked at yet say nothing.
CREATE FUNCTION mw.add("from" integer, "to" integer, late integer DEFAULT 3, wrong integer DEFAULT 0, known boolean DEFAULT true) RETURNS void LANGUAGE sql AS $$
    INSERT INTO mw.note SELECT i, mw.text(CASE WHEN i % 10 < late THEN 'late' ELSE 'soon' END, i), CASE WHEN known THEN (i % 10 < late) <> (abs(hashint4(i)) % 100 < wrong) END
    FROM generate_series("from", "to") AS i $$;
CREATE FUNCTION mw.serves() RETURNS bigint LANGUAGE sql AS $$ SELECT version FROM steward.models WHERE name = 'late' $$;

-- Windows.
SELECT mw.add(1, 2000) \g /dev/null
SELECT steward.model_create('late', 'mw.note', 'is_late', text => 'body', retrain_rows => 100000) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'looked at before it is trained');
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'trained');
SELECT is(steward.model_check('late'), NULL, 'nothing new');
SELECT is((SELECT count(*) FROM steward.model_drift), 0::bigint, 'nothing to compare');
SELECT mw.add(2001, 2499) \g /dev/null
SELECT is(steward.model_check('late'), NULL, '499 inputs');
SELECT is((SELECT count(*) FROM steward.model_drift), 0::bigint, 'are no window');
SELECT mw.add(2500, 2500) \g /dev/null
SELECT is(steward.model_check('late'), NULL, '500 are one');
SELECT results_eq($$SELECT label, inputs, verdict FROM steward.model_drift WHERE name = 'late' ORDER BY label$$,
                  $$VALUES ('false', 500::bigint, 'steady'), ('true', 500, 'steady')$$, 'like those before');
SELECT cmp_ok((SELECT max(drift) FROM steward.model_drift), '<', 0.1::float8, 'by chance alone');
SELECT is((SELECT live_rows FROM steward.models WHERE name = 'late'), 500::bigint, 'all of them known');
SELECT cmp_ok((SELECT abs(live_log_loss - log_loss::float8) FROM steward.models WHERE name = 'late'), '<', 0.1::float8, 'and as hard as those that were kept aside');
DELETE FROM mw.note WHERE id <= 1000;
SELECT mw.add(2501, 3000, late => 9, known => false) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'one window of others, while old rows go');
SELECT results_eq($$SELECT label, verdict FROM steward.model_drift WHERE closed_at = (SELECT max(closed_at) FROM steward.model_drift) ORDER BY label$$,
                  $$VALUES ('false', 'drift'), ('true', 'drift')$$, 'is seen before anybody knows what they are');
SELECT is((SELECT live_rows FROM steward.models WHERE name = 'late'), 500::bigint, 'which nobody knows yet');
SELECT cmp_ok((SELECT drift FROM steward.models WHERE name = 'late'), '>', 0.25::float8, 'among the models, too');
SELECT mw.add(3001, 3500) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'one as before');
SELECT mw.add(3501, 4000, late => 9) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'another one of others');
SELECT mw.add(4001, 4500, late => 9) \g /dev/null
SELECT is(steward.model_check('late'), 'drift', 'two in turn');
UPDATE steward.model_state SET signature = NULL WHERE name = 'late';
SELECT isnt(steward.model_train_job(1, '{"name": "late", "because": "check"}') ->> 'version', NULL, 'by which it is trained');
SELECT is((SELECT because FROM steward.model_version WHERE name = 'late' ORDER BY version DESC LIMIT 1), 'drift', 'and says why');
SELECT is(steward.model_check('late'), NULL, 'once');
SELECT steward.model_alter('late', retrain_drift => 0) \g /dev/null
SELECT is((SELECT retrain_drift FROM steward.model WHERE name = 'late'), NULL, 'or never');

-- A trial. The first version has seen few rows; the second one, of many, is much better.
SELECT steward.model_drop('late') \g /dev/null
SELECT is((SELECT count(*) FROM steward.model_window), 0::bigint, 'windows go with their model');
TRUNCATE mw.note;
SELECT mw.add(1, 400) \g /dev/null
SELECT steward.model_create('late', 'mw.note', 'is_late', text => 'body', retrain_rows => 100000, shadow_rows => 400) \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'the first one needs no trial');
SELECT mw.add(401, 4000) \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('late')), 'shadow', 'a better one does');
SELECT results_eq('SELECT version, shadow FROM steward.models', 'VALUES (1::bigint, 2::bigint)', 'beside what serves');
SELECT is(steward.model_train_job(1, '{"name": "late", "because": "schedule"}') ->> 'version', NULL, 'one at a time');
SELECT mw.add(4001, 4399) \g /dev/null
SELECT is(steward.model_check('late'), NULL, '399 rows');
SELECT is(mw.serves(), 1::bigint, 'are too few');
SELECT mw.add(4400, 4400) \g /dev/null
SELECT is(steward.model_check('late'), NULL, '400 are enough');
SELECT results_eq('SELECT version, shadow FROM steward.models', 'VALUES (2::bigint, NULL::bigint)', 'for it to serve');
SELECT matches((SELECT reason FROM steward.model_versions WHERE version = 2), 'On 400 rows that came since it loses \d\.\d+ less a row\.$', 'which says why');
SELECT mw.add(4401, 6000) \g /dev/null
UPDATE steward.model_version SET coefficients = (SELECT coefficients FROM steward.model_version WHERE version = 1) WHERE version = 2;
SELECT steward.model_promote('late', 2) \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('late')), 'shadow', 'the next one');
SELECT mw.add(6001, 6500, wrong => 90) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'meets rows of which it knows less');
SELECT is(mw.serves(), 2::bigint, 'what serves goes on');
SELECT is((SELECT outcome FROM steward.model_version WHERE version = 3), 'rejected', 'and it is rejected');
SELECT is((SELECT outcome FROM steward.model_train('late')), 'shadow', 'one more') WHERE (SELECT max(version) FROM steward.model_version) = 3;
SELECT steward.model_promote('late', 1) \g /dev/null
SELECT is((SELECT shadow FROM steward.models), NULL, 'a person ends the trial');

-- What served before, serves again.
SELECT steward.model_drop('late') \g /dev/null
TRUNCATE mw.note;
SELECT mw.add(1, 400) \g /dev/null
SELECT steward.model_create('late', 'mw.note', 'is_late', text => 'body', retrain_rows => 100000) \g /dev/null
SELECT steward.model_train('late') \g /dev/null
SELECT mw.add(401, 3000) \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'a better one serves');
SELECT is((SELECT replaced FROM steward.model WHERE name = 'late'), 1::bigint, 'in place of the first');
SELECT mw.add(3001, 4000) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'rows as before');
SELECT is(mw.serves(), 2::bigint, 'leave it where it is');
SELECT mw.add(4001, 4199, wrong => 100) \g /dev/null
SAVEPOINT held;
SELECT mw.add(4200, 7000, wrong => 100) \g /dev/null
UPDATE steward.model SET held = true;
SELECT is(steward.model_check('late'), NULL, 'rows of which it knows less');
SELECT is(mw.serves(), 2::bigint, 'one that is held stays');
ROLLBACK TO held;
SELECT mw.add(4200, 7000, wrong => 100) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'one that is not');
SELECT is(mw.serves(), 1::bigint, 'goes');
SELECT results_eq($$SELECT outcome, reason ~ 'more a row than version 1, which serves again\.$' FROM steward.model_versions WHERE version = 2$$, $$VALUES ('rejected', true)$$, 'which says why');
SELECT mw.add(7001, 9000, wrong => 100) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'there is nobody before the first');
SELECT is(mw.serves(), 1::bigint, 'which stays');
SELECT steward.model_promote('late', 2) \g /dev/null
SELECT mw.add(9001, 12000, wrong => 100) \g /dev/null
SELECT is(steward.model_check('late'), NULL, 'and one that a person chose');
SELECT is(mw.serves(), 2::bigint, 'as well');

-- What it is taught between trainings.
SELECT steward.model_drop('late') \g /dev/null
TRUNCATE mw.note;
SELECT mw.add(1, 2000) \g /dev/null
SELECT steward.model_create('late', 'mw.note', 'is_late', text => 'body') \g /dev/null
SELECT steward.model_learn('late', 'word1 before', 'true') \g /dev/null
SELECT is((SELECT count(*) FROM steward.model_learnt), 0::bigint, 'before the first training there is nothing to teach');
SELECT steward.model_train('late') \g /dev/null
CREATE TEMPORARY TABLE said AS SELECT i, t.text, steward.model_probability('late', t.text, 'true') AS before
FROM generate_series(1, 4) AS i, LATERAL (SELECT 'word' || i || ' soon3 word7 soon' || i AS text) AS t;
CREATE FUNCTION mw.now(i integer) RETURNS float8 LANGUAGE sql AS $$ SELECT steward.model_probability('late', s.text, 'true') FROM said AS s WHERE s.i = now.i $$;
CREATE FUNCTION mw.before(i integer) RETURNS float8 LANGUAGE sql AS $$ SELECT s.before FROM said AS s WHERE s.i = before.i $$;
SELECT is(mw.now(1), mw.before(1), 'an example from before the training is a row of it');
SAVEPOINT taught;
SELECT steward.model_learn('late', s.text, 'true') FROM said AS s WHERE i = 1 \g /dev/null
SELECT cmp_ok(mw.now(1), '>', mw.before(1), 'one is learnt at once');
SELECT cmp_ok(mw.now(2), '>', mw.before(2), 'what is like it goes along');
SELECT is(mw.now(1), mw.now(1), 'once');
SELECT is((SELECT examples FROM steward.models WHERE name = 'late'), 1::bigint, 'which the models show');
CREATE TEMPORARY TABLE one AS SELECT mw.now(1) AS after;
SELECT steward.model_learn('late', s.text, 'true') FROM said AS s, generate_series(1, 20) WHERE i = 1 \g /dev/null
SELECT cmp_ok(mw.now(1), '>', (SELECT after FROM one), 'more of them weigh more');
CREATE TEMPORARY TABLE many AS SELECT mw.now(1) AS after;
ROLLBACK TO taught;
SELECT is(mw.now(1), mw.before(1), 'what is taken back is forgotten');
SELECT steward.model_learn('late', jsonb_build_object('body', s.text), '{true}'::text[]) FROM said AS s WHERE i = 1 \g /dev/null
SELECT cmp_ok(mw.now(1), '>', mw.before(1), 'an object, too');
DELETE FROM steward.model_example WHERE input ->> 'body' ~ 'soon3';
SELECT is(mw.now(1), mw.before(1), 'and an example that is deleted');
SELECT steward.model_learn('late', s.text, 'perhaps') FROM said AS s WHERE i = 1 \g /dev/null
SELECT is(mw.now(1), mw.before(1), 'a label that it does not know is left to the next training');
-- One that is wrong, and then what it costs: the model is as it was.
SELECT steward.model_learn('late', s.text, 'true') FROM said AS s WHERE i = 1 \g /dev/null
SELECT cmp_ok(mw.now(1), '>', mw.before(1), 'one that is wrong');
SELECT steward.model_learn('late', s.text, 'false') FROM said AS s WHERE i = 1 \g /dev/null
SELECT is(mw.now(1), mw.before(1), 'costs more than it gave, once somebody says so');
SELECT throws_ok($$SELECT steward.model_learn('late', '{"body": 7}'::jsonb, 'true')$$, '22023', 'member "body" of the input must be a JSON string', 'an input that is none');
DELETE FROM steward.model_example WHERE labels = '{perhaps}';
SELECT steward.model_learn('late', 'word' || i || ' soon3 word7 soon' || i, 'true') FROM generate_series(1, 40) AS i, generate_series(1, 10) \g /dev/null
SELECT is((SELECT outcome FROM steward.model_train('late')), 'promoted', 'the next training');
SELECT is((SELECT count(*) FROM steward.model_learnt), 0::bigint, 'has learnt all of them');
SELECT steward.model_alter('late', method => 'exact') \g /dev/null
SELECT steward.model_train('late') \g /dev/null
SELECT steward.model_promote('late', (SELECT max(version) FROM steward.model_version)) \g /dev/null
UPDATE said SET before = steward.model_probability('late', text, 'true');
SELECT steward.model_learn('late', s.text, 'true') FROM said AS s WHERE i = 1 \g /dev/null
SELECT is(mw.now(1), mw.before(1), 'exact weights wait for it');
SET ROLE mw_reader;
SELECT is(steward.model_probability('late', 'soon3', 'true') IS NOT NULL, true, 'readers learn as well');
SELECT is((SELECT count(*) FROM steward.model_example), 0::bigint, 'without seeing the inputs');
SELECT throws_ok($$DELETE FROM steward.model_learnt$$, '42501', NULL, 'nor changing what was learnt');
SET ROLE mw_owner;
SELECT throws_ok($$INSERT INTO steward.model_learnt VALUES ('late', now(), 1, '\x00', '{true}')$$, '42501', NULL, 'which nobody does by hand');

-- What is wrong.
UPDATE steward.model_version AS v SET sketch = 'nonsense' FROM steward.model AS m WHERE v.version = m.version;
SELECT throws_ok($$SELECT steward.model_check('late')$$, '22023', 'these bytes are not a sketch of rows', 'no sketch');
UPDATE steward.model_version SET sketch = NULL, coefficients = 'nonsense';
SELECT is(steward.model_check('late'), NULL, 'neither a sketch nor a model');
SELECT throws_ok($$SELECT * FROM steward.model_watch('SELECT 1', NULL, NULL, NULL, NULL, NULL, NULL, NULL)$$, '22004', 'a source and a label are needed', 'no label');
SELECT throws_ok($$SELECT steward.model_check('nothing')$$, '42704', 'model "nothing" does not exist', 'no model');
RESET ROLE;
SELECT throws_ok($$SELECT steward.model_check('late')$$, '42501', 'must be owner of model "late"', 'of another');
SELECT * FROM finish();
ROLLBACK;
