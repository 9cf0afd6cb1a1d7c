-- Slow statements, and stretches of time that callers name.

CREATE FUNCTION slow_call_take(OUT at timestamptz, OUT seconds float8, OUT role oid, OUT nested boolean, OUT query text, OUT plan text, OUT sqlstate text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_slow_call_take'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 5;
REVOKE ALL ON FUNCTION slow_call_take() FROM PUBLIC;
COMMENT ON FUNCTION slow_call_take() IS 'takes the slow statements of this database out of the memory that they wait in';

CREATE FUNCTION slow_call_drain() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stored bigint;
BEGIN
    INSERT INTO steward.slow_call (call_id, at, seconds, who, nested, query, plan, sqlstate)
    SELECT gen_random_uuid(), t.at, t.seconds, pg_get_userbyid(t.role), t.nested, t.query, t.plan, t.sqlstate FROM steward.slow_call_take() AS t;
    GET DIAGNOSTICS stored = ROW_COUNT;
    RETURN stored;
END $$;
REVOKE ALL ON FUNCTION slow_call_drain() FROM PUBLIC;
COMMENT ON FUNCTION slow_call_drain() IS 'stores the slow statements that came since the last round of the monitor';

-- The time is part of the name, so that the end of a span finds the partition that its beginning is in.
CREATE FUNCTION span_id_at(at timestamptz) RETURNS uuid
    LANGUAGE sql VOLATILE STRICT PARALLEL SAFE COST 50 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT overlay(overlay(gen_random_uuid()::text PLACING '7' FROM 15)
                   PLACING regexp_replace(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'), '^(.{8})(.{4})$', '\1-\2') FROM 1)::uuid
$$;
REVOKE ALL ON FUNCTION span_id_at(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION span_id_at(timestamptz) IS 'a name that is nobody else''s and holds the time to the millisecond (UUID version 7)';

CREATE FUNCTION span_started_at(id uuid) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50 SET search_path = pg_catalog, pg_temp
AS $$ SELECT to_timestamp(('x0000' || substr(replace(id::text, '-', ''), 1, 12))::bit(64)::bigint / 1000.0::float8) $$;
REVOKE ALL ON FUNCTION span_started_at(uuid) FROM PUBLIC;
COMMENT ON FUNCTION span_started_at(uuid) IS 'the time in the name of a span, to the millisecond';

CREATE FUNCTION span_start(name text, parent uuid DEFAULT NULL, attributes jsonb DEFAULT '{}') RETURNS uuid
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := clock_timestamp();
    id uuid := steward.span_id_at(at);
BEGIN
    PERFORM steward.migration_require('monitor');
    IF coalesce(name, '') = '' OR length(name) > 200 THEN
        RAISE EXCEPTION 'a span must have a name of at most 200 characters' USING ERRCODE = 'invalid_parameter_value';
    ELSIF jsonb_typeof(attributes) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'attributes of a span must be an object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.span (span_id, started_at, parent, name, attributes) VALUES (id, at, parent, name, attributes);
    RETURN id;
END $$;
REVOKE ALL ON FUNCTION span_start(text, uuid, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION span_start(text, uuid, jsonb) IS 'begins a stretch of time, within another one perhaps; with the transaction';

CREATE FUNCTION span_end(id uuid, attributes jsonb DEFAULT '{}') RETURNS interval
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    began timestamptz := steward.span_started_at(id);
    at timestamptz := clock_timestamp();
    took interval;
BEGIN
    PERFORM steward.migration_require('monitor');
    IF jsonb_typeof(attributes) <> 'object' THEN
        RAISE EXCEPTION 'attributes of a span must be an object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE steward.span AS s SET ended_at = at, attributes = s.attributes || span_end.attributes
    WHERE s.span_id = id AND s.started_at BETWEEN began - interval '1 second' AND began + interval '1 second' AND s.ended_at IS NULL
    RETURNING at - s.started_at INTO took;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'span % does not stand open', id USING ERRCODE = 'undefined_object';
    END IF;
    RETURN took;
END $$;
REVOKE ALL ON FUNCTION span_end(uuid, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION span_end(uuid, jsonb) IS 'ends a stretch of time and returns how long it was';

CREATE FUNCTION bottlenecks(critical_ms float8 DEFAULT 1000, critical_share float8 DEFAULT 0.2, since timestamptz DEFAULT '-infinity',
                            OUT severity text, OUT component text, OUT calls bigint, OUT total_ms float8, OUT mean_ms float8, OUT max_ms float8,
                            OUT self_ms float8, OUT share float8, OUT impact text, OUT recommendation text) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('monitor');
    IF NOT coalesce(critical_ms > 0 AND critical_share > 0 AND critical_share <= 1, false) THEN
        RAISE EXCEPTION 'critical_ms must be positive, critical_share a share' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF since = '-infinity' THEN
        since := clock_timestamp() - interval '1 hour';
    END IF;
    RETURN QUERY
    WITH ended AS MATERIALIZED (
        SELECT s.span_id, s.parent, s.name, extract(epoch FROM s.ended_at - s.started_at)::float8 * 1000 AS ms
        FROM steward.span AS s WHERE s.started_at >= bottlenecks.since AND s.ended_at IS NOT NULL
    ), own AS (
        -- What is within a span is that one's time; spans that run beside one another may take more than the one around them.
        SELECT e.*, greatest(e.ms - coalesce(i.ms, 0), 0) AS self_ms
        FROM ended AS e LEFT JOIN (SELECT c.parent, sum(c.ms) AS ms FROM ended AS c WHERE c.parent IS NOT NULL GROUP BY 1) AS i ON i.parent = e.span_id
    ), counted AS (
        SELECT o.name, count(*) AS calls, sum(o.ms) AS total_ms, avg(o.ms) AS mean_ms, max(o.ms) AS max_ms, sum(o.self_ms) AS self_ms,
               avg(o.self_ms) AS mean_self_ms, sum(o.self_ms) / nullif(sum(sum(o.self_ms)) OVER (), 0) AS share
        FROM own AS o GROUP BY 1
    )
    SELECT g.severity, c.name, c.calls, c.total_ms, c.mean_ms, c.max_ms, c.self_ms, c.share,
           format('%s ms of its own, %s %% of all, in %s calls.', round(c.self_ms::numeric, 1), round((100 * c.share)::numeric, 1), c.calls),
           CASE WHEN g.severity = 'minor' THEN 'Nothing is to be done.'
                WHEN c.mean_self_ms >= bottlenecks.critical_ms THEN 'Each call is long: name the parts of it by spans within it, and look at slow_calls.'
                WHEN c.calls > 1 THEN 'It is called often: do several at once, side by side, or keep what it gives in a cache.'
                ELSE 'Name the parts of it by spans within it.' END
    FROM counted AS c CROSS JOIN LATERAL (
        SELECT CASE WHEN c.mean_self_ms >= bottlenecks.critical_ms AND c.share >= bottlenecks.critical_share THEN 'critical'
                    WHEN c.mean_self_ms >= bottlenecks.critical_ms OR c.share >= bottlenecks.critical_share THEN 'major' ELSE 'minor' END AS severity) AS g
    ORDER BY array_position(ARRAY['critical', 'major', 'minor'], g.severity), c.self_ms DESC, c.name;
END $$;
REVOKE ALL ON FUNCTION bottlenecks(float8, float8, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION bottlenecks(float8, float8, timestamptz) IS
    'where the time of spans goes: critical are those that take long by themselves and most of it all, major those that do either';
