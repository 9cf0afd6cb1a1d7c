-- Whether this installation is fit for production: more checks, and all of them together.

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
