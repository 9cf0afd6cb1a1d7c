-- Fidelity: what it is and was.

CREATE FUNCTION fidelity_current(OUT composite_score float8, OUT level text, OUT components jsonb, OUT missing text[],
                                 OUT below_minimum text[], OUT trend text, OUT calculated_at timestamptz, OUT age interval,
                                 OUT reasons jsonb) RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    last timestamptz;
BEGIN
    PERFORM steward.migration_require('fidelity');
    SELECT s.calculated_at INTO last FROM steward.fidelity_state AS s WHERE s.scope = 'all';
    SELECT q.composite_score, q.level, q.components, q.missing, q.below_minimum, q.trend, q.calculation_timestamp,
           greatest(steward.worker_clock() - q.calculation_timestamp, interval '0'), q.reasons
    INTO composite_score, level, components, missing, below_minimum, trend, calculated_at, age, reasons
    FROM steward.qec_fidelity_calculations AS q WHERE q.scope = 'all' AND q.calculation_timestamp = last;
    IF NOT FOUND THEN
        components := '{}';
        missing := ARRAY(SELECT c.component FROM steward.fidelity_component AS c WHERE c.weight > 0 ORDER BY c.component);
        below_minimum := '{}';
        reasons := (SELECT jsonb_object_agg(m, 'fidelity was not calculated yet') FROM unnest(missing) AS m);
    END IF;
END $$;
REVOKE ALL ON FUNCTION fidelity_current() FROM PUBLIC;
COMMENT ON FUNCTION fidelity_current() IS
    'the last calculation of fidelity: composite, level, the score of each component, what is missing or below its minimum and why, trend and age';

CREATE FUNCTION fidelity_history(hours integer DEFAULT 24, max_rows integer DEFAULT 1000,
                                 OUT calculated_at timestamptz, OUT composite_score float8, OUT level text, OUT components jsonb,
                                 OUT missing text[], OUT below_minimum text[], OUT trend text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 ROWS 300 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('fidelity');
    IF hours NOT BETWEEN 1 AND 87600 OR max_rows NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION '1 to 87600 hours and 1 to 1000000 rows may be asked for' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT q.calculation_timestamp, q.composite_score, q.level, q.components, q.missing, q.below_minimum, q.trend
    FROM steward.qec_fidelity_calculations AS q
    WHERE q.scope = 'all' AND q.calculation_timestamp > steward.worker_clock() - hours * interval '1 hour'
    ORDER BY q.calculation_timestamp DESC LIMIT max_rows;
END $$;
REVOKE ALL ON FUNCTION fidelity_history(integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_history(integer, integer) IS 'the calculations of the last hours, the newest first, so many at most';

CREATE FUNCTION fidelity_history_summary(hours integer DEFAULT 24, max_rows integer DEFAULT 1000,
                                         OUT calculations bigint, OUT average float8, OUT lowest float8, OUT highest float8, OUT trend text,
                                         OUT alerts bigint, OUT first_at timestamptz, OUT last_at timestamptz) RETURNS record
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*), avg(h.composite_score), min(h.composite_score), max(h.composite_score),
           steward.fidelity_trend(coalesce(array_agg(h.composite_score ORDER BY h.calculated_at), '{}')),
           count(*) FILTER (WHERE h.level IN ('red', 'critical') OR h.below_minimum <> '{}'), min(h.calculated_at), max(h.calculated_at)
    FROM steward.fidelity_history(hours, max_rows) AS h
$$;
REVOKE ALL ON FUNCTION fidelity_history_summary(integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION fidelity_history_summary(integer, integer) IS
    'the same calculations in one row: their average, trend, and how many are an alert: of level red or critical, or with a component below its minimum';
