-- Models: asked, and asked why.

CREATE FUNCTION model_predict(name text, input text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'steward_model_predict'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_predict(text, text) FROM PUBLIC;
COMMENT ON FUNCTION model_predict(text, text) IS 'how likely each label is for a text: {label: probability}';

CREATE FUNCTION model_predict(name text, input jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'steward_model_predict'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_predict(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION model_predict(text, jsonb) IS 'how likely each label is for an object of a text and other values, named as columns of the source: {label: probability}';

CREATE FUNCTION model_probability(name text, input text, label text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_model_probability'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_probability(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION model_probability(text, text, text) IS 'how likely a label is for a text';

CREATE FUNCTION model_probability(name text, input jsonb, label text) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_model_probability'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_probability(text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION model_probability(text, jsonb, text) IS 'how likely a label is for an object of a text and other values';

CREATE FUNCTION model_predict_detail(name text, input text, OUT label text, OUT probability float8, OUT confident boolean, OUT version bigint)
    RETURNS record
    AS 'MODULE_PATHNAME', 'steward_model_predict_detail'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_predict_detail(text, text) FROM PUBLIC;
COMMENT ON FUNCTION model_predict_detail(text, text) IS 'the most likely label for a text, how likely it is, whether that is enough to act upon, and which version says so';

CREATE FUNCTION model_predict_detail(name text, input jsonb, OUT label text, OUT probability float8, OUT confident boolean, OUT version bigint)
    RETURNS record
    AS 'MODULE_PATHNAME', 'steward_model_predict_detail'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_predict_detail(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION model_predict_detail(text, jsonb) IS 'the same for an object of a text and other values';

CREATE FUNCTION model_labels(name text, input text, alpha float8 DEFAULT 0.1) RETURNS text[]
    AS 'MODULE_PATHNAME', 'steward_model_labels'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_labels(text, text, float8) FROM PUBLIC;
COMMENT ON FUNCTION model_labels(text, text, float8) IS 'the labels that cannot be ruled out for a text: the true one is among them with a probability of 1 - alpha';

CREATE FUNCTION model_labels(name text, input jsonb, alpha float8 DEFAULT 0.1) RETURNS text[]
    AS 'MODULE_PATHNAME', 'steward_model_labels'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_labels(text, jsonb, float8) FROM PUBLIC;
COMMENT ON FUNCTION model_labels(text, jsonb, float8) IS 'the same for an object of a text and other values';

CREATE FUNCTION model_explain(name text, input text, k integer DEFAULT 10, label text DEFAULT NULL, OUT term text, OUT contribution float8)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_model_explain'
    LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 10;
REVOKE ALL ON FUNCTION model_explain(text, text, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION model_explain(text, text, integer, text) IS 'the terms of a text that speak most for, or against, a label or the most likely one, in log odds';

CREATE FUNCTION model_explain(name text, input jsonb, k integer DEFAULT 10, label text DEFAULT NULL, OUT term text, OUT contribution float8)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_model_explain'
    LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 10;
REVOKE ALL ON FUNCTION model_explain(text, jsonb, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION model_explain(text, jsonb, integer, text) IS 'the same for an object of a text and other values';

CREATE FUNCTION model_features(name text, input text, OUT term text, OUT place bigint, OUT value float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_model_features'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 100;
REVOKE ALL ON FUNCTION model_features(text, text) FROM PUBLIC;
COMMENT ON FUNCTION model_features(text, text) IS 'what a model sees of a text: terms, the place of each, and its value; the same in every process';

CREATE FUNCTION model_features(name text, input jsonb, OUT term text, OUT place bigint, OUT value float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_model_features'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000 ROWS 100;
REVOKE ALL ON FUNCTION model_features(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION model_features(text, jsonb) IS 'the same for an object of a text and other values';

CREATE FUNCTION model_pack(input jsonb, text text, features text[]) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_model_pack'
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION model_pack(jsonb, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION model_pack(jsonb, text, text[]) IS 'what every version of a model sees of an input, its words hashed';

CREATE FUNCTION model_example_insert(name text, input jsonb, labels text[], is_set boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.model_own(name);
    IF input IS NULL OR labels IS NULL OR array_position(labels, NULL) IS NOT NULL OR array_ndims(labels) > 1 THEN
        RAISE EXCEPTION 'an input and its label are needed' USING ERRCODE = 'invalid_parameter_value';
    ELSIF jsonb_typeof(input) <> 'object' THEN
        RAISE EXCEPTION 'input must be a JSON object' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is a JSON %s.', jsonb_typeof(input));
    END IF;
    INSERT INTO steward.model_example (name, learned_at, owner, input, labels, is_set)
    SELECT name, clock_timestamp(), m.owner, input, labels, is_set FROM steward.model AS m WHERE m.name = name;
END $$;
REVOKE ALL ON FUNCTION model_example_insert(text, jsonb, text[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION model_example_insert(text, jsonb, text[], boolean) IS 'what model_learn does';

CREATE FUNCTION model_learn(name text, input jsonb, labels text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$ SELECT steward.model_example_insert(name, input, labels, true) $$;
REVOKE ALL ON FUNCTION model_learn(text, jsonb, text[]) FROM PUBLIC;
COMMENT ON FUNCTION model_learn(text, jsonb, text[]) IS 'gives a model an example with any number of labels: it is learnt at once, and anew with the rows of the source';

CREATE FUNCTION model_learn(name text, input jsonb, label text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$ SELECT steward.model_example_insert(name, input, ARRAY[label], false) $$;
REVOKE ALL ON FUNCTION model_learn(text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION model_learn(text, jsonb, text) IS 'gives a model an example: it is learnt at once, and anew with the rows of the source';

CREATE FUNCTION model_learn(name text, input text, label text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    text_column text := (SELECT m.text_column FROM steward.model AS m WHERE m.name = name);
BEGIN
    PERFORM steward.model_own(name);
    IF text_column IS NULL THEN
        RAISE EXCEPTION 'model "%" takes no text', name USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a JSON object of its values.';
    END IF;
    PERFORM steward.model_example_insert(name, jsonb_build_object(text_column, input), ARRAY[label], false);
END $$;
REVOKE ALL ON FUNCTION model_learn(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION model_learn(text, text, text) IS 'gives a model a text as an example: it is learnt at once, and anew with the rows of the source';
