-- Ambiguity of a statement and the phrases behind it.
SET search_path = steward, public;
SET extra_float_digits = 0;

-- By the lexicon iso: 1 - product of (1 - weight) over what is found.
SELECT statement, ambiguity(statement)
FROM (VALUES (1, 'The server answers within 200 ms.'),
             (2, 'The server may answer within 200 ms.'),
             (3, 'The server MAY answer; it may not.'),
             (4, 'may may may'),
             (5, 'may may may may may'),
             (6, 'TBD'),
             (7, 'Access is granted where appropriate.'),
             (8, 'Access is granted where' || E'\n\t  ' || 'appropriate.'),
             (9, 'The mayor of a proper-ty may_be.')) AS v (ordinal, statement)
ORDER BY ordinal;

-- What says nothing is as ambiguous as can be.
SELECT ambiguity('') AS empty, ambiguity(E' \t\n') AS blank, ambiguity('...!') AS signs;

-- Null in, null out.
SELECT ambiguity(NULL) IS NULL AS no_statement, ambiguity(NULL, 'iso') IS NULL AS no_statement_either,
       ambiguity('x', NULL) IS NULL AS no_lexicon, ambiguity_scores(NULL) IS NULL AS no_array;

-- By the lexicon acgs: substrings, capped counts.
SELECT statement, ambiguity(statement, 'acgs')
FROM (VALUES (1, ''), (2, 'clear'), (3, 'may'), (4, 'The mayor'), (5, 'may might could'),
             (6, 'appropriate'), (7, 'appropriate reasonable'), (8, 'when appropriate'),
             (9, 'should, appropriate, if possible, in good faith')) AS v (ordinal, statement)
ORDER BY ordinal;
SELECT ambiguity('whatever it may be') = ambiguity('whatever it may be', 'iso') AS iso_is_the_default;

-- Findings: positions as substr counts characters.
SELECT class, phrase, start, length, weight, substr(statement, start, length) AS in_place
FROM (VALUES ('Größe: “May” be  used as' || E'\n' || 'appropriate, etc.')) AS v (statement),
     ambiguity_findings(statement);
-- Of overlapping phrases the longest counts, once.
SELECT phrase, start FROM ambiguity_findings('including but not limited to best practices');
SELECT class, phrase, start FROM ambiguity_findings('use it when appropriate', 'acgs');
SELECT count(*) FROM ambiguity_findings('');
SELECT count(*) FROM ambiguity_findings(NULL);
-- Neither letters nor underscores are borders, quotes and dashes are.
SELECT v.statement, count(phrase)
FROM (VALUES ('mayé'), ('émay'), ('may_1'), ('“may”'), ('—may—'), ('(may)'), ('may.')) AS v (statement)
     LEFT JOIN LATERAL ambiguity_findings(v.statement) ON true
GROUP BY v.statement ORDER BY v.statement COLLATE "C";

-- Many statements in one call.
SELECT ambiguity_scores(ARRAY['may', NULL, 'clear', '']);
SELECT ambiguity_scores(ARRAY[['may', 'clear'], ['should', '']], 'acgs');
SELECT ambiguity_scores('[3:4]={may,clear}');
SELECT ambiguity_scores('{}');

-- The lexicon itself.
SELECT count(*) >= 180 AS enough, count(DISTINCT phrase) = count(*) AS distinct_phrases,
       count(DISTINCT class) AS classes, bool_and(reference <> '' AND weight_source <> '') AS explained,
       bool_and(weight > 0 AND weight < 1) AS weighted
FROM lexicon_phrases();
SELECT class, count(*), min(weight) FROM lexicon_phrases('acgs') GROUP BY class ORDER BY class;
-- A lexicon that changes in any way gets a new version, and this answer with it.
SELECT d.lexicon_version, md5(string_agg(concat_ws('|', class, phrase, weight), ',' ORDER BY class, phrase COLLATE "C"))
FROM lexicon_phrases(), constitutional_detail('x') AS d GROUP BY d.lexicon_version;
-- Every phrase is found in itself, and nothing else is.
SELECT l.phrase, f.phrase AS found
FROM lexicon_phrases() AS l LEFT JOIN LATERAL ambiguity_findings(l.phrase) AS f ON true
WHERE f.phrase IS DISTINCT FROM l.phrase;

-- Bad input.
SELECT ambiguity('x', 'nonesuch'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT * FROM ambiguity_findings('x', ''); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT * FROM lexicon_phrases('ISO'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT ambiguity_scores(ARRAY['x'], 'nonesuch'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
-- A text of 100 MB. That a cancel acts inside it, bench/cancel measures.
SELECT ambiguity(repeat('it may be clear ', 6250000)) AS long_text;

-- Usable where immutability is required, and in a parallel plan.
CREATE TABLE public.scored (statement text, score float8 GENERATED ALWAYS AS (ambiguity(statement)) STORED);
INSERT INTO public.scored VALUES ('it may'), ('it is');
CREATE INDEX ON public.scored (ambiguity(statement));
SELECT * FROM public.scored ORDER BY statement;
INSERT INTO public.scored SELECT 'row ' || i || ' may be' FROM generate_series(1, 5000) AS i;
ANALYZE public.scored;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT sum(ambiguity(statement)) FROM public.scored;
SELECT round(sum(ambiguity(statement))::numeric, 6) AS in_parallel FROM public.scored;
SET max_parallel_workers_per_gather = 0;
SELECT round(sum(ambiguity(statement))::numeric, 6) AS alone FROM public.scored;
DROP TABLE public.scored;
