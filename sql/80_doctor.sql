-- What is wrong with this installation, and what mends it: a row for each check.

CREATE FUNCTION doctor_server() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('doctor', 'doctor_server');
    installed text := (SELECT extversion FROM pg_extension WHERE extname = 'pg_steward');
    others text := ''; -- who else is preloaded, where the caller may know
    slots integer := current_setting('max_worker_processes')::integer;
    library text;
    wanted integer;
BEGIN
    PERFORM steward.risk_level(0); -- loads the library, whose settings are asked for
    library := current_setting('steward.library_version', true);
    IF pg_has_role('pg_read_all_settings', 'USAGE') THEN
        others := current_setting('shared_preload_libraries');
    END IF;
    wanted := 1 + current_setting('steward.max_workers', true)::integer;
    RETURN QUERY SELECT 'version', CASE WHEN library = installed THEN 'ok' ELSE 'error' END,
        format('The library is %s, the extension %s.', library, installed),
        CASE WHEN library <> installed
             THEN 'Update the extension, or connect again if the package is newer than this session.' END,
        CASE WHEN library <> installed THEN 'ALTER EXTENSION pg_steward UPDATE;' END;
    RETURN QUERY SELECT 'preload', CASE WHEN p.is_there THEN 'ok' ELSE 'warning' END,
        CASE WHEN p.is_there THEN 'The library is preloaded.' ELSE 'The library is not preloaded.' END,
        CASE WHEN NOT p.is_there
             THEN 'Without it no worker runs: CALL steward.worker_run() from a schedule. A restart is needed.' END,
        CASE WHEN NOT p.is_there THEN format('ALTER SYSTEM SET shared_preload_libraries = %s;',
                                             concat_ws(', ', nullif(others, ''), 'pg_steward')) END
    FROM (SELECT current_setting('steward.worker', true) IS NOT NULL AS is_there) AS p; -- made at no other time
    RETURN QUERY SELECT 'worker slots', CASE WHEN slots >= wanted THEN 'ok' ELSE 'warning' END,
        format('max_worker_processes is %s; the launcher and its workers may use %s.', slots, wanted),
        CASE WHEN slots < wanted THEN 'Workers wait for one another. A restart is needed.' END,
        CASE WHEN slots < wanted THEN format('ALTER SYSTEM SET max_worker_processes = %s;', wanted) END;
    RETURN QUERY SELECT 'settings', CASE WHEN s.sample_rate = 0 THEN 'warning' ELSE 'ok' END,
        coalesce('These are not at their defaults: ' || s.changed || '.', 'All are at their defaults.'),
        CASE WHEN s.sample_rate = 0 THEN 'Nothing is timed: operation_stats has no durations.' END,
        CASE WHEN s.sample_rate = 0 THEN 'ALTER SYSTEM RESET steward.sample_rate; SELECT pg_reload_conf();' END
    FROM (SELECT string_agg(g.name || ' = ' || g.setting, ', ' ORDER BY g.name) FILTER (WHERE g.setting <> g.boot_val) AS changed,
                 coalesce(max(g.setting) FILTER (WHERE g.name = 'steward.sample_rate')::float8, 1) AS sample_rate
          FROM pg_settings AS g WHERE g.name LIKE 'steward.%') AS s;
    RETURN QUERY SELECT 'encoding', CASE WHEN e.fits THEN 'ok' ELSE 'error' END,
        format('The encoding of this database is %s.', getdatabaseencoding()),
        CASE WHEN NOT e.fits THEN 'Scores need UTF8 or an encoding of one byte a character.' END, NULL
    FROM (SELECT getdatabaseencoding() = 'UTF8' OR pg_encoding_max_length(d.encoding) = 1 AS fits
          FROM pg_database AS d WHERE d.datname = current_database()) AS e;
    RETURN QUERY SELECT 'huge pages', CASE WHEN h.huge_pages = 'off' THEN 'warning' ELSE 'ok' END,
        format('huge_pages is %s; shared memory would take %s of them.', h.huge_pages, h.needed),
        CASE WHEN h.huge_pages = 'off' THEN 'A large cache is faster with them. A restart is needed.' END,
        CASE WHEN h.huge_pages = 'off' THEN 'ALTER SYSTEM SET huge_pages = try;' END
    FROM (SELECT current_setting('huge_pages') AS huge_pages,
                 current_setting('shared_memory_size_in_huge_pages') AS needed) AS h;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION doctor_server() FROM PUBLIC;
COMMENT ON FUNCTION doctor_server() IS 'the checks of doctor() that concern the server';

CREATE FUNCTION doctor_rights() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 10000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('doctor', 'doctor_rights');
    missing text := (SELECT string_agg(m, ', ') FROM unnest(ARRAY['principles', 'history', 'summary', 'scoring', 'jobs', 'cache', 'cache_tiers', 'summaries', 'hot_indexes', 'fidelity', 'strategies', 'models', 'monitor', 'alerts', 'embeddings', 'prompt_cache', 'rate_limits']) AS m
                     WHERE NOT steward.migration_is_deployed(m));
    worker pg_roles := (SELECT r FROM pg_roles AS r WHERE r.rolname = 'steward_worker');
    ungranted bigint := 0;
    open_to_all bigint;
BEGIN
    RETURN QUERY SELECT 'migrations', CASE WHEN missing IS NULL THEN 'ok' ELSE 'error' END,
        coalesce('These are not deployed here: ' || missing || '.', 'All are deployed.'),
        CASE WHEN missing IS NOT NULL THEN 'Run it in the folder migrations, or "steward setup".' END,
        CASE WHEN missing IS NOT NULL THEN format('sqitch deploy db:pg:%s', current_database()) END;
    RETURN QUERY SELECT 'worker role', CASE WHEN w.complaint IS NULL THEN 'ok' ELSE 'error' END,
        coalesce(w.complaint, 'Role steward_worker may log in to this database and is no superuser.'),
        CASE WHEN w.complaint IS NOT NULL THEN 'No worker starts in this database.' END, w.remedy
    FROM (SELECT * FROM (VALUES
            (1, worker.rolname IS NULL, 'Role steward_worker does not exist.',
                'sqitch deploy db:pg:' || current_database()),
            (2, NOT worker.rolcanlogin, 'Role steward_worker may not log in.', 'ALTER ROLE steward_worker LOGIN;'),
            (3, worker.rolsuper, 'Role steward_worker is a superuser.', 'ALTER ROLE steward_worker NOSUPERUSER;'),
            (4, NOT worker.rolbypassrls, 'Row security hides rows from role steward_worker.',
                'ALTER ROLE steward_worker BYPASSRLS;'),
            (5, NOT has_database_privilege(worker.oid, current_database(), 'CONNECT'),
                'Role steward_worker may not connect to this database.',
                format('GRANT CONNECT ON DATABASE %I TO steward_worker;', current_database())),
            (6, true, NULL, NULL)) AS v (place, applies, complaint, remedy)
          WHERE applies ORDER BY place LIMIT 1) AS w;
    IF to_regrole('steward_reader') IS NOT NULL THEN
        SELECT count(*) INTO ungranted FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward')
              AND (p.provolatile IN ('i', 's') OR p.proname IN ('operation_begin', 'operation_end'))
              AND NOT has_function_privilege('steward_reader', p.oid, 'EXECUTE');
    END IF;
    RETURN QUERY SELECT 'grants', CASE WHEN ungranted = 0 THEN 'ok' ELSE 'warning' END,
        format('Role steward_reader may not call %s of the functions that it needs.', ungranted),
        CASE WHEN ungranted > 0 THEN 'Run the grants again after an update of the extension.' END,
        CASE WHEN ungranted > 0 THEN 'psql -f migrations/deploy/grants.sql' END;
    -- DROP EXTENSION ... CASCADE takes the triggers along, CREATE EXTENSION does not bring them back.
    RETURN QUERY SELECT 'triggers', CASE WHEN t.gone IS NULL THEN 'ok' ELSE 'error' END,
        coalesce('These lack a trigger: ' || t.gone || '.', 'Sessions hear of changes in lexicons, profiles, models and caches.'),
        CASE WHEN t.gone IS NOT NULL THEN 'The grants make the missing triggers, too.' END,
        CASE WHEN t.gone IS NOT NULL THEN 'psql -f migrations/deploy/grants.sql' END
    FROM (SELECT string_agg(DISTINCT r.rel, ', ') AS gone
          FROM (VALUES ('lexicon', 'lexicon_invalidate'), ('score_profile', 'lexicon_invalidate'),
                       ('model_champion', 'lexicon_invalidate'), ('model_learnt', 'lexicon_invalidate'), ('embedding_model', 'lexicon_invalidate'),
                       ('cache_namespace', 'cache_definition_changed'), ('cache_namespace', 'cache_namespace_check'),
                       ('cache_dependency', 'cache_definition_changed'), ('cache_dependency', 'cache_namespace_check')) AS r (rel, function)
          WHERE to_regclass('steward.' || r.rel) IS NOT NULL AND NOT EXISTS (
              SELECT FROM pg_trigger WHERE tgrelid = to_regclass('steward.' || r.rel)
                     AND tgfoid = to_regprocedure('steward.' || r.function || '()'))) AS t;
    SELECT count(*) INTO open_to_all FROM pg_class AS c, aclexplode(c.relacl) AS a
    WHERE c.relnamespace = to_regnamespace('steward') AND a.grantee = 0;
    RETURN QUERY SELECT 'public', CASE WHEN open_to_all = 0 THEN 'ok' ELSE 'warning' END,
        format('PUBLIC has %s rights on tables of schema steward.', open_to_all),
        CASE WHEN open_to_all > 0 THEN 'Grant to roles instead.' END,
        CASE WHEN open_to_all > 0 THEN 'REVOKE ALL ON ALL TABLES IN SCHEMA steward FROM PUBLIC;' END;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION doctor_rights() FROM PUBLIC;
COMMENT ON FUNCTION doctor_rights() IS 'the checks of doctor() that concern migrations, roles and grants';

CREATE FUNCTION doctor_work() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 20000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('doctor', 'doctor_work');
    launcher integer;
    here record;
    scheduled boolean;
    pending bigint;
    unscored bigint;
    example bigint;
    complaint text;
    late text;
    most constant integer := 512; -- namespaces hold memory at once
    memory record;
BEGIN
    IF has_function_privilege('steward.worker_status()', 'EXECUTE') THEN
        SELECT s.pids[1] INTO launcher FROM steward.worker_status() AS s WHERE s.database IS NULL;
        SELECT s.state, s.last_error INTO here FROM steward.worker_status() AS s WHERE s.database = current_database() AND s.role IS NULL;
        RETURN QUERY SELECT 'worker',
            CASE WHEN here.last_error IS NOT NULL THEN 'error' WHEN pg_is_in_recovery() THEN 'ok'
                 WHEN launcher IS NULL OR here.state NOT IN ('unknown', 'present', 'closed') THEN 'warning' ELSE 'ok' END,
            CASE WHEN pg_is_in_recovery() THEN 'This is a standby: the worker starts at its promotion.'
                 WHEN launcher IS NULL THEN 'No launcher runs.'
                 ELSE concat_ws(' ', format('The launcher is process %s; this database is %s.', launcher,
                                            coalesce(here.state, 'new to it')),
                                'The last error was: ' || here.last_error) END,
            CASE WHEN here.last_error IS NOT NULL THEN 'The server log has its context.'
                 WHEN launcher IS NULL AND NOT pg_is_in_recovery()
                 THEN 'It runs where the library is preloaded and steward.worker is on.'
                 WHEN NOT pg_is_in_recovery() AND here.state NOT IN ('unknown', 'present', 'closed')
                 THEN 'No worker runs in this database; docs/reference.md lists what each state means.' END,
            NULL::text;
    END IF;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        IF has_schema_privilege('cron', 'USAGE') AND has_table_privilege('cron.job', 'SELECT') THEN
            EXECUTE 'SELECT EXISTS (SELECT FROM cron.job WHERE jobname = ''refresh-qec-summary'' AND active)'
            INTO scheduled;
        END IF;
        RETURN QUERY SELECT 'pg_cron', CASE WHEN scheduled IS FALSE THEN 'warning' ELSE 'ok' END,
            CASE WHEN scheduled IS FALSE THEN 'pg_cron is here, but the job refresh-qec-summary is not.'
                 ELSE 'pg_cron is in this database and refreshes the summary.' END,
            CASE WHEN scheduled IS FALSE THEN 'Schedule it.' END,
            CASE WHEN scheduled IS FALSE
                 THEN format('SELECT cron.schedule(%L, %L, %L);', 'refresh-qec-summary', '*/15 * * * *',
                             'SELECT steward.refresh_qec_performance_summary()') END;
    ELSE
        RETURN QUERY SELECT 'pg_cron', 'ok',
            format('pg_cron is not in this database; it works in %s.',
                   coalesce('"' || current_setting('cron.database_name', true) || '"', 'none')),
            CASE WHEN steward.migration_is_deployed('jobs') THEN 'The schedule refresh-qec-summary of pg_steward refreshes the summary.'
                 ELSE 'The summary is refreshed on call only.' END, 'SELECT steward.refresh_qec_performance_summary();';
    END IF;
    IF steward.migration_is_deployed('scoring')
       AND has_table_privilege('steward.constitutional_principles', 'SELECT') THEN
        pending := cardinality(steward.principle_pending());
        SELECT count(*), min(p.principle_id), min(p.score_error) INTO unscored, example, complaint
        FROM (SELECT principle_id, score_error FROM steward.constitutional_principles
              WHERE score_error IS NOT NULL ORDER BY principle_id LIMIT 100000) AS p;
        RETURN QUERY SELECT 'principles', CASE WHEN unscored > 0 THEN 'warning' ELSE 'ok' END,
            concat_ws(' ', format('%s wait to be scored; %s cannot be.', pending, unscored),
                      CASE WHEN unscored > 0 THEN format('The first is principle %s; one reason is: %s.', example, complaint) END),
            CASE WHEN unscored > 0 THEN 'Their column score_error says why; mend the principle, its profile or its lexicon.' END,
            CASE WHEN pending > 0 AND NOT pg_is_in_recovery() THEN 'CALL steward.worker_run();' END;
        SELECT string_agg(r.table_name, ', ') INTO late FROM steward.history_retention AS r
        WHERE to_regclass('steward.' || quote_ident(r.table_name)) IS NOT NULL
              AND to_regclass('steward.' || quote_ident(
                      r.table_name || to_char((now() AT TIME ZONE 'UTC') + interval '1 day', '"_p"YYYYMMDD'))) IS NULL;
        RETURN QUERY SELECT 'partitions', CASE WHEN late IS NULL THEN 'ok' ELSE 'warning' END,
            coalesce('These have no partition for tomorrow: ' || late || '.',
                     'Each history table has a partition for tomorrow.'),
            CASE WHEN late IS NOT NULL THEN 'Rows go to the DEFAULT partition until the worker has run.' END,
            CASE WHEN late IS NOT NULL AND NOT pg_is_in_recovery() THEN 'CALL steward.worker_run();' END;
    END IF;
    IF has_function_privilege('steward.cache_memory()', 'EXECUTE') THEN
        SELECT m.total_bytes, m.free_bytes, m.namespaces INTO memory FROM steward.cache_memory() AS m;
        RETURN QUERY SELECT 'cache', CASE WHEN memory.namespaces < most THEN 'ok' ELSE 'warning' END,
            CASE WHEN memory.total_bytes IS NULL THEN 'Nothing is cached in memory.'
                 ELSE format('%s namespaces share %s of memory; %s are free.', memory.namespaces, pg_size_pretty(memory.total_bytes),
                             pg_size_pretty(memory.free_bytes)) END,
            CASE WHEN memory.namespaces < most THEN NULL
                 WHEN memory.namespaces >= most THEN 'No other namespace of any database can be used. Drop some.'
                 WHEN current_setting('steward.cache_memory', true) IS NULL THEN 'It takes a library that is preloaded.'
                 ELSE 'steward.cache_memory is 0. A restart is needed.' END,
            CASE WHEN memory.total_bytes IS NULL AND current_setting('steward.cache_memory', true) IS NOT NULL
                 THEN 'ALTER SYSTEM SET steward.cache_memory = ''128MB'';' END;
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION doctor_work() FROM PUBLIC;
COMMENT ON FUNCTION doctor_work() IS 'the checks of doctor() that concern the worker, what it does, and the cache';

CREATE FUNCTION doctor_jobs() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 20000 ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('doctor', 'doctor_jobs');
    dead bigint;
    homeless text;
    broken text;
BEGIN
    IF NOT steward.migration_is_deployed('jobs') OR NOT has_table_privilege('steward.job', 'SELECT') THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    SELECT count(*) INTO dead FROM (SELECT FROM steward.job AS j WHERE j.state = 'dead' LIMIT 100000) AS j;
    SELECT string_agg(DISTINCT o.owner::text, ', ') INTO homeless
    FROM steward.queue_owner AS o LEFT JOIN pg_roles AS r ON r.oid = o.owner
    WHERE NOT coalesce(r.rolcanlogin, false)
          AND EXISTS (SELECT FROM steward.job AS j WHERE j.owner = o.owner AND j.queue = o.queue AND j.state = 'ready' AND j.runner <> 'c');
    RETURN QUERY SELECT 'jobs', CASE WHEN c.complaint IS NULL THEN 'ok' ELSE 'warning' END,
        coalesce(c.complaint, 'Jobs run; none has been given up.'), c.remedy, c.command
    FROM (SELECT * FROM (VALUES
            (1, NOT pg_is_in_recovery() AND NOT steward.jobs_may_run(),
                'The jobs here belong to another database, of which this one is a copy or a subscriber: none runs.',
                'Adopt them if the original runs them no more.', 'SELECT steward.adopt();'),
            (2, homeless IS NOT NULL, format('Jobs of these roles wait, which are gone or may not log in: %s.', homeless),
                'Let the role log in, or cancel its jobs.', NULL),
            (3, dead > 0, format('%s jobs were given up.', dead),
                'The view jobs says why; job_retry() drives one again, job_cancel() takes it away.',
                'SELECT steward.job_retry(queue, id) FROM steward.jobs WHERE state = ''dead'';'),
            (4, true, NULL, NULL, NULL)) AS v (place, applies, complaint, remedy, command)
          WHERE applies ORDER BY place LIMIT 1) AS c;
    SELECT string_agg(format('%s (%s)', s.name, s.error), ', ') INTO broken
    FROM (SELECT d.name, coalesce(d.error, 'its owner is gone or may not log in') AS error
          FROM steward.schedule AS d LEFT JOIN pg_roles AS r ON r.oid = d.owner
          WHERE d.active AND (d.error IS NOT NULL OR NOT coalesce(r.rolcanlogin, false)) ORDER BY d.name LIMIT 10) AS s;
    RETURN QUERY SELECT 'schedules', CASE WHEN broken IS NULL THEN 'ok' ELSE 'warning' END,
        coalesce('These have failed: ' || broken || '.', format('%s are active.', (SELECT count(*) FROM steward.schedule AS d WHERE d.active))),
        CASE WHEN broken IS NOT NULL THEN 'Mend them with schedule_alter() or end them with schedule_drop().' END, NULL::text;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION doctor_jobs() FROM PUBLIC;
COMMENT ON FUNCTION doctor_jobs() IS 'the checks of doctor() that concern jobs and schedules';

CREATE FUNCTION doctor_summaries() RETURNS TABLE (name text, state text, detail text, hint text, command text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 20000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('doctor', 'doctor_summaries');
    failing text;
BEGIN
    IF has_table_privilege(to_regclass('steward.summaries'), 'SELECT') THEN
        SELECT string_agg(format('%s (%s)', s.name, coalesce(s.error, 'its tables are gone')), ', ') INTO failing
        FROM (SELECT v.name, v.error FROM steward.summaries AS v WHERE v.state IN ('failing', 'gone') ORDER BY v.name LIMIT 10) AS s;
        RETURN QUERY SELECT 'summaries', CASE WHEN failing IS NULL THEN 'ok' ELSE 'warning' END,
            coalesce('These cannot be refreshed: ' || failing || '.', 'All can be refreshed.'),
            CASE WHEN failing IS NOT NULL THEN 'summary_explain() says what they read; summary_drop() ends them.' END, NULL::text;
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION doctor_summaries() FROM PUBLIC;
COMMENT ON FUNCTION doctor_summaries() IS 'the check of doctor() that concerns summaries';
