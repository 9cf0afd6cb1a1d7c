-- What `make demo` shows of the scores.
\pset footer off
\pset null ''
\pset title 'The ten most ambiguous statements, and the phrases that make them so'
SELECT round(ambiguity::numeric, 2) AS ambiguity, name AS section, left(statement, 90) AS statement,
       (SELECT string_agg(DISTINCT phrase, ', ') FROM steward.ambiguity_findings(statement)) AS phrases
FROM policy_statement
ORDER BY policy_statement.ambiguity DESC, statement_id
LIMIT 10;

\pset title 'Ambiguity by chapter'
SELECT category AS chapter, count(*) AS statements, round(avg(ambiguity)::numeric, 3) AS mean,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ambiguity)::numeric, 3) AS median,
       round(max(ambiguity)::numeric, 3) AS highest,
       repeat('#', round(avg(ambiguity) * 60)::integer) AS "mean as a bar"
FROM policy_statement
GROUP BY category
ORDER BY min(statement_id);

\pset title 'One statement in detail: score and parts'
SELECT round(score::numeric, 3) AS score, round(distance::numeric, 3) AS distance, level,
       round(d.ambiguity::numeric, 3) AS ambiguity, round(formality::numeric, 3) AS formality,
       round(reliability::numeric, 3) AS reliability, formula_version, lexicon_version
FROM policy_statement,
     steward.constitutional_detail(
         statement, '[{"id": "C1", "given": "a source package", "when": "it is built", "then": "it succeeds"}]',
         successes => 8, attempts => 9) AS d
ORDER BY policy_statement.ambiguity DESC, statement_id
LIMIT 1;

-- Each statement once more per round, so that the clock has something to measure.
SELECT clock_timestamp() AS started \gset
SELECT count(steward.ambiguity(statement || round)) AS scored
FROM policy_statement, generate_series(1, 200) AS round \gset
\pset title 'Speed in this session'
SELECT :scored AS "statements scored",
       round(:scored / extract(epoch FROM clock_timestamp() - :'started'))::bigint AS "rows per second";
\pset title
