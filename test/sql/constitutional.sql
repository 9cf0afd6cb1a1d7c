-- The constitutional score and its parts.
SET search_path = steward, public;
SET extra_float_digits = 0;

-- Formality: complete criteria among all.
SELECT criteria, criteria_formality(criteria::jsonb)
FROM (VALUES
    (1, '[]'),
    (2, '[{"id": "a", "given": "g", "when": "w", "then": "t"}]'),
    (3, '[{"id": "a", "given": "g", "when": "w", "then": "t"}, {"id": "b"}]'),
    (4, '[{"id": "a", "given": "g", "when": "w", "then": "t"}, {}, {"id": 1, "given": "g", "when": "w", "then": "t"}]'),
    (5, '[{"id": "a", "given": " ", "when": "w", "then": "t"}]'),
    (6, '[{"id": null, "given": "g", "when": "w", "then": "t"}]'),
    (7, '[{"id": 0, "given": ["g"], "when": {"w": 1}, "then": true}]'),
    (8, '[{"id": "a", "given": [], "when": "w", "then": "t"}]'),
    (9, '[{"type": "performance", "criteria": ["fast"]}]'),
    (10, '[{"id": false, "given": "g", "when": "w", "then": "t"}]')) AS v (ordinal, criteria)
ORDER BY ordinal;
-- Three complete criteria: the bonus does not lead beyond 1.
SELECT criteria_formality(jsonb_agg(jsonb_build_object('id', i, 'given', 'g', 'when', 'w', 'then', 't')))
FROM generate_series(1, 3) AS i;

-- Reliability: with no history, what is expected of a new principle.
SELECT successes, attempts, synthesis_reliability(successes, attempts)
FROM (VALUES (0, 0), (0, 1), (1, 1), (0, 96), (96, 96), (9223372036854775807, 9223372036854775807))
     AS v (successes, attempts);

-- Score, distance and detail agree, whatever is left out.
SELECT constitutional_score('clear'), constitutional_score('it may'),
       constitutional_score('', '[]', 0, 100) AS worst,
       constitutional_score('clear', '[{"id": 1, "given": "g", "when": "w", "then": "t"}]', 96, 96) AS best;
SELECT constitutional_score('clear', weights => '{1,0,0}') AS clarity,
       constitutional_score('clear', weights => '{0,1,0}') AS formality,
       constitutional_score('clear', weights => '{0,0,1}') AS reliability,
       constitutional_score('clear', weights => '{0.5,0.25,0.25}') AS mixed;
SELECT constitutional_score(s) + constitutional_distance(s) = 1 AS distance_is_the_rest,
       d.score = constitutional_score(s) AS same_score, d.ambiguity = ambiguity(s) AS same_ambiguity
FROM (VALUES ('It should be fast.')) AS v (s), constitutional_detail(s) AS d;
SELECT level, constitutional_score
FROM (VALUES (1, '', '[]', 0, 100),
             (2, 'clear', '[]', 0, 0),
             (3, 'clear', '[{"id": 1, "given": "g", "when": "w", "then": "t"}, {"id": 2}]', 0, 0),
             (4, 'clear', '[{"id": 1, "given": "g", "when": "w", "then": "t"}]', 0, 0))
     AS v (ordinal, statement, criteria, successes, attempts),
     constitutional_detail(statement, criteria::jsonb, successes, attempts),
     constitutional_score(statement, criteria::jsonb, successes, attempts)
ORDER BY ordinal;
SELECT * FROM constitutional_detail('It should be fast, if possible.', '[{"id": 1}]', 3, 4);

-- Stored with the row, the score is the weighted sum of its parts.
CREATE TABLE public.principle (
    principle_id bigint PRIMARY KEY, statement text, criteria jsonb, successes bigint, attempts bigint,
    score float8 GENERATED ALWAYS AS (constitutional_score(statement, criteria, successes, attempts)) STORED
);
INSERT INTO public.principle
SELECT i, repeat('It may ', i % 5) || 'be so.', jsonb_build_array(jsonb_build_object(
           'id', i, 'given', 'g', 'when', 'w', 'then', CASE WHEN i % 2 = 0 THEN 't' ELSE '' END)), i % 7, i % 7 + i % 3
FROM generate_series(1, 200) AS i;
SELECT count(*) AS principles, count(DISTINCT score) > 20 AS many_scores,
       max(abs(score - (0.3 * (1 - ambiguity(statement)) + 0.4 * criteria_formality(criteria)
                        + 0.3 * synthesis_reliability(successes, attempts)))) < 1e-12 AS weighted_sum
FROM public.principle;
DROP TABLE public.principle;

-- Null in, null out.
SELECT constitutional_score(NULL) IS NULL AND constitutional_score('x', NULL) IS NULL
       AND constitutional_score('x', '[]', NULL, 1) IS NULL AND constitutional_score('x', '[]', 1, NULL) IS NULL
       AND constitutional_score('x', '[]', 0, 0, NULL) IS NULL AND constitutional_distance(NULL) IS NULL
       AND criteria_formality(NULL) IS NULL AND synthesis_reliability(NULL, 1) IS NULL AS null_in_null_out;
SELECT * FROM constitutional_detail(NULL);

-- Bad input.
SELECT criteria_formality('{}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT criteria_formality('null'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT criteria_formality('"text"'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT criteria_formality('[{}, "text"]'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT criteria_formality('[[]]'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT criteria_formality('[null]'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT synthesis_reliability(2, 1); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT synthesis_reliability(-1, 1); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT synthesis_reliability(0, -1); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT synthesis_reliability(-9223372036854775808, 0); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', '[]', 5, 4); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', '{}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{1,0}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{0.3,0.4,0.3,0}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{0.3,0.4,0.4}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{1.5,-0.5,0}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{NaN,0.5,0.5}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{Infinity,0,0}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{{0.3,0.4,0.3}}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT constitutional_score('x', weights => '{0.3,NULL,0.7}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT * FROM constitutional_detail('x', '[]', 1, 0); \echo SQLSTATE :LAST_ERROR_SQLSTATE
-- A million criteria.
SELECT criteria_formality(('[' || repeat('{"id": 1},', 1000000) || '{"id": 1}]')::jsonb);
