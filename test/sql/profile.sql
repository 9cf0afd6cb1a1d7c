-- Profiles and principles where the DBA has not made the tables: what works, and what says what is missing.
SET search_path = steward, public;
-- The built-in lexicons need no table.
SELECT ambiguity('it may', 'iso') = ambiguity('it may') AS same;
DO $$
DECLARE
    statement text;
    state text;
    message text;
    hint text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'SELECT steward.ambiguity(''it may'', ''house'')',
        'SELECT steward.lexicon_phrases(''house'')',
        'SELECT steward.profile_score(''default'', ''it may'')',
        'SELECT * FROM steward.principle_score(1)',
        'SELECT * FROM steward.principle_draft_score(''it may'')',
        'SELECT * FROM steward.score_principle(1)',
        'SELECT * FROM steward.principle_rescore(ARRAY[1])',
        'SELECT * FROM steward.principle_rescore_queued()',
        'SELECT steward.migration_require(''scoring'')',
        'SELECT steward.migration_require(''nothing'')',
        'SELECT steward.lexicon_invalidate()']
    LOOP
        BEGIN
            EXECUTE statement;
            RAISE NOTICE '%: no error', statement;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
            RAISE INFO E'%\n  % %\n  %', statement, state, message, hint;
        END;
    END LOOP;
END $$;
SELECT migration, migration_is_deployed(migration)
FROM unnest(ARRAY['principles', 'history', 'summary', 'scoring']) AS migration;
-- A duty whose tables are missing is left out.
CALL worker_run();
\set SHOW_CONTEXT never
CALL worker_run(0);

SELECT score, risk_level(score) FROM unnest(ARRAY[0, 0.29, 0.3, 0.59, 0.6, 0.79, 0.8, 1]) AS score;
SELECT i, statement_complexity(statement)
FROM unnest(ARRAY['', '   ', 'a', 'ab cd', E' ab\tcd\n', 'é', repeat('word ', 200)]) WITH ORDINALITY AS s (statement, i)
ORDER BY i;
