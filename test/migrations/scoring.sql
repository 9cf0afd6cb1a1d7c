-- Principles are scored by what they say, their history, profile and lexicon; what has not changed is not written.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(64);
DELETE FROM steward.constitutional_principles;

CREATE FUNCTION pg_temp.rescore() RETURNS text LANGUAGE sql AS $$
    SELECT format('queued %s/%s, pending %s/%s', q.written, q.examined, p.written, p.examined)
    FROM steward.principle_rescore_queued() AS q, steward.principle_rescore_isolated(steward.principle_pending(), clock_timestamp(), true) AS p
$$;
CREATE FUNCTION pg_temp.stored(id bigint) RETURNS numeric LANGUAGE sql AS $$
    SELECT round(distance_score::numeric, 6) FROM steward.constitutional_principles WHERE principle_id = id
$$;

COMMIT;

-- Nothing to do takes no transaction id, hence writes no WAL (pgTAP itself writes, so it only reports).
SELECT pg_temp.rescore() AS nothing, pg_current_xact_id_if_assigned() IS NULL AS unwritten \gset
BEGIN;
SELECT is(:'nothing'::text, 'queued 0/0, pending 0/0', 'with no principle there is nothing to do');
SELECT is(:'unwritten'::text, 't', 'and nothing is written');

INSERT INTO steward.constitutional_principles (principle_id, name, category, statement, criteria) VALUES
    (1, 'one', 'c', 'It may be appropriate.', '[]'),
    (2, 'two', 'c', 'Tokens expire after 15 minutes.', '[{"id": 1, "given": "g", "when": "w", "then": "t"}]');
SELECT is((SELECT stored FROM steward.principle_score(1)), false, 'a new score is computed when it is asked for');
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 2/2', 'new principles are scored');
SELECT is((SELECT stored FROM steward.principle_score(1)), true, 'and from then on read');
SELECT results_eq(
    $$SELECT p.distance_score, p.ambiguity, p.formality, p.reliability, p.formula_version, p.lexicon_version
      FROM steward.constitutional_principles AS p ORDER BY principle_id$$,
    $$SELECT d.distance, d.ambiguity, d.formality, d.reliability, d.formula_version, d.lexicon_version
      FROM steward.constitutional_principles AS p, steward.constitutional_detail(p.statement, p.criteria) AS d
      ORDER BY principle_id$$,
    'they are what constitutional_detail says');
SELECT results_eq(
    $$SELECT principle_id, 1 - composite_score, score_updated_at FROM steward.qec_distance_calculations ORDER BY 1$$,
    $$SELECT principle_id, distance_score, scored_at FROM steward.constitutional_principles ORDER BY 1$$,
    'history has the same');
SELECT results_eq(
    $$SELECT round(score::numeric, 9), distance, level, round(ambiguity::numeric, 9), complexity, findings
      FROM steward.principle_score(1)$$,
    $$SELECT round(score::numeric, 9), distance, level, round(ambiguity::numeric, 9), complexity, findings
      FROM steward.principle_draft_score('It may be appropriate.', principle_id => 1)$$,
    'a draft with the same words scores the same');
SELECT is((SELECT count(*) FROM steward.principle_score(77)), 0::bigint, 'an unknown principle has no score');
SELECT throws_ok($$SELECT * FROM steward.score_principle(77)$$, 'P0002', 'principle 77 does not exist');

-- Content.
UPDATE steward.constitutional_principles SET name = 'another', updated_at = now();
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 0/0', 'a name is no part of the score');
UPDATE steward.constitutional_principles SET statement = statement || ' Perhaps.' WHERE principle_id = 2;
UPDATE steward.constitutional_principles SET statement = replace(statement, ' Perhaps.', '') WHERE principle_id = 2;
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 0/0', 'a text that is what it was is not scored again');
UPDATE steward.constitutional_principles SET statement = statement || ' Perhaps.' WHERE principle_id = 2;
SELECT is((SELECT stored FROM steward.principle_score(2)), false, 'an edited text is never shown with its old score');
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 1/1', 'an edited text is scored');
UPDATE steward.constitutional_principles SET criteria = '[]' WHERE principle_id = 2;
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 1/1', 'edited criteria are scored');
SELECT throws_ok($$UPDATE steward.constitutional_principles SET criteria = '[1]'$$, '23514', NULL,
                 'criteria that could not be scored are refused');
UPDATE steward.constitutional_principles SET scored_hash = NULL;
SELECT is((SELECT stored FROM steward.score_principle(1)), true, 'score_principle scores one at once');
SELECT is(pg_temp.rescore(), 'queued 0/1, pending 1/1', 'and leaves the others');

-- History: only what ended counts, however it comes.
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (1, NULL), (99, 'failure');
SELECT is(pg_temp.rescore(), 'queued 0/1, pending 0/0', 'an attempt in progress changes nothing');
UPDATE steward.qec_synthesis_attempt_logs SET final_outcome = 'failure' WHERE principle_id = 1;
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'an attempt that ended changes the score');
SELECT is((SELECT reliability FROM steward.constitutional_principles WHERE principle_id = 1),
          steward.synthesis_reliability(0, 1), 'as a failure');
DELETE FROM steward.qec_synthesis_attempt_logs WHERE principle_id = 1;
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'an attempt that is deleted changes it back');
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (1, 'success'), (1, 'failure'), (2, 'success');
SELECT is(pg_temp.rescore(), 'queued 2/2, pending 0/0', 'each principle is scored once, however many attempts');
TRUNCATE steward.qec_synthesis_attempt_logs;
SELECT is(pg_temp.rescore(), 'queued 2/2, pending 0/0', 'TRUNCATE is a change of all');
SAVEPOINT s;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (1, 'failure');
ROLLBACK TO s;
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 0/0', 'what was rolled back is no change');
SELECT is((SELECT count(*) = count(DISTINCT (principle_id, score_updated_at)) FROM steward.qec_distance_calculations),
          true, 'several scores in one transaction have times of their own');

-- Lexicons and profiles.
INSERT INTO steward.lexicon (name, phrase, class, weight) VALUES ('house', 'tokens', 'jargon', 0.5);
INSERT INTO steward.score_profile (name, weights, lexicon) VALUES ('strict', '{1,0,0}', 'house');
SELECT is(steward.ambiguity('tokens', 'house'), 0.5::float8, 'a site''s own lexicon is a lexicon');
SELECT is((SELECT start FROM steward.ambiguity_findings('my tokens', 'house')), 4, 'with findings');
SELECT is((SELECT count(*) FROM steward.lexicon_phrases('house')), 1::bigint, 'and phrases');
UPDATE steward.constitutional_principles SET profile = 'strict' WHERE principle_id = 2;
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'another profile, another score');
SELECT is(pg_temp.stored(2), 0.5, 'by the weights and the lexicon of the profile');
UPDATE steward.lexicon SET weight = 0.25;
SELECT is(steward.ambiguity('tokens', 'house'), 0.25::float8, 'a changed phrase is seen by the same transaction');
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'and scores the principles of its profiles, no others');
SELECT is(pg_temp.stored(2), 0.25, 'anew');
SAVEPOINT s;
UPDATE steward.lexicon SET weight = 0.75;
SELECT is(steward.ambiguity('tokens', 'house'), 0.75::float8, 'a change that is rolled back');
ROLLBACK TO s;
SELECT is(steward.ambiguity('tokens', 'house'), 0.25::float8, 'is forgotten');
UPDATE steward.score_profile SET weights = '{0.5,0.5,0}' WHERE name = 'strict';
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'changed weights score the principles of the profile');
UPDATE steward.score_profile SET weights = weights;
SELECT is(pg_temp.rescore(), 'queued 0/2, pending 0/0', 'weights that are what they were write nothing');
SELECT throws_ok($$DELETE FROM steward.lexicon$$, '42704', NULL, 'a lexicon in use is not emptied');
SELECT throws_ok($$INSERT INTO steward.lexicon (name, phrase, class, weight) VALUES ('bad', ' x ', 'c', 0.1)$$, '22023',
                 NULL, 'a phrase that could not be matched is refused');
SELECT throws_ok($$INSERT INTO steward.score_profile (name, lexicon) VALUES ('p', 'nowhere')$$, '42704', NULL,
                 'a profile without a lexicon is refused');
SELECT throws_ok($$INSERT INTO steward.score_profile (name, weights) VALUES ('p', '{1,1,1}')$$, '23514', NULL,
                 'weights that do not add up are refused');
SELECT throws_ok($$INSERT INTO steward.lexicon (name, phrase, class, weight) VALUES ('iso', 'x', 'c', 0.1)$$, '23514',
                 NULL, 'the name of a built-in lexicon is taken');
UPDATE steward.constitutional_principles SET profile = 'nowhere' WHERE principle_id = 2;
SELECT pg_temp.rescore();
SELECT is(pg_temp.stored(2), NULL::numeric, 'without its profile a principle has no score');
SELECT is((SELECT score_error FROM steward.constitutional_principles WHERE principle_id = 2),
          'score profile "nowhere" does not exist', 'and says why');
INSERT INTO steward.score_profile (name) VALUES ('nowhere');
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'and gets one with it');
SELECT is((SELECT score_error FROM steward.constitutional_principles WHERE principle_id = 2), NULL, 'and no longer complains');
TRUNCATE steward.score_profile;
SELECT is(pg_temp.rescore(), 'queued 2/2, pending 0/0', 'without any profile nothing has a score');
INSERT INTO steward.score_profile (name) VALUES ('default'), ('nowhere');
SELECT is(pg_temp.rescore(), 'queued 2/2, pending 0/0', 'until they are back');

-- One principle that cannot be scored does not keep the others from it. No constraint lets such a one in, so that
-- the test takes one away.
ALTER TABLE steward.score_profile DROP CONSTRAINT score_profile_weights;
INSERT INTO steward.score_profile (name, weights) VALUES ('broken', '{2,-1,0}');
INSERT INTO steward.constitutional_principles (principle_id, name, category, statement, profile)
SELECT i, 'n', 'c', 'It may.', CASE i WHEN 13 THEN 'broken' ELSE 'default' END FROM generate_series(10, 20) AS i;
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 10/10', 'a batch with one that cannot be scored');
SELECT is((SELECT count(distance_score) FROM steward.constitutional_principles WHERE principle_id BETWEEN 10 AND 20),
          10::bigint, 'scores the others');
SELECT matches((SELECT score_error FROM steward.constitutional_principles WHERE principle_id = 13), 'weights must',
               'and keeps the reason of the one');
SELECT throws_ok($$SELECT * FROM steward.principle_rescore(ARRAY[12, 13])$$, '22023', NULL, 'whoever asks for it hears of it');
UPDATE steward.score_profile SET weights = '{1,0,0}' WHERE name = 'broken';
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'mended, it has a score');
SELECT throws_ok($$INSERT INTO steward.score_profile (name, weights) VALUES ('p', '[0:2]={-5,3,3}'); ALTER TABLE steward.score_profile
                     ADD CONSTRAINT again CHECK (array_lower(weights, 1) = 1)$$, '23514', NULL, 'weights count from 1');
DELETE FROM steward.constitutional_principles WHERE principle_id >= 10;
DELETE FROM steward.score_profile WHERE name = 'broken';
SELECT throws_ok($$SELECT * FROM steward.principle_rescore(NULL)$$, '22023', NULL, 'a score is that of something');
SELECT throws_ok($$SELECT * FROM steward.principle_rescore(ARRAY[1], 'infinity')$$, '22023', NULL, 'and its time is finite');
UPDATE steward.constitutional_principles SET scored_at = 'infinity', statement = statement || '.' WHERE principle_id = 1;
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 1/1', 'a time that somebody wrote does no harm');
UPDATE steward.constitutional_principles SET scored_at = '294276-12-31', statement = statement || '.' WHERE principle_id = 1;
SELECT is(pg_temp.rescore(), 'queued 0/0, pending 1/1', 'however late it is');

-- What is scored in the transaction that wrote it is looked at again.
DELETE FROM steward.principle_change;
SELECT steward.principle_rescore(ARRAY[1]);
SELECT results_eq($$SELECT principle_id FROM steward.principle_change$$, ARRAY[1::bigint], 'after the commit the worker looks again');
DELETE FROM steward.principle_change;
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, attempted_at, final_outcome) VALUES (1, now() + interval '5 days', 'failure');
SELECT is(pg_temp.rescore(), 'queued 1/1, pending 0/0', 'an attempt of a clock that is ahead counts');
UPDATE steward.qec_synthesis_attempt_logs SET principle_id = 2 WHERE principle_id = 1;
SELECT is(pg_temp.rescore(), 'queued 2/2, pending 0/0', 'an attempt that goes to another principle changes both');

-- Retention: a day in the far future leaves the past behind and remembers whom that concerns.
INSERT INTO steward.qec_synthesis_attempt_logs (principle_id, final_outcome) VALUES (1, 'failure');
SELECT pg_temp.rescore();
SELECT steward.history_maintain(now() + interval '3 years');
SELECT is((SELECT count(*) FROM steward.qec_synthesis_attempt_logs), 0::bigint, 'attempts past their retention are gone');
SELECT is(pg_temp.rescore(), 'queued 2/2, pending 0/0', 'and no longer count');
SELECT * FROM finish();
ROLLBACK;
