-- Scores by a site's own weights and phrases, which it keeps in the tables score_profile and lexicon.

CREATE TYPE score_detail AS (
    score float8,
    distance float8,
    level text,
    ambiguity float8,
    formality float8,
    reliability float8,
    formula_version text,
    lexicon_version text
);
COMMENT ON TYPE score_detail IS 'a constitutional score with its parts and the versions used';

CREATE FUNCTION profile_score(profile text, statement text, criteria jsonb DEFAULT '[]', successes bigint DEFAULT 0,
                              attempts bigint DEFAULT 0) RETURNS score_detail
    AS 'MODULE_PATHNAME', 'steward_profile_score'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION profile_score(text, text, jsonb, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION profile_score(text, text, jsonb, bigint, bigint) IS
    'constitutional_detail with the weights and the lexicon of a row of table score_profile';

CREATE FUNCTION risk_level(score float8) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_risk_level'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION risk_level(float8) FROM PUBLIC;
COMMENT ON FUNCTION risk_level(float8) IS
    'risk that a constitutional score stands for: high below 0.3, medium below 0.6, low below 0.8, else minimal';

CREATE FUNCTION statement_complexity(statement text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_statement_complexity'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 60;
REVOKE ALL ON FUNCTION statement_complexity(text) FROM PUBLIC;
COMMENT ON FUNCTION statement_complexity(text) IS
    'how much a statement holds, 0 to 1: words / 100 + mean length of a word / 10, at most 1';

CREATE FUNCTION lexicon_forget() RETURNS void
    AS 'MODULE_PATHNAME', 'steward_lexicon_forget'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10;
REVOKE ALL ON FUNCTION lexicon_forget() FROM PUBLIC;
COMMENT ON FUNCTION lexicon_forget() IS 'this session reads the lexicons and profiles of the site anew';

-- A data modification sends no invalidation of what processes keep of a table, hence this trigger.
CREATE FUNCTION lexicon_invalidate() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_lexicon_invalidate'
    LANGUAGE C COST 10;
REVOKE ALL ON FUNCTION lexicon_invalidate() FROM PUBLIC;
COMMENT ON FUNCTION lexicon_invalidate() IS
    'statement trigger of the tables lexicon and score_profile: every process reads them anew';
