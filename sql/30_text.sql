-- Scorers that compare an answer with what was expected.

CREATE FUNCTION levenshtein(a text, b text) RETURNS integer
    AS 'MODULE_PATHNAME', 'steward_levenshtein'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 700;
REVOKE ALL ON FUNCTION levenshtein(text, text) FROM PUBLIC;
COMMENT ON FUNCTION levenshtein(text, text) IS
    'least number of characters to insert, delete or replace that turns one text into the other, at any length';

CREATE FUNCTION exact_match(expected text, actual text, options jsonb DEFAULT '{}') RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_exact_match'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 300;
REVOKE ALL ON FUNCTION exact_match(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION exact_match(text, text, jsonb) IS
    '1 if the answer is the expected one, else 0; options: ignore_case, ignore_whitespace, ignore_punctuation, tolerance';
