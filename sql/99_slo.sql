-- Objectives: the figure of each, as of the last round of the monitor, and its grade.

CREATE FUNCTION slo_grade(better text, value float8, excellent float8, target float8, acceptable float8) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN better = 'below' THEN CASE WHEN value <= excellent THEN 'excellent' WHEN value <= target THEN 'target'
                                                WHEN value <= acceptable THEN 'acceptable' ELSE 'poor' END
                ELSE CASE WHEN value >= excellent THEN 'excellent' WHEN value >= target THEN 'target'
                          WHEN value >= acceptable THEN 'acceptable' ELSE 'poor' END END
$$;
REVOKE ALL ON FUNCTION slo_grade(text, float8, float8, float8, float8) FROM PUBLIC;
COMMENT ON FUNCTION slo_grade(text, float8, float8, float8, float8) IS 'the band that a value lies in: excellent, target, acceptable or poor';

-- Minutes since the first heartbeat in the window that are over.
CREATE FUNCTION availability_of(source text, time_window interval, at timestamptz, OUT minutes bigint, OUT up bigint, OUT share float8) RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    this_minute timestamptz := date_trunc('minute', at);
BEGIN
    PERFORM steward.migration_require('monitor');
    SELECT extract(epoch FROM this_minute - min(h.minute))::bigint / 60, count(*) INTO minutes, up
    FROM steward.heartbeat AS h
    WHERE h.source = availability_of.source AND h.minute >= date_trunc('minute', at - time_window) AND h.minute < this_minute;
    minutes := coalesce(minutes, 0);
    share := up::float8 / nullif(minutes, 0);
END $$;
REVOKE ALL ON FUNCTION availability_of(text, interval, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION availability_of(text, interval, timestamptz) IS
    'in how many of the minutes of a window, since the first heartbeat in it, something was there';

CREATE FUNCTION slo_evaluate(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    evaluated bigint;
BEGIN
    INSERT INTO steward.slo_measured AS m (name, at, value, n)
    SELECT v.name, slo_evaluate.at, v.value, v.n
    FROM (SELECT array_agg(s.name) AS names, array_agg(s.metric) AS metrics, array_agg(s.labels) AS labels, array_agg(s.part) AS parts,
                 array_agg(s.measure) AS measures, array_agg(s.time_window) AS windows
          FROM steward.slo AS s WHERE s.active AND s.measure <> 'availability') AS a
         CROSS JOIN LATERAL steward.metric_measures(slo_evaluate.at, a.names, a.metrics, a.labels, a.parts, a.measures, a.windows) AS v
    UNION ALL
    SELECT s.name, slo_evaluate.at, o.share, o.minutes
    FROM steward.slo AS s CROSS JOIN LATERAL steward.availability_of(s.labels ->> 'source', s.time_window, slo_evaluate.at) AS o
    WHERE s.active AND s.measure = 'availability'
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, value = excluded.value, n = excluded.n;
    GET DIAGNOSTICS evaluated = ROW_COUNT;
    DELETE FROM steward.slo_measured AS m WHERE m.name NOT IN (SELECT s.name FROM steward.slo AS s WHERE s.active);
    RETURN evaluated;
END $$;
REVOKE ALL ON FUNCTION slo_evaluate(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION slo_evaluate(timestamptz) IS 'notes the figure of each active objective up to a time';

CREATE FUNCTION slo_use(preset text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    used bigint;
BEGIN
    PERFORM steward.migration_require('alerts');
    IF NOT EXISTS (SELECT FROM steward.slo AS s WHERE s.preset = slo_use.preset) THEN
        RAISE EXCEPTION 'there is no preset "%" of objectives', left(preset, 63)
            USING ERRCODE = 'undefined_object',
                  HINT = format('Use one of %s.', (SELECT string_agg(DISTINCT s.preset, ', ') FROM steward.slo AS s));
    END IF;
    UPDATE steward.slo AS s SET active = false
    WHERE s.active AND s.preset <> slo_use.preset AND s.name IN (SELECT p.name FROM steward.slo AS p WHERE p.preset = slo_use.preset);
    UPDATE steward.slo AS s SET active = true WHERE NOT s.active AND s.preset = slo_use.preset;
    GET DIAGNOSTICS used = ROW_COUNT;
    RETURN used;
END $$;
REVOKE ALL ON FUNCTION slo_use(text) FROM PUBLIC;
COMMENT ON FUNCTION slo_use(text) IS 'grades by the figures of a preset, where it has any; returns how many that changes';
