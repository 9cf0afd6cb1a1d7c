-- Texts as vectors, and scorers that compare texts by meaning or by the words that they share.

CREATE FUNCTION embed(content text) RETURNS real[]
    AS 'MODULE_PATHNAME', 'steward_embed'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION embed(text) FROM PUBLIC;
COMMENT ON FUNCTION embed(text) IS 'a text as a vector of unit length, by its words and their letters; null if it has no word';

CREATE FUNCTION embed(content text, model text) RETURNS real[]
    AS 'MODULE_PATHNAME', 'steward_embed'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION embed(text, text) FROM PUBLIC;
COMMENT ON FUNCTION embed(text, text) IS 'a text as a vector of unit length, by an embedding model; null if it has no word that the model knows';

CREATE FUNCTION semantic_score(a text, b text, OUT score float8, OUT method text, OUT negation boolean, OUT numbers boolean) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_semantic_score'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION semantic_score(text, text) FROM PUBLIC;
COMMENT ON FUNCTION semantic_score(text, text) IS
    'how alike two texts are, 0 to 1, by their words and letters; whether one of them alone denies something, and whether their numbers differ';

CREATE FUNCTION semantic_score(a text, b text, model text, OUT score float8, OUT method text, OUT negation boolean, OUT numbers boolean) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_semantic_score'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 3000;
REVOKE ALL ON FUNCTION semantic_score(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION semantic_score(text, text, text) IS
    'the same, also by the word vectors of an embedding model, so that other words for the same count';

CREATE FUNCTION token_f1(expected text, actual text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_token_f1'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 300;
REVOKE ALL ON FUNCTION token_f1(text, text) FROM PUBLIC;
COMMENT ON FUNCTION token_f1(text, text) IS 'F1 of the words that an answer shares with what was expected, in any order, without articles';

CREATE FUNCTION rouge_l(expected text, actual text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_rouge_l'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 300;
REVOKE ALL ON FUNCTION rouge_l(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rouge_l(text, text) IS 'F1 of the longest sequence of words that an answer shares with what was expected';

CREATE FUNCTION text_overlap(expected text, actual text, OUT token_precision float8, OUT token_recall float8, OUT token_f1 float8,
                             OUT rouge_precision float8, OUT rouge_recall float8, OUT rouge_l float8) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_text_overlap'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 600;
REVOKE ALL ON FUNCTION text_overlap(text, text) FROM PUBLIC;
COMMENT ON FUNCTION text_overlap(text, text) IS 'what token_f1 and rouge_l are made of: precision and recall';
