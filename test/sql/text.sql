-- Scorers that compare an answer with what was expected.
SET search_path = steward, public;

-- Edit distance, in characters.
SELECT a, b, levenshtein(a, b)
FROM (VALUES ('', ''), ('', 'abc'), ('abc', ''), ('kitten', 'sitting'), ('abc', 'abc'), ('é', 'è'),
             ('naïve café', 'naive cafe'), ('日本語', '日本'), ('🙂🙃', '🙃🙂'), ('Flaw', 'lawn')) AS v (a, b);
-- At any length: 300 characters and 100,000.
SELECT levenshtein(repeat('a', 300), repeat('b', 300)), levenshtein(repeat('ab', 50000), repeat('ba', 50000));
SELECT levenshtein(repeat('é', 600) || 'x', repeat('è', 600) || 'y');
SELECT levenshtein(NULL, 'a') IS NULL AND levenshtein('a', NULL) IS NULL AS null_in_null_out;
-- Cancelled when it takes too long.
SET statement_timeout = '50ms';
SELECT levenshtein(string_agg(md5(i::text), ''), string_agg(md5((-i)::text), '')) FROM generate_series(1, 100000) AS i;
RESET statement_timeout;
-- The same as the contrib module where that one answers.
CREATE EXTENSION fuzzystrmatch SCHEMA public;
SELECT count(*) AS pairs, count(*) FILTER (WHERE public.levenshtein(a, b) <> steward.levenshtein(a, b)) AS different
FROM (SELECT left(repeat(md5(i::text), 1 + i % 8), 1 + (i * 7) % 250) AS a,
             left(repeat(md5((i + i % 3)::text), 1 + i % 8), 1 + (i * 11) % 250) AS b
      FROM generate_series(1, 2000) AS i) AS pairs;
DROP EXTENSION fuzzystrmatch;

-- Equality, up to what the options allow.
SELECT expected, actual, options, exact_match(expected, actual, options::jsonb)
FROM (VALUES
    (1, 'Paris', 'Paris', '{}'),
    (2, 'Paris', 'paris', '{}'),
    (3, 'Paris', 'pARIS', '{"ignore_case": true}'),
    (4, 'Paris', ' Paris  ', '{}'),
    (5, 'New York', E' New\n  York ', '{"ignore_whitespace": true}'),
    (6, 'New York', 'NewYork', '{"ignore_whitespace": true}'),
    (7, 'Paris', '"Paris."', '{"ignore_punctuation": true}'),
    (8, 'Paris', '“paris” !', '{"ignore_punctuation": true, "ignore_case": true, "ignore_whitespace": true}'),
    (9, '42', '42.0', '{}'),
    (10, '42', ' 42.0 ', '{"tolerance": 0.001}'),
    (11, '3.14', '3.15', '{"tolerance": 0.001}'),
    (12, 'x', '3.15', '{"tolerance": 0.001}'),
    (13, '', '', '{}'),
    (14, '', ' ', '{"ignore_whitespace": true}'),
    (15, 'a', '', '{"ignore_case": false}')) AS v (ordinal, expected, actual, options)
ORDER BY ordinal;
SELECT exact_match('a', 'a'), exact_match('a', 'b');
SELECT exact_match(NULL, 'a') IS NULL AND exact_match('a', NULL) IS NULL AND exact_match('a', 'a', NULL) IS NULL
       AS null_in_null_out;

-- Bad input.
SELECT exact_match('a', 'a', '[]'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'a', '1'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'a', '{"ignore_cases": true}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'a', '{"ignore_case": 1}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'a', '{"ignore_case": null}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'a', '{"tolerance": "1"}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'b', '{"tolerance": -1}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'b', '{"tolerance": {"is": 1}}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT exact_match('a', 'b', '{"tolerance": 1e400}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
