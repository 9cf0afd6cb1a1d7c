-- How likely it is that a principle cannot be turned into a policy, and what to do about it.

CREATE FUNCTION principle_risk_of(failures jsonb, severities jsonb DEFAULT '{"syntax_error": 0.8, "semantic_conflict": 1.0, "timeout": 0.6, "confidence_low": 0.7, "validation_failed": 0.9, "ambiguous_principle": 0.8, "bias_detected": 1.0, "complexity_high": 0.7}')
    RETURNS float8
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    -- Each failure is a cause of harm of its own; those that are not named are as bad as most.
    SELECT 1 - coalesce(exp(sum(ln(greatest(1 - coalesce((severities ->> f.key)::float8, 0.8) * f.value::float8, 1e-12)))), 1)
    FROM jsonb_each_text(failures) AS f WHERE f.key <> 'any'
$$;
REVOKE ALL ON FUNCTION principle_risk_of(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION principle_risk_of(jsonb, jsonb) IS
    'the risk that follows from the probabilities of failures and how severe each is: 1 - product of (1 - severity * probability)';

CREATE FUNCTION principle_risk_strategy(risk float8) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN risk < 0.3 THEN 'standard_synthesis' WHEN risk < 0.6 THEN 'enhanced_validation'
                WHEN risk < 0.8 THEN 'multi_model_consensus' ELSE 'human_review_required' END
$$;
REVOKE ALL ON FUNCTION principle_risk_strategy(float8) FROM PUBLIC;
COMMENT ON FUNCTION principle_risk_strategy(float8) IS 'how a principle of that risk is to be synthesised';

CREATE FUNCTION principle_risk_enable(confidence float8 DEFAULT 0.7) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('models');
    PERFORM steward.model_create('principle_risk', 'steward.principle_failures', 'failures', text => 'statement',
                                 features => '{category,formality,criteria,complexity,attempts,success_rate}', confidence => confidence);
END $$;
REVOKE ALL ON FUNCTION principle_risk_enable(float8) FROM PUBLIC;
COMMENT ON FUNCTION principle_risk_enable(float8) IS
    'makes the model that principle_risk asks, trained on every attempt so far; its owner is whoever calls this';

CREATE FUNCTION principle_risk(principle_id bigint, OUT overall_risk float8, OUT failures jsonb, OUT strategy text, OUT confident boolean,
                               OUT model_version text, OUT predicted_at timestamptz) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('learn', 'principle_risk');
    model constant text := 'principle_risk';
    serves record;
    input jsonb;
    key text;
BEGIN
    PERFORM steward.migration_require('models');
    SELECT to_jsonb(i) - 'principle_id' INTO input FROM steward.principle_inputs AS i WHERE i.principle_id = principle_risk.principle_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'principle % does not exist', principle_id USING ERRCODE = 'no_data_found';
    END IF;
    SELECT v.version, v.hash, m.confidence, 
           (SELECT count(*) || ' ' || max(l.learned_at) FROM steward.model_learnt AS l WHERE l.name = model) AS learnt
    INTO serves
    FROM steward.model AS m JOIN steward.model_version AS v ON v.name = m.name AND v.version = m.version WHERE m.name = model;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no model of the risk of principles serves' USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Make it with steward.principle_risk_enable(), and train it with steward.model_train(''principle_risk'').';
    END IF;
    -- What is cached is found by all that it follows from.
    key := steward.cache_key(concat_ws(' ', serves.hash, serves.learnt), input);
    failures := steward.cache_get('prediction', key);
    IF failures IS NULL THEN
        failures := steward.model_predict(model, input);
        PERFORM steward.cache_set('prediction', key, failures);
    END IF;
    overall_risk := steward.principle_risk_of(failures);
    confident := greatest((failures ->> 'any')::float8, 1 - (failures ->> 'any')::float8) >= serves.confidence;
    strategy := CASE WHEN confident THEN steward.principle_risk_strategy(overall_risk) END;
    model_version := format('%s %s %s', model, serves.version, left(serves.hash, 12));
    predicted_at := clock_timestamp();
    INSERT INTO steward.qec_error_predictions (principle_id, prediction_timestamp, overall_risk_score, predicted_failures, recommended_strategy, model_version)
    VALUES (principle_id, predicted_at, overall_risk, failures, strategy, model_version);
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION principle_risk(bigint) FROM PUBLIC;
COMMENT ON FUNCTION principle_risk(bigint) IS
    'how likely each failure of a principle is, the risk that follows, and what to do: null if the model is not confident; stored in qec_error_predictions';
