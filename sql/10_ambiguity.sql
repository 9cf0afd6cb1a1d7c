-- How ambiguous a statement is, and which words make it so.

CREATE FUNCTION ambiguity(statement text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_ambiguity'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
REVOKE ALL ON FUNCTION ambiguity(text) FROM PUBLIC;
COMMENT ON FUNCTION ambiguity(text) IS
    'ambiguity of a statement, from 0 (clear) to 1, by the lexicon iso; 1 if it holds no word';

CREATE FUNCTION ambiguity(statement text, lexicon text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_ambiguity_lexicon'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 200;
REVOKE ALL ON FUNCTION ambiguity(text, text) FROM PUBLIC;
COMMENT ON FUNCTION ambiguity(text, text) IS
    'ambiguity of a statement, from 0 (clear) to 1, by the lexicon of that name';

CREATE FUNCTION ambiguity_scores(statements text[], lexicon text DEFAULT 'iso') RETURNS float8[]
    AS 'MODULE_PATHNAME', 'steward_ambiguity_scores'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 2000;
REVOKE ALL ON FUNCTION ambiguity_scores(text[], text) FROM PUBLIC;
COMMENT ON FUNCTION ambiguity_scores(text[], text) IS
    'ambiguity of each statement of an array, in an array of the same shape; null where the statement is';

CREATE FUNCTION ambiguity_findings(statement text, lexicon text DEFAULT 'iso',
                                   OUT class text, OUT phrase text, OUT start integer, OUT length integer,
                                   OUT weight float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_ambiguity_findings'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 750 ROWS 3;
REVOKE ALL ON FUNCTION ambiguity_findings(text, text) FROM PUBLIC;
COMMENT ON FUNCTION ambiguity_findings(text, text) IS
    'phrases of the lexicon that stand in a statement; substr(statement, start, length) shows each in place';

CREATE FUNCTION lexicon_phrases(lexicon text DEFAULT 'iso',
                                OUT class text, OUT phrase text, OUT weight float8, OUT reference text,
                                OUT weight_source text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_lexicon_phrases'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 6000 ROWS 200;
REVOKE ALL ON FUNCTION lexicon_phrases(text) FROM PUBLIC;
COMMENT ON FUNCTION lexicon_phrases(text) IS
    'every phrase of a lexicon with its class and weight, and where both come from';
