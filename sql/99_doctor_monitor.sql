-- Whether this installation is fit for production: more checks of doctor(), and the list of those that are due before.

CREATE FUNCTION doctor_monitor() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 20000 ROWS 3 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('doctor', 'doctor_monitor');
    invalid text;
    stale text;
    used bigint;
    last record;
BEGIN
    SELECT string_agg(i.indexrelid::regclass::text, ', ') INTO invalid
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
    WHERE c.relnamespace = to_regnamespace('steward') AND NOT (i.indisvalid AND i.indisready);
    SELECT string_agg(s.relname, ', ') INTO stale
    FROM (SELECT t.relname FROM pg_stat_user_tables AS t
          WHERE t.schemaname = 'steward' AND t.n_live_tup > 10000 AND t.last_analyze IS NULL AND t.last_autoanalyze IS NULL
          ORDER BY t.n_live_tup DESC LIMIT 10) AS s;
    RETURN QUERY SELECT 'indexes', CASE WHEN invalid IS NULL AND stale IS NULL THEN 'ok' ELSE 'warning' END,
        CASE WHEN invalid IS NOT NULL THEN format('These are not valid: %s.', invalid)
             WHEN stale IS NOT NULL THEN format('These tables have never been analyzed: %s.', stale)
             ELSE 'All are valid, and large tables are analyzed.' END,
        CASE WHEN invalid IS NOT NULL THEN 'An index that could not be built is not used: make it anew.'
             WHEN stale IS NOT NULL THEN 'Without statistics plans are guesses.' END,
        CASE WHEN invalid IS NOT NULL THEN format('REINDEX INDEX CONCURRENTLY %s;', split_part(invalid, ', ', 1))
             WHEN stale IS NOT NULL THEN format('ANALYZE steward.%I;', split_part(stale, ', ', 1)) END;
    SELECT sum(d.numbackends) INTO used FROM pg_stat_database AS d;
    RETURN QUERY SELECT 'connections', CASE WHEN used > 0.8 * current_setting('max_connections')::integer THEN 'warning' ELSE 'ok' END,
        format('%s of %s connections are in use.', used, current_setting('max_connections')),
        CASE WHEN used > 0.8 * current_setting('max_connections')::integer THEN 'Let programs share connections through a pool.' END, NULL::text;
    IF steward.migration_is_deployed('monitor') AND has_table_privilege('steward.monitor_state', 'SELECT') THEN
        SELECT s.at, s.errors, p.paused INTO last
        FROM steward.monitor_setting AS p LEFT JOIN steward.monitor_state AS s USING (scope) WHERE p.scope = 'all';
        RETURN QUERY SELECT 'monitor',
            CASE WHEN pg_is_in_recovery() OR (NOT last.paused AND last.at > steward.worker_clock() - interval '10 minutes' AND last.errors = '{}') THEN 'ok'
                 ELSE 'warning' END,
            CASE WHEN last.at IS NULL THEN 'Nothing has been measured yet.'
                 ELSE concat_ws(' ', format('The last round was at %s.', date_trunc('second', last.at)),
                                'It could not look at all: ' || nullif(last.errors, '{}')::text) END,
            CASE WHEN last.paused THEN 'It is paused.'
                 WHEN coalesce(last.at <= steward.worker_clock() - interval '10 minutes', true) THEN 'Let the worker run, or call monitor_run() each minute.'
                 WHEN last.errors <> '{}' THEN 'What it could not look at is missing in the history.' END,
            CASE WHEN last.paused THEN 'UPDATE steward.monitor_setting SET paused = false;'
                 WHEN NOT pg_is_in_recovery() AND coalesce(last.at <= steward.worker_clock() - interval '10 minutes', true) THEN 'SELECT steward.monitor_run();' END;
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION doctor_monitor() FROM PUBLIC;
COMMENT ON FUNCTION doctor_monitor() IS 'the checks of doctor() that concern indexes, connections and the monitor';

CREATE FUNCTION doctor() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 50000 ROWS 15 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT * FROM steward.doctor_server()
    UNION ALL SELECT * FROM steward.doctor_rights()
    UNION ALL SELECT * FROM steward.doctor_work()
    UNION ALL SELECT * FROM steward.doctor_jobs()
    UNION ALL SELECT * FROM steward.doctor_summaries()
    UNION ALL SELECT * FROM steward.doctor_monitor()
$$;
REVOKE ALL ON FUNCTION doctor() FROM PUBLIC;
COMMENT ON FUNCTION doctor() IS
    'a row for each check of this installation: state (ok, warning, error), what was seen, a hint, and what mends it';

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
