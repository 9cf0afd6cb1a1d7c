-- What metrics were, over stretches of time.

CREATE FUNCTION metric_window(since timestamptz, until timestamptz, OUT series bigint, OUT rounds bigint, OUT seconds float8, OUT n bigint,
                              OUT total float8, OUT first float8, OUT last float8, OUT lowest float8, OUT highest float8, OUT bins bytea)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_metric_window'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100000 ROWS 200;
REVOKE ALL ON FUNCTION metric_window(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION metric_window(timestamptz, timestamptz) IS
    'each series that is in the history after one time and up to another, all of it put together';

CREATE FUNCTION metric_compare(since timestamptz, at timestamptz, until timestamptz, OUT series bigint, OUT before float8, OUT after float8,
                               OUT change float8, OUT low float8, OUT high float8, OUT verdict text, OUT first_seen timestamptz,
                               OUT n_before bigint, OUT n_after bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_metric_compare'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 50;
REVOKE ALL ON FUNCTION metric_compare(timestamptz, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION metric_compare(timestamptz, timestamptz, timestamptz) IS
    'each histogram of the history before a time against the same after it; what slower_since() shows';

CREATE FUNCTION metric_matches(labels jsonb, wanted jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN wanted = '{}' OR NOT EXISTS (
        SELECT FROM jsonb_each(wanted) AS w
        WHERE NOT coalesce(CASE jsonb_typeof(w.value) WHEN 'array' THEN w.value @> (labels -> w.key)
                                                      WHEN 'object' THEN NOT (w.value -> 'not') @> (labels -> w.key)
                                                      ELSE labels -> w.key = w.value END, false));
END $$;
REVOKE ALL ON FUNCTION metric_matches(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION metric_matches(jsonb, jsonb) IS
    'whether labels are as wanted: each a text, one of an array of texts, or none of {"not": array}';

CREATE FUNCTION metric_values(since timestamptz, until timestamptz, OUT name text, OUT labels jsonb, OUT kind text, OUT unit text,
                              OUT rounds bigint, OUT seconds float8, OUT n bigint, OUT value float8, OUT p50 float8, OUT p95 float8, OUT p99 float8,
                              OUT lowest float8, OUT highest float8, OUT first float8, OUT last float8) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 ROWS 200 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('monitor');
    RETURN QUERY
    SELECT s.name, s.labels, m.kind, m.unit, w.rounds, w.seconds, w.n,
           CASE m.kind WHEN 'counter' THEN w.total ELSE w.total / nullif(w.n, 0) END,
           steward.histogram_quantile(w.bins, 0.5), steward.histogram_quantile(w.bins, 0.95), steward.histogram_quantile(w.bins, 0.99),
           CASE m.kind WHEN 'gauge' THEN w.lowest END, CASE m.kind WHEN 'gauge' THEN w.highest END,
           CASE m.kind WHEN 'gauge' THEN w.first END, CASE m.kind WHEN 'gauge' THEN w.last END
    FROM steward.metric_window(since, until) AS w JOIN steward.metric_series AS s USING (series) JOIN steward.metric AS m USING (name);
END $$;
REVOKE ALL ON FUNCTION metric_values(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION metric_values(timestamptz, timestamptz) IS
    'each metric by its labels in a stretch of time: the increase of a counter, the mean of a gauge, mean and quantiles of a histogram';

CREATE FUNCTION metric_points(name text, labels jsonb DEFAULT '{}', since timestamptz DEFAULT '-infinity', step interval DEFAULT '1 minute',
                              OUT at timestamptz, OUT n bigint, OUT value float8, OUT p50 float8, OUT p95 float8, OUT p99 float8)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 ROWS 60 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    until timestamptz := steward.worker_clock();
    wanted bigint[];
    m record;
BEGIN
    PERFORM steward.migration_require('monitor');
    SELECT d.kind INTO m FROM steward.metric AS d WHERE d.name = metric_points.name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'metric "%" does not exist', left(name, 63) USING ERRCODE = 'undefined_object';
    ELSIF step < interval '1 second' THEN
        RAISE EXCEPTION 'a step must be a second at least' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF since = '-infinity' THEN
        since := until - interval '1 hour';
    END IF;
    wanted := ARRAY(SELECT s.series FROM steward.metric_series AS s
                    WHERE s.name = metric_points.name AND steward.metric_matches(s.labels, metric_points.labels));
    RETURN QUERY
    SELECT p.at, sum(p.n)::bigint, CASE m.kind WHEN 'histogram' THEN steward.histogram_total(steward.histogram_sum(p.bins)) / nullif(sum(p.n), 0)
                                               WHEN 'gauge' THEN sum(p.amount) / count(DISTINCT p.round) ELSE sum(p.amount) END::float8,
           steward.histogram_quantile(steward.histogram_sum(p.bins), 0.5), steward.histogram_quantile(steward.histogram_sum(p.bins), 0.95),
           steward.histogram_quantile(steward.histogram_sum(p.bins), 0.99)
    FROM (SELECT date_bin(step, h.at - interval '1 microsecond', since) + step AS at, h.at AS round, v.amount, v.bins,
                 CASE WHEN v.bins IS NULL THEN 1 ELSE steward.histogram_count(v.bins) END AS n
          FROM steward.metric_history AS h CROSS JOIN LATERAL (
              SELECT a.series, a.amount, NULL::bytea FROM unnest(h.scalars, h.amounts) AS a (series, amount)
              UNION ALL SELECT b.series, NULL, b.bins FROM unnest(h.histograms, h.bins) AS b (series, bins)) AS v (series, amount, bins)
          WHERE h.at > since AND h.at <= until AND v.series = ANY (wanted)) AS p
    GROUP BY p.at ORDER BY p.at;
END $$;
REVOKE ALL ON FUNCTION metric_points(text, jsonb, timestamptz, interval) FROM PUBLIC;
COMMENT ON FUNCTION metric_points(text, jsonb, timestamptz, interval) IS
    'a metric over time, all series with such labels together: a point a step; of the last hour unless a time is given';

-- Everything of one window is read once, however many ask for it.
CREATE FUNCTION metric_measures(at timestamptz, names text[], metrics text[], labels jsonb[], parts jsonb[], measures text[], windows interval[],
                                OUT name text, OUT value float8, OUT n bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH asked AS (
        SELECT * FROM unnest(names, metrics, labels, parts, measures, windows) AS a (name, metric, labels, part, measure, time_window)
    ), spans AS MATERIALIZED (
        SELECT d.time_window, (SELECT sum(h.seconds) FROM steward.metric_history AS h
                               WHERE h.at > metric_measures.at - d.time_window AND h.at <= metric_measures.at) AS seconds
        FROM (SELECT DISTINCT time_window FROM asked) AS d
    ), seen AS MATERIALIZED (
        SELECT p.time_window, p.seconds AS span, s.name, s.labels, w.*
        FROM spans AS p CROSS JOIN LATERAL steward.metric_window(metric_measures.at - p.time_window, metric_measures.at) AS w
             JOIN steward.metric_series AS s USING (series)
        WHERE s.name = ANY (metrics)
    )
    SELECT a.name,
           CASE a.measure
               WHEN 'mean' THEN g.total / nullif(g.n, 0)
               WHEN 'p50' THEN steward.histogram_quantile(g.bins, 0.5)
               WHEN 'p95' THEN steward.histogram_quantile(g.bins, 0.95)
               WHEN 'p99' THEN steward.histogram_quantile(g.bins, 0.99)
               WHEN 'last' THEN g.last
               WHEN 'least' THEN g.lowest
               WHEN 'most' THEN g.highest
               WHEN 'growth' THEN g.last / nullif(g.first, 0) - 1
               WHEN 'rate' THEN g.total / nullif(g.span, 0)
               WHEN 'share' THEN g.part / nullif(g.total, 0)
           END::float8,
           coalesce(CASE WHEN a.measure IN ('rate', 'share') THEN g.total ELSE g.n END, 0)::bigint
    FROM asked AS a LEFT JOIN LATERAL (
        SELECT sum(d.n) AS n, sum(d.total) AS total, coalesce(sum(d.total) FILTER (WHERE steward.metric_matches(d.labels, a.part)), 0) AS part,
               sum(d.first) AS first, sum(d.last) AS last, min(d.lowest) AS lowest, max(d.highest) AS highest, max(d.span) AS span,
               steward.histogram_sum(d.bins) AS bins
        FROM seen AS d
        WHERE d.time_window = a.time_window AND d.name = a.metric AND steward.metric_matches(d.labels, a.labels)) AS g ON true;
END $$;
REVOKE ALL ON FUNCTION metric_measures(timestamptz, text[], text[], jsonb[], jsonb[], text[], interval[]) FROM PUBLIC;
COMMENT ON FUNCTION metric_measures(timestamptz, text[], text[], jsonb[], jsonb[], text[], interval[]) IS
    'many figures up to a time: of each a name, a metric, its labels, the part of them for a share, a measure and a window';

CREATE FUNCTION metric_measure(metric text, labels jsonb, measure text, part jsonb, since timestamptz, until timestamptz,
                               OUT value float8, OUT n bigint) RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('monitor');
    IF measure NOT IN ('mean', 'p50', 'p95', 'p99', 'last', 'least', 'most', 'growth', 'rate', 'share') THEN
        RAISE EXCEPTION 'unknown measure: "%"', measure
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Use mean, p50, p95, p99, last, least, most, growth, rate or share.';
    END IF;
    SELECT m.value, m.n INTO value, n
    FROM steward.metric_measures(until, ARRAY['it'], ARRAY[metric], ARRAY[labels], ARRAY[part], ARRAY[measure], ARRAY[until - since]) AS m;
END $$;
REVOKE ALL ON FUNCTION metric_measure(text, jsonb, text, jsonb, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION metric_measure(text, jsonb, text, jsonb, timestamptz, timestamptz) IS
    'one figure of a metric in a stretch of time, and of how many values it is made';

CREATE FUNCTION slower_since(at timestamptz, time_window interval DEFAULT '1 hour', OUT what text, OUT labels jsonb, OUT before float8,
                             OUT after float8, OUT change float8, OUT low float8, OUT high float8, OUT verdict text, OUT first_seen timestamptz,
                             OUT n_before bigint, OUT n_after bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('monitor');
    IF time_window <= interval '0' THEN
        RAISE EXCEPTION 'the window must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT CASE s.name WHEN 'operation_seconds' THEN concat_ws('.', s.labels ->> 'component', s.labels ->> 'operation')
                       ELSE concat_ws(' ', s.name, nullif(s.labels, '{}')) END,
           s.labels, c.before, c.after, c.change, c.low, c.high, c.verdict, c.first_seen, c.n_before, c.n_after
    FROM steward.metric_compare(slower_since.at - time_window, slower_since.at, slower_since.at + time_window) AS c
         JOIN steward.metric_series AS s USING (series)
    ORDER BY array_position(ARRAY['slower', 'faster', 'unclear', 'unchanged', 'too little data'], c.verdict), abs(c.change) DESC NULLS LAST, 1;
END $$;
REVOKE ALL ON FUNCTION slower_since(timestamptz, interval) FROM PUBLIC;
COMMENT ON FUNCTION slower_since(timestamptz, interval) IS
    'whether calls take longer after a time than before it: the typical call of each operation, the change with its interval, a verdict, since when';

CREATE FUNCTION change_mark(note text, at timestamptz DEFAULT NULL) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('monitor');
    IF coalesce(note, '') = '' THEN
        RAISE EXCEPTION 'a change must have a note' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    at := coalesce(at, steward.worker_clock());
    LOOP
        INSERT INTO steward.change_mark (at, note, made_by) VALUES (at, note, current_user) ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        at := at + interval '1 microsecond';
    END LOOP;
    RETURN at;
END $$;
REVOKE ALL ON FUNCTION change_mark(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION change_mark(text, timestamptz) IS
    'notes that something was changed, now unless a time is given, which it returns; the monitor says what became slower since';

CREATE FUNCTION statement_top(since timestamptz, until timestamptz, most integer DEFAULT 10, OUT queryid bigint, OUT calls bigint, OUT rows bigint,
                              OUT total_seconds float8, OUT mean_seconds float8, OUT before_mean_seconds float8, OUT change float8)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM steward.migration_require('monitor');
    RETURN QUERY
    SELECT g.queryid, g.calls, g.rows, g.seconds, g.seconds / nullif(g.calls, 0), g.before_seconds / nullif(g.before_calls, 0),
           g.seconds / nullif(g.calls, 0) / nullif(g.before_seconds / nullif(g.before_calls, 0), 0) - 1
    FROM (SELECT u.queryid, sum(u.calls) FILTER (WHERE h.at > since)::bigint AS calls, sum(u.rows) FILTER (WHERE h.at > since)::bigint AS rows,
                 sum(u.seconds) FILTER (WHERE h.at > since) AS seconds, sum(u.calls) FILTER (WHERE h.at <= since)::float8 AS before_calls,
                 sum(u.seconds) FILTER (WHERE h.at <= since) AS before_seconds
          FROM steward.statement_history AS h, unnest(h.queryids, h.calls, h.seconds, h.rows) AS u (queryid, calls, seconds, rows)
          WHERE h.at > since - (until - since) AND h.at <= until GROUP BY u.queryid) AS g
    WHERE g.seconds IS NOT NULL ORDER BY g.seconds DESC, g.queryid LIMIT most;
END $$;
REVOKE ALL ON FUNCTION statement_top(timestamptz, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION statement_top(timestamptz, timestamptz, integer) IS
    'the statements that took most of the time, with the mean of as long a time before; without their texts, which are in table statement_text';
