-- How robust a principle is: clear wording, formal criteria, a history of success.

CREATE FUNCTION criteria_formality(criteria jsonb) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_criteria_formality'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 60;
REVOKE ALL ON FUNCTION criteria_formality(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION criteria_formality(jsonb) IS
    'share of the criteria that fill in id, given, when and then; times 1.1, at most 1, from three criteria on';

CREATE FUNCTION synthesis_reliability(successes bigint, attempts bigint) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_synthesis_reliability'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 7;
REVOKE ALL ON FUNCTION synthesis_reliability(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION synthesis_reliability(bigint, bigint) IS
    'expected rate of success after so many successes in so many attempts: (successes + 3) / (attempts + 4)';

CREATE FUNCTION constitutional_score(statement text, criteria jsonb DEFAULT '[]', successes bigint DEFAULT 0,
                                     attempts bigint DEFAULT 0, weights float8[] DEFAULT '{0.3,0.4,0.3}')
    RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_constitutional_score'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 300;
REVOKE ALL ON FUNCTION constitutional_score(text, jsonb, bigint, bigint, float8[]) FROM PUBLIC;
COMMENT ON FUNCTION constitutional_score(text, jsonb, bigint, bigint, float8[]) IS
    'robustness of a principle, 0 to 1: weighted sum of 1 - ambiguity, formality and reliability';

CREATE FUNCTION constitutional_distance(statement text, criteria jsonb DEFAULT '[]',
                                        successes bigint DEFAULT 0, attempts bigint DEFAULT 0,
                                        weights float8[] DEFAULT '{0.3,0.4,0.3}')
    RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_constitutional_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 300;
REVOKE ALL ON FUNCTION constitutional_distance(text, jsonb, bigint, bigint, float8[]) FROM PUBLIC;
COMMENT ON FUNCTION constitutional_distance(text, jsonb, bigint, bigint, float8[]) IS
    'distance of a principle from full robustness, 0 to 1: 1 - constitutional_score of the same arguments';

CREATE FUNCTION constitutional_detail(statement text, criteria jsonb DEFAULT '[]', successes bigint DEFAULT 0,
                                      attempts bigint DEFAULT 0, weights float8[] DEFAULT '{0.3,0.4,0.3}',
                                      OUT score float8, OUT distance float8, OUT level text,
                                      OUT ambiguity float8, OUT formality float8, OUT reliability float8,
                                      OUT formula_version text, OUT lexicon_version text)
    AS 'MODULE_PATHNAME', 'steward_constitutional_detail'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION constitutional_detail(text, jsonb, bigint, bigint, float8[]) FROM PUBLIC;
COMMENT ON FUNCTION constitutional_detail(text, jsonb, bigint, bigint, float8[]) IS
    'constitutional_score with its parts, the level of risk (high, medium, low, minimal) and the versions used';
