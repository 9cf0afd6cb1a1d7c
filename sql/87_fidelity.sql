-- Fidelity: the figure itself, what it consists of, and what is recorded for it.

CREATE FUNCTION fidelity_score(components jsonb, high_severity_appeal boolean DEFAULT false, definitions jsonb DEFAULT '{}',
                               OUT composite_score float8, OUT level text, OUT scores jsonb, OUT missing text[],
                               OUT below_minimum text[], OUT formula_version text)
    AS 'MODULE_PATHNAME', 'steward_fidelity_score'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
REVOKE ALL ON FUNCTION fidelity_score(jsonb, boolean, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_score(jsonb, boolean, jsonb) IS
    'mean of the components that are known, by their weights, times 0.85 if an appeal of high severity is open; those that are missing or below their minimum';

CREATE FUNCTION fidelity_level(score float8) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_fidelity_level'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
REVOKE ALL ON FUNCTION fidelity_level(float8) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_level(float8) IS 'green from 0.85 on, amber from 0.70, red from 0.55, else critical';

CREATE FUNCTION fidelity_trend(scores float8[]) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_fidelity_trend'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
REVOKE ALL ON FUNCTION fidelity_trend(float8[]) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_trend(float8[]) IS
    'improving or degrading if the mean of the later half is more than 0.02 above or below that of the earlier one, else stable';

CREATE FUNCTION fidelity_defaults(OUT component text, OUT weight float8, OUT minimum float8, OUT direction text, OUT description text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_fidelity_defaults'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 6;
REVOKE ALL ON FUNCTION fidelity_defaults() FROM PUBLIC;
COMMENT ON FUNCTION fidelity_defaults() IS 'the components of fidelity as they are unless a site changes them';

CREATE FUNCTION fidelity_component_refuse(component text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner regrole := (SELECT c.owner FROM steward.fidelity_component AS c WHERE c.component = fidelity_component_refuse.component);
BEGIN
    IF owner IS NOT NULL THEN
        RAISE EXCEPTION 'permission denied for component "%" of fidelity', component
            USING ERRCODE = 'insufficient_privilege', DETAIL = format('Its query belongs to %s.', owner);
    END IF;
    RAISE EXCEPTION 'component "%" of fidelity does not exist', component USING ERRCODE = 'undefined_object',
        HINT = 'Components are: ' || (SELECT string_agg(c.component, ', ' ORDER BY c.component) FROM steward.fidelity_component AS c) || '.';
END $$;
REVOKE ALL ON FUNCTION fidelity_component_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_refuse(text) IS 'raises why a component of fidelity could not be changed';

CREATE FUNCTION fidelity_component_schedule(component text, schedule text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of_name constant text := 'fidelity ' || component;
BEGIN
    IF EXISTS (SELECT FROM steward.schedule AS s WHERE s.name = of_name) THEN
        PERFORM steward.schedule_drop(of_name);
    END IF;
    IF schedule <> '' THEN
        -- A queue each: whoever takes the jobs of one leaves those of the others to be done beside them.
        PERFORM steward.schedule_create(of_name, schedule, kind => 'fidelity_component', payload => jsonb_build_object('component', component),
                                        queue => of_name);
        PERFORM steward.schedule_run_now(of_name);
    END IF;
END $$;
REVOKE ALL ON FUNCTION fidelity_component_schedule(text, text) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_schedule(text, text) IS 'makes anew or, where it is empty, drops the schedule of a component''s query';

CREATE FUNCTION fidelity_component_alter(component text, weight float8 DEFAULT NULL, minimum float8 DEFAULT NULL, direction text DEFAULT NULL,
                                         description text DEFAULT NULL, source text DEFAULT NULL, query text DEFAULT NULL,
                                         schedule text DEFAULT NULL, days integer DEFAULT NULL, max_age interval DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    had record;
BEGIN
    PERFORM steward.migration_require('fidelity');
    source := coalesce(source, CASE WHEN query IS NOT NULL THEN 'query' END);
    IF component IS NULL OR query = '' OR (query IS NOT NULL AND source <> 'query') THEN
        RAISE EXCEPTION 'a component is needed, and a query only for the source query' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.source = 'query' AS query, c.owner INTO had FROM steward.fidelity_component AS c WHERE c.component = component;
    -- Jobs of another role would not be let run it.
    IF had.query AND query IS NULL AND schedule <> '' AND had.owner <> quote_ident(current_user)::regrole THEN
        PERFORM steward.fidelity_component_refuse(component);
    END IF;
    UPDATE steward.fidelity_component AS c
    SET weight = coalesce(weight, c.weight), minimum = coalesce(minimum, c.minimum), direction = coalesce(direction, c.direction),
        description = coalesce(description, c.description), source = coalesce(source, c.source),
        query = CASE coalesce(source, c.source) WHEN 'query' THEN coalesce(query, c.query) END,
        owner = CASE WHEN query IS NOT NULL THEN quote_ident(current_user)::regrole WHEN coalesce(source, c.source) = 'query' THEN c.owner END,
        days = coalesce(days, c.days), max_age = coalesce(max_age, c.max_age)
    WHERE c.component = component;
    IF NOT FOUND THEN
        PERFORM steward.fidelity_component_refuse(component);
    ELSIF NOT EXISTS (SELECT FROM steward.fidelity_component AS c WHERE c.weight > 0) THEN
        RAISE EXCEPTION 'the weights of components must not all be 0' USING ERRCODE = 'invalid_parameter_value';
    ELSIF query IS NOT NULL OR (had.query AND (source <> 'query' OR schedule IS NOT NULL)) THEN
        PERFORM steward.fidelity_component_schedule(component, CASE WHEN source <> 'query' THEN '' ELSE coalesce(schedule, '300 seconds') END);
    END IF;
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION 'invalid definition of component "%" of fidelity', component USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
END $$;
REVOKE ALL ON FUNCTION fidelity_component_alter(text, float8, float8, text, text, text, text, text, integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_alter(text, float8, float8, text, text, text, text, text, integer, interval) IS
    'changes what is given of a component of fidelity; a query makes the caller its owner, whose jobs run it';

CREATE FUNCTION fidelity_component_create(component text, weight float8, minimum float8 DEFAULT 0, direction text DEFAULT 'up',
                                          description text DEFAULT '', source text DEFAULT NULL, query text DEFAULT NULL,
                                          schedule text DEFAULT NULL, days integer DEFAULT NULL, max_age interval DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('fidelity');
    IF coalesce(component, '') = '' OR weight IS NULL OR minimum IS NULL OR direction IS NULL OR description IS NULL THEN
        RAISE EXCEPTION 'a component and a weight are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.fidelity_component (component, weight, minimum, direction, description, source)
    VALUES (component, 0, 0, 'up', '', 'measurements') ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'component "%" of fidelity already exists', component
            USING ERRCODE = 'duplicate_object', HINT = 'Change it with steward.fidelity_component_alter().';
    END IF;
    PERFORM steward.fidelity_component_alter(component, weight, minimum, direction, description, source, query, schedule, days, max_age);
END $$;
REVOKE ALL ON FUNCTION fidelity_component_create(text, float8, float8, text, text, text, text, text, integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_create(text, float8, float8, text, text, text, text, text, integer, interval) IS
    'adds a component to fidelity: what is measured, unless it says otherwise';

CREATE FUNCTION fidelity_component_drop(component text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    dropped text;
BEGIN
    PERFORM steward.migration_require('fidelity');
    DELETE FROM steward.fidelity_component AS c WHERE c.component = component RETURNING c.source INTO dropped;
    IF NOT FOUND THEN
        PERFORM steward.fidelity_component_refuse(component);
    ELSIF NOT EXISTS (SELECT FROM steward.fidelity_component AS c WHERE c.weight > 0) THEN
        RAISE EXCEPTION 'the weights of components must not all be 0' USING ERRCODE = 'invalid_parameter_value';
    ELSIF dropped = 'query' THEN
        PERFORM steward.fidelity_component_schedule(component, '');
    END IF;
    DELETE FROM steward.fidelity_component_value AS v WHERE v.component = component;
END $$;
REVOKE ALL ON FUNCTION fidelity_component_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_component_drop(text) IS 'takes a component out of fidelity; what was measured of it stays';

CREATE FUNCTION fidelity_record(component text, value float8, weight float8 DEFAULT 1, at timestamptz DEFAULT now()) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    source text;
BEGIN
    PERFORM steward.migration_require('fidelity');
    IF NOT coalesce(value BETWEEN 0 AND 1, false) THEN
        RAISE EXCEPTION 'a measurement must lie between 0 and 1' USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('That of component "%s" is %s.', component, coalesce(value::text, 'null'));
    ELSIF NOT coalesce(weight BETWEEN 0.001 AND 1e6, false) OR NOT coalesce(isfinite(at), false) THEN
        RAISE EXCEPTION 'a measurement needs a weight from 0.001 to 1000000, and a time' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.source INTO source FROM steward.fidelity_component AS c WHERE c.component = fidelity_record.component;
    IF NOT FOUND THEN
        PERFORM steward.fidelity_component_refuse(coalesce(component, ''));
    ELSIF source <> 'measurements' THEN
        RAISE EXCEPTION 'component "%" of fidelity is not measured', component
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Its source is %s.', source),
                  HINT = format('SELECT steward.fidelity_component_alter(%L, source => ''measurements'') makes it so.', component);
    END IF;
    INSERT INTO steward.fidelity_measurement (component, measured_at, value, weight) VALUES (component, at, value, weight);
END $$;
REVOKE ALL ON FUNCTION fidelity_record(text, float8, float8, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_record(text, float8, float8, timestamptz) IS
    'records a measurement of a component of fidelity, 0 to 1; weight says how much it counts against others';

CREATE FUNCTION fidelity_appeal_open(principle_id bigint, severity text DEFAULT 'medium', reason text DEFAULT '',
                                     at timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    opened bigint;
BEGIN
    PERFORM steward.migration_require('fidelity');
    IF principle_id IS NULL OR reason IS NULL OR NOT coalesce(severity IN ('low', 'medium', 'high'), false) OR NOT coalesce(isfinite(at), false) THEN
        RAISE EXCEPTION 'a principle, a severity of low, medium or high, and a time are needed' USING ERRCODE = 'invalid_parameter_value';
    ELSIF NOT EXISTS (SELECT FROM steward.constitutional_principles AS p WHERE p.principle_id = principle_id) THEN
        RAISE EXCEPTION 'principle % does not exist', principle_id USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO steward.fidelity_appeal AS a (principle_id, severity, reason, opened_at) VALUES (principle_id, severity, reason, at)
    RETURNING a.appeal_id INTO opened;
    RETURN opened;
END $$;
REVOKE ALL ON FUNCTION fidelity_appeal_open(bigint, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_appeal_open(bigint, text, text, timestamptz) IS
    'opens an appeal against what was decided by a principle, and returns its id; while one of high severity is open, fidelity is multiplied by 0.85';

CREATE FUNCTION fidelity_appeal_close(principle_id bigint, appeal_id bigint, outcome text DEFAULT NULL, at timestamptz DEFAULT now()) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('fidelity');
    IF NOT coalesce(isfinite(at), false) THEN
        RAISE EXCEPTION 'a time is needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE steward.fidelity_appeal AS a SET closed_at = greatest(at, a.opened_at), outcome = outcome
    WHERE a.principle_id = principle_id AND a.appeal_id = appeal_id AND a.closed_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no appeal % of principle % is open', appeal_id, principle_id USING ERRCODE = 'undefined_object';
    END IF;
END $$;
REVOKE ALL ON FUNCTION fidelity_appeal_close(bigint, bigint, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_appeal_close(bigint, bigint, text, timestamptz) IS 'closes an appeal';
