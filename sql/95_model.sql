-- Models: made, altered, dropped.

CREATE FUNCTION model_refuse(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('models');
    RAISE EXCEPTION 'model "%" does not exist', name
        USING ERRCODE = 'undefined_object', HINT = 'View steward.models has the names of all.';
END $$;
REVOKE ALL ON FUNCTION model_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION model_refuse(text) IS 'raises that there is no such model';

-- Nobody runs a query for its owner, not even a superuser: it may be meant for whoever has more rights.
CREATE FUNCTION model_own(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    owner regrole;
BEGIN
    PERFORM steward.migration_require('models');
    SELECT m.owner INTO owner FROM steward.model AS m WHERE m.name = name;
    IF NOT FOUND THEN
        PERFORM steward.model_refuse(name);
    ELSIF owner <> quote_ident(current_user)::regrole THEN
        RAISE EXCEPTION 'must be owner of model "%"', name
            USING ERRCODE = 'insufficient_privilege', DETAIL = format('Its owner is %s.', owner), HINT = 'SET ROLE to the owner.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION model_own(text) FROM PUBLIC;
COMMENT ON FUNCTION model_own(text) IS 'raises unless the caller owns the model';

CREATE FUNCTION model_schedule(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    m record;
    wanted record;
BEGIN
    SELECT * INTO m FROM steward.model AS d WHERE d.name = name;
    FOR wanted IN
        SELECT v.schedule_name, v.schedule, v.because
        FROM (VALUES ('model ' || name, m.retrain_cron, 'schedule'),
                     ('model ' || name || ' check', CASE WHEN m.retrain_rows IS NOT NULL OR m.retrain_drift IS NOT NULL OR m.shadow_rows > 0 THEN m.check_every::text END, 'check'))
             AS v (schedule_name, schedule, because)
    LOOP
        IF EXISTS (SELECT FROM steward.schedule AS s WHERE s.name = wanted.schedule_name) THEN
            PERFORM steward.schedule_drop(wanted.schedule_name);
        END IF;
        IF wanted.schedule IS NOT NULL THEN
            PERFORM steward.schedule_create(wanted.schedule_name, wanted.schedule, kind => 'model_train', queue => 'models',
                                            payload => jsonb_build_object('name', name, 'because', wanted.because), missed => 'run_once');
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION model_schedule(text) FROM PUBLIC;
COMMENT ON FUNCTION model_schedule(text) IS 'makes the schedules by which a model is trained again';

CREATE FUNCTION model_query(source text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000
AS $$
BEGIN
    -- A name is a table or a view; whatever begins otherwise is a query.
    IF source OPERATOR(pg_catalog.~*) '^[[:space:](]*(select|with|values|table)[[:space:](]' THEN
        RETURN source;
    END IF;
    RETURN pg_catalog.format('SELECT * FROM %s', source::pg_catalog.regclass);
END $$;
REVOKE ALL ON FUNCTION model_query(text) FROM PUBLIC;
COMMENT ON FUNCTION model_query(text) IS 'the query of a source, which may be the name of a table';

CREATE FUNCTION model_path(path text) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000
AS $$
DECLARE
    before text := pg_catalog.current_setting('search_path');
BEGIN
    PERFORM pg_catalog.set_config('search_path', path, true);
    RETURN before;
END $$;
REVOKE ALL ON FUNCTION model_path(text) FROM PUBLIC;
COMMENT ON FUNCTION model_path(text) IS 'sets the search_path for this transaction, and returns what it was';

-- Without SET: the source means what it means to its owner.
CREATE FUNCTION model_create(name text, source text, label text, text text DEFAULT NULL, features text[] DEFAULT '{}',
                             method text DEFAULT 'fast', max_features integer DEFAULT 1000, confidence float8 DEFAULT 0.7,
                             retrain_rows bigint DEFAULT 1000, retrain_cron text DEFAULT '0 2 * * *', retrain_drift float8 DEFAULT 0.25,
                             check_every interval DEFAULT '5 minutes', shadow_rows bigint DEFAULT 0, seed bigint DEFAULT 1,
                             batch_size integer DEFAULT 32) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
AS $$
BEGIN
    PERFORM steward.migration_require('models');
    IF (source OPERATOR(pg_catalog.=) '') IS NOT FALSE THEN
        RAISE EXCEPTION 'a model needs a source' USING ERRCODE = 'invalid_parameter_value', HINT = 'It is a query, or the name of a table.';
    END IF;
    PERFORM steward.model_insert(name, steward.model_query(source), pg_catalog.current_setting('search_path'), label, text, features, method, max_features, confidence,
                                 retrain_rows, retrain_cron, retrain_drift, check_every, shadow_rows, seed, batch_size);
    PERFORM steward.model_look(name);
END $$;
REVOKE ALL ON FUNCTION model_create(text, text, text, text, text[], text, integer, float8, bigint, text, float8, interval, bigint, bigint, integer) FROM PUBLIC;
COMMENT ON FUNCTION model_create(text, text, text, text, text[], text, integer, float8, bigint, text, float8, interval, bigint, bigint, integer) IS
    'makes a model that is trained on the rows of a query: it says how likely each label is, given a text and other values';

CREATE FUNCTION model_insert(name text, source text, path text, label text, text_column text, features text[], method text, max_features integer,
                             confidence float8, retrain_rows bigint, retrain_cron text, retrain_drift float8, check_every interval,
                             shadow_rows bigint, seed bigint, batch_size integer)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF coalesce(name, '') = '' OR coalesce(label, '') = '' THEN
        RAISE EXCEPTION 'a model needs a name and a label' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.model (name, owner, source, path, label, text_column, features, method, max_features, confidence, retrain_rows,
                               retrain_cron, retrain_drift, check_every, shadow_rows, seed, batch_size)
    VALUES (name, quote_ident(current_user)::regrole, source, path, label, text_column, coalesce(features, '{}'), method, max_features,
            confidence, retrain_rows, retrain_cron, retrain_drift, check_every, coalesce(shadow_rows, 0), seed, batch_size)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'model "%" already exists', name
            USING ERRCODE = 'duplicate_object', HINT = 'Change it with steward.model_alter().';
    END IF;
    INSERT INTO steward.model_state (name, owner) VALUES (name, quote_ident(current_user)::regrole);
    PERFORM steward.model_schedule(name);
END $$;
REVOKE ALL ON FUNCTION model_insert(text, text, text, text, text, text[], text, integer, float8, bigint, text, float8, interval, bigint, bigint, integer) FROM PUBLIC;
COMMENT ON FUNCTION model_insert(text, text, text, text, text, text[], text, integer, float8, bigint, text, float8, interval, bigint, bigint, integer) IS
    'what model_create does once it knows the query';

-- Without SET, as the query is one.
CREATE FUNCTION model_look(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
AS $$
DECLARE
    m record;
    wanted text;
    before text;
BEGIN
    SELECT d.source, d.path, d.label, d.text_column, d.features INTO m FROM steward.model AS d WHERE d.name OPERATOR(pg_catalog.=) model_look.name;
    before := steward.model_path(m.path);
    FOREACH wanted IN ARRAY pg_catalog.array_remove(ARRAY[m.label, m.text_column], NULL) OPERATOR(pg_catalog.||) m.features LOOP
        EXECUTE pg_catalog.format(E'SELECT s.%I FROM (%s\n) AS s LIMIT 0', wanted, m.source);
    END LOOP;
    PERFORM steward.model_path(before);
END $$;
REVOKE ALL ON FUNCTION model_look(text) FROM PUBLIC;
COMMENT ON FUNCTION model_look(text) IS 'raises what is wrong with the source of a model';

CREATE FUNCTION model_alter(name text, source text DEFAULT NULL, label text DEFAULT NULL, text text DEFAULT NULL, features text[] DEFAULT NULL,
                            method text DEFAULT NULL, max_features integer DEFAULT NULL, confidence float8 DEFAULT NULL,
                            retrain_rows bigint DEFAULT NULL, retrain_cron text DEFAULT NULL, retrain_drift float8 DEFAULT NULL,
                            check_every interval DEFAULT NULL, shadow_rows bigint DEFAULT NULL, seed bigint DEFAULT NULL,
                            batch_size integer DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
AS $$
DECLARE
    new_path text := CASE WHEN source IS NOT NULL THEN pg_catalog.current_setting('search_path') END;
BEGIN
    PERFORM steward.model_own(name);
    source := steward.model_query(source);
    UPDATE steward.model AS m
    SET source = coalesce(model_alter.source, m.source), path = coalesce(new_path, m.path), label = coalesce(model_alter.label, m.label),
        text_column = CASE WHEN model_alter.text OPERATOR(pg_catalog.=) '' THEN NULL ELSE coalesce(model_alter.text, m.text_column) END,
        features = coalesce(model_alter.features, m.features), method = coalesce(model_alter.method, m.method),
        max_features = coalesce(model_alter.max_features, m.max_features), confidence = coalesce(model_alter.confidence, m.confidence),
        retrain_rows = CASE WHEN model_alter.retrain_rows OPERATOR(pg_catalog.=) 0 THEN NULL ELSE coalesce(model_alter.retrain_rows, m.retrain_rows) END,
        retrain_cron = CASE WHEN model_alter.retrain_cron OPERATOR(pg_catalog.=) '' THEN NULL ELSE coalesce(model_alter.retrain_cron, m.retrain_cron) END,
        retrain_drift = CASE WHEN model_alter.retrain_drift OPERATOR(pg_catalog.=) 0 THEN NULL ELSE coalesce(model_alter.retrain_drift, m.retrain_drift) END,
        check_every = coalesce(model_alter.check_every, m.check_every), shadow_rows = coalesce(model_alter.shadow_rows, m.shadow_rows), seed = coalesce(model_alter.seed, m.seed),
        batch_size = coalesce(model_alter.batch_size, m.batch_size)
    WHERE m.name OPERATOR(pg_catalog.=) model_alter.name;
    IF NOT FOUND THEN -- any more
        PERFORM steward.model_refuse(name);
    END IF;
    PERFORM steward.model_schedule(name);
    PERFORM steward.model_look(name);
END $$;
REVOKE ALL ON FUNCTION model_alter(text, text, text, text, text[], text, integer, float8, bigint, text, float8, interval, bigint, bigint, integer) FROM PUBLIC;
COMMENT ON FUNCTION model_alter(text, text, text, text, text[], text, integer, float8, bigint, text, float8, interval, bigint, bigint, integer) IS
    'changes a model, from its next training on; what is not given stays; '''' takes away the text or the schedule, 0 retraining by rows or by drift';

CREATE FUNCTION model_drop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.model_own(name);
    -- In the order in which all take them: a training holds the state, and then the model.
    DELETE FROM steward.model_state AS s WHERE s.name = name;
    IF NOT FOUND THEN -- any more
        PERFORM steward.model_refuse(name);
    END IF;
    PERFORM 1 FROM steward.model AS m WHERE m.name = name FOR UPDATE;
    PERFORM steward.schedule_drop(s.name) FROM steward.schedule AS s WHERE s.name IN ('model ' || name, 'model ' || name || ' check');
    DELETE FROM steward.model_example AS e WHERE e.name = name;
    DELETE FROM steward.model_window AS w WHERE w.name = name;
    DELETE FROM steward.model_version AS v WHERE v.name = name;
    DELETE FROM steward.model AS m WHERE m.name = name;
END $$;
REVOKE ALL ON FUNCTION model_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION model_drop(text) IS 'drops a model with all of its versions';
