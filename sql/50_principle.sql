-- The score of one principle: as stored, as it would be, and brought up to date.

CREATE FUNCTION principle_draft_score(statement text, criteria jsonb DEFAULT '[]', principle_id bigint DEFAULT NULL,
                                      profile text DEFAULT NULL)
    RETURNS TABLE (score float8, distance float8, level text, ambiguity float8, formality float8,
                   reliability float8, complexity float8, scored_at timestamptz, stored boolean,
                   formula_version text, lexicon_version text, findings jsonb)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_draft_score');
    chosen text := coalesce(principle_draft_score.profile, 'default');
    lexicon text;
    successes bigint;
    attempts bigint;
BEGIN
    PERFORM steward.migration_require('scoring');
    SELECT count(*) FILTER (WHERE a.final_outcome = 'success'), count(a.final_outcome) INTO successes, attempts
    FROM steward.qec_synthesis_attempt_logs AS a WHERE a.principle_id = principle_draft_score.principle_id;
    SELECT p.lexicon INTO lexicon FROM steward.score_profile AS p WHERE p.name = chosen;
    RETURN QUERY
    SELECT d.score, d.distance, d.level, d.ambiguity, d.formality, d.reliability,
           steward.statement_complexity(principle_draft_score.statement), statement_timestamp(), false,
           d.formula_version, d.lexicon_version,
           (SELECT coalesce(jsonb_agg(f ORDER BY f.start), '[]')
            FROM steward.ambiguity_findings(principle_draft_score.statement, lexicon) AS f)
    FROM steward.profile_score(chosen, principle_draft_score.statement, principle_draft_score.criteria,
                               successes, attempts) AS d
    WHERE d.score IS NOT NULL;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_draft_score(text, jsonb, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION principle_draft_score(text, jsonb, bigint, text) IS
    'what a principle would score if it read so, with the history of that principle, by that profile (default)';

CREATE FUNCTION principle_score(principle_id bigint)
    RETURNS TABLE (score float8, distance float8, level text, ambiguity float8, formality float8,
                   reliability float8, complexity float8, scored_at timestamptz, stored boolean,
                   formula_version text, lexicon_version text, findings jsonb)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'principle_score');
    principle record;
BEGIN
    PERFORM steward.migration_require('scoring');
    SELECT p.*, f.lexicon INTO principle
    FROM steward.constitutional_principles AS p LEFT JOIN steward.score_profile AS f ON f.name = p.profile
    WHERE p.principle_id = principle_score.principle_id;
    IF NOT FOUND THEN
        NULL; -- no row
    ELSIF principle.scored_hash IS DISTINCT FROM principle.content_hash OR principle.distance_score IS NULL THEN
        RETURN QUERY SELECT * FROM steward.principle_draft_score(principle.statement, principle.criteria,
                                                                 principle.principle_id, principle.profile);
    ELSE
        RETURN QUERY
        SELECT 1 - principle.distance_score, principle.distance_score,
               steward.risk_level(1 - principle.distance_score), principle.ambiguity, principle.formality,
               principle.reliability, steward.statement_complexity(principle.statement), principle.scored_at, true,
               principle.formula_version, principle.lexicon_version,
               (SELECT coalesce(jsonb_agg(f ORDER BY f.start), '[]')
                FROM steward.ambiguity_findings(principle.statement, principle.lexicon) AS f);
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_score(bigint) FROM PUBLIC;
COMMENT ON FUNCTION principle_score(bigint) IS
    'newest score of a principle with its parts and findings; computed if its text is newer than what is stored';

CREATE FUNCTION score_principle(principle_id bigint)
    RETURNS TABLE (score float8, distance float8, level text, ambiguity float8, formality float8,
                   reliability float8, complexity float8, scored_at timestamptz, stored boolean,
                   formula_version text, lexicon_version text, findings jsonb)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    measured bigint := steward.operation_begin('principle', 'score_principle');
BEGIN
    PERFORM steward.principle_rescore(ARRAY[score_principle.principle_id]);
    RETURN QUERY SELECT * FROM steward.principle_score(score_principle.principle_id);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'principle % does not exist', score_principle.principle_id USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION score_principle(bigint) FROM PUBLIC;
COMMENT ON FUNCTION score_principle(bigint) IS
    'scores one principle now, stores the score if it has changed, and returns it with its parts and findings';
