-- The list of what is due before production.

CREATE FUNCTION preflight() RETURNS TABLE (item integer, title text, name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 12 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    busiest record;
    missed text;
    graded bigint;
BEGIN
    PERFORM steward.migration_require('monitor');
    PERFORM steward.migration_require('alerts');
    RETURN QUERY
    SELECT l.item, l.title, d.name, d.state, d.detail, d.hint, d.command
    FROM (VALUES (1, 'indexes are there and analyzed', 'indexes'), (1, 'indexes are there and analyzed', 'migrations'),
                 (2, 'the cache is configured and warm', 'cache'), (3, 'connections are pooled', 'connections'),
                 (4, 'work is done in the background', 'worker'), (4, 'work is done in the background', 'jobs'),
                 (5, 'memory is configured', 'huge pages'), (6, 'monitoring and alerts are set up', 'monitor')) AS l (item, title, name)
         JOIN steward.doctor() AS d ON d.name = l.name
    ORDER BY 1, 3;
    RETURN QUERY
    SELECT 6, 'monitoring and alerts are set up', 'alerts', CASE WHEN count(*) > 0 THEN 'ok' ELSE 'error' END, format('%s alert rules are active.', count(*)),
           CASE WHEN count(*) = 0 THEN 'Nobody is told of anything.' END, NULL
    FROM steward.alert_rule AS r WHERE r.active;
    -- A load test leaves a trace in what was measured.
    SELECT max(a.amount) AS at_once INTO busiest
    FROM steward.metric_history AS h CROSS JOIN LATERAL unnest(h.scalars, h.amounts) AS a (series, amount)
         JOIN steward.metric_series AS s ON s.series = a.series
    WHERE s.name = 'http_in_flight';
    RETURN QUERY
    SELECT 7, 'a load test was done', 'load', CASE WHEN busiest.at_once >= 50 THEN 'ok' ELSE 'warning' END,
           CASE WHEN busiest.at_once IS NULL THEN 'No requests were seen in two weeks.' ELSE format('At most %s requests at once were seen in two weeks.', busiest.at_once) END,
           CASE WHEN coalesce(busiest.at_once < 50, true) THEN 'Have 50 users at once.' END, NULL::text;
    SELECT string_agg(s.name, ', ' ORDER BY s.name) FILTER (WHERE NOT s.met), count(s.grade) INTO missed, graded
    FROM steward.slo_status AS s WHERE s.listed;
    RETURN QUERY
    SELECT 8, 'targets are validated', 'targets', CASE WHEN missed IS NOT NULL THEN 'error' WHEN graded = 0 THEN 'warning' ELSE 'ok' END,
           CASE WHEN missed IS NOT NULL THEN format('These are missed: %s.', missed) ELSE format('%s were measured and are met.', graded) END,
           CASE WHEN missed IS NOT NULL THEN 'slo_status has their figures.' WHEN graded = 0 THEN 'Let the monitor run for an hour under load.' END, NULL::text;
END $$;
REVOKE ALL ON FUNCTION preflight() FROM PUBLIC;
COMMENT ON FUNCTION preflight() IS 'the eight things that are due before production: the rows of doctor() that belong to each, whether a load test was seen, and whether targets are met';
