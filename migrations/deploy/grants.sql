-- Deploy pg_steward:grants to pg
-- requires: rate_limits
-- What each role may call of the installed extension. Run it again with psql after ALTER EXTENSION UPDATE: it
-- grants what is new and leaves out what this version does not have.
BEGIN;

-- Whatever only looks at its arguments or at tables, with the rights of its caller.
DO $$
DECLARE
    scorer regprocedure;
BEGIN
    FOR scorer IN
        SELECT p.oid FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward')
              AND p.provolatile IN ('i', 's')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO steward_owner, steward_reader', scorer);
    END LOOP;
END $$;

-- Whatever has effects.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('steward_owner', 'steward.lexicon_invalidate()'),
            ('steward_owner', 'steward.operation_begin(text, text)'),
            ('steward_owner', 'steward.operation_end(bigint)'),
            ('steward_owner', 'steward.partition_create(regclass, date)'),
            ('steward_owner', 'steward.partition_drop(regclass, timestamptz)'),
            ('steward_owner', 'steward.partition_maintain(regclass, integer, interval, timestamptz)'),
            ('steward_reader', 'steward.operation_begin(text, text)'),
            ('steward_reader', 'steward.operation_end(bigint)'),
            ('steward_reader', 'steward.tick_summary()'),
            ('steward_reader', 'steward.worker_clock()'),
            ('steward_reader', 'steward.doctor()'),
            ('steward_reader', 'steward.doctor_work()'),
            ('steward_reader', 'steward.doctor_jobs()'),
            ('steward_reader', 'steward.doctor_summaries()'),
            ('steward_reader', 'steward.doctor_monitor()'),
            ('steward_writer', 'steward.doctor_apply(text)'),
            ('steward_reader', 'steward.preflight()'),
            ('steward_reader', 'steward.performance_check()'),
            ('steward_reader', 'steward.job_runs()'),
            ('steward_owner', 'steward.schedule_insert(text, timestamptz, timestamptz, text)'),
            ('steward_owner', 'steward.recovery_job_insert(bigint, bigint, integer, timestamptz)'),
            ('steward_owner', 'steward.adopt()'),
            ('steward_owner', 'steward.cache_used_most(integer)'),
            ('steward_owner', 'steward.model_pack(jsonb, text, text[])'),
            ('steward_writer', 'steward.principle_rescore(bigint[], timestamptz)'),
            ('steward_writer', 'steward.principle_rescore_batch(bigint[], timestamptz, boolean)'),
            ('steward_writer', 'steward.score_principle(bigint)'),
            ('steward_writer', 'steward.principle_risk(bigint)'),
            ('steward_writer', 'steward.principle_risk_enable(double precision)'),
            ('steward_writer', 'steward.worker_wake()'),
            ('steward_worker', 'steward.cache_run()'),
            ('steward_worker', 'steward.cache_save(boolean)'),
            ('steward_worker', 'steward.cache_run_step(text, integer, timestamptz)'),
            ('steward_worker', 'steward.cache_turn(text, interval)'),
            ('steward_worker', 'steward.cache_warm_all(integer)'),
            ('steward_reader', 'steward.summary_backlog(text)'),
            ('steward_reader', 'steward.vector_search(regclass, real[], integer, text, jsonb, integer, double precision)'),
            ('steward_reader', 'steward.vector_search(regclass, text, integer, text, jsonb, integer, double precision)'),
            ('steward_reader', 'steward.text_search(regclass, text, integer, text, jsonb, regconfig)'),
            ('steward_reader', 'steward.hybrid_search(regclass, text, real[], integer, text, text, jsonb, regconfig)'),
            ('steward_reader', 'steward.prompt_get(text, text, jsonb, real[], double precision)'),
            ('steward_reader', 'steward.prompt_nearest(text, text, integer, jsonb, real[])'),
            ('steward_reader', 'steward.prompt_candidates(text, bytea, text, real[], integer, double precision, timestamptz)'),
            ('steward_reader', 'steward.prompt_hit_id(text, double precision, bytea)'),
            ('steward_reader', 'steward.prompt_count(text, text)'),
            ('steward_reader', 'steward.prompt_counts()'),
            ('steward_reader', 'steward.prompt_stats(text)'),
            ('steward_reader', 'steward.rate_limit_rule(text)'),
            ('steward_reader', 'steward.rate_limit_stats(text)'),
            ('steward_metrics', 'steward.rate_limit_rule(text)'),
            ('steward_metrics', 'steward.rate_limit_stats(text)'),
            ('steward_worker', 'steward.summaries_due(timestamptz)'),
            ('steward_worker', 'steward.summaries_run(bigint)'),
            ('steward_worker', 'steward.lexicon_forget()'),
            ('steward_worker', 'steward.principle_rescore_isolated(bigint[], timestamptz, boolean)'),
            ('steward_worker', 'steward.principle_rescore_queued(integer, timestamptz)'),
            ('steward_worker', 'steward.job_leases_expire(timestamptz)'),
            ('steward_worker', 'steward.job_owners_start()'),
            ('steward_worker', 'steward.jobs_promote(timestamptz, integer)'),
            ('steward_worker', 'steward.job_keys_expire(timestamptz)'),
            ('steward_worker', 'steward.jobs_tend(timestamptz)'),
            ('steward_worker', 'steward.jobs_tend_step(text, timestamptz)'),
            ('steward_worker', 'steward.schedule_fail(text, timestamptz, text)'),
            ('steward_worker', 'steward.schedule_fire(text, timestamptz)'),
            ('steward_worker', 'steward.schedules_fire(timestamptz)'),
            ('steward_worker', 'steward.schedules_plan_anew(timestamptz)'),
            ('steward_worker', 'steward.worker_due(timestamptz)'),
            ('steward_worker', 'steward.worker_request(integer)'),
            ('steward_worker', 'steward.worker_run(integer)'),
            ('steward_worker', 'steward.worker_start(regrole)'),
            ('steward_metrics', 'steward.doctor()'),
            ('steward_metrics', 'steward.doctor_server()'),
            ('steward_metrics', 'steward.doctor_rights()'),
            ('steward_metrics', 'steward.doctor_work()'),
            ('steward_metrics', 'steward.doctor_jobs()'),
            ('steward_metrics', 'steward.doctor_summaries()'),
            ('steward_metrics', 'steward.doctor_monitor()'),
            ('steward_metrics', 'steward.preflight()'),
            ('steward_metrics', 'steward.performance_check()'),
            ('steward_metrics', 'steward.jobs_may_run()'),
            ('steward_metrics', 'steward.migration_is_deployed(text)'),
            ('steward_metrics', 'steward.risk_level(double precision)'),
            ('steward_metrics', 'steward.operation_begin(text, text)'),
            ('steward_metrics', 'steward.operation_end(bigint)'),
            ('steward_metrics', 'steward.tick_summary()'),
            ('steward_metrics', 'steward.tick_histogram()'),
            ('steward_metrics', 'steward.worker_status()'),
            ('steward_metrics', 'steward.operation_counts()'),
            ('steward_metrics', 'steward.operation_histogram()'),
            ('steward_metrics', 'steward.operation_summary()'),
            ('steward_metrics', 'steward.operation_totals()'),
            ('steward_metrics', 'steward.cache_counts()'),
            ('steward_metrics', 'steward.prompt_counts()'),
            ('steward_worker', 'steward.prompt_counts()'),
            ('steward_metrics', 'steward.cache_grade(double precision)'),
            ('steward_metrics', 'steward.cache_lower_sizes()'),
            ('steward_metrics', 'steward.cache_memory()')) AS v (role, signature)
        WHERE to_regprocedure(signature) IS NOT NULL
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', wanted.signature, wanted.role);
    END LOOP;
    IF to_regclass('steward.operation_stats') IS NOT NULL THEN
        GRANT SELECT ON steward.operation_stats TO steward_metrics;
    END IF;
    IF to_regclass('steward.cache_stats') IS NOT NULL THEN
        GRANT SELECT ON steward.cache_stats TO steward_metrics, steward_reader;
        GRANT SELECT ON steward.cache_entries TO steward_reader;
    END IF;
    IF to_regclass('steward.tick_stats') IS NOT NULL THEN
        GRANT SELECT ON steward.tick_stats TO steward_metrics, steward_reader;
    END IF;
END $$;

-- Whoever has jobs calls all that works on rows of his own, and so does the worker. Row security keeps them apart.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward')
              AND (p.proname ~ '^(job|jobs|queue|schedule|matview|view|hot_index|rate_limit)_' OR p.proname IN ('worker_request', 'worker_wake', 'worker_yield'))
              AND p.proname NOT IN ('job_keys_expire', 'jobs_tend_step', 'job_leases_expire', 'job_owners_start', 'jobs_promote', 'jobs_tend',
                                    'schedule_fail', 'schedule_fire', 'schedules_fire')
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO steward_job, steward_worker', member.signature);
    END LOOP;
END $$;

-- Whoever reads may read caches and whoever writes may make and fill them: whose they are decides about each.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature, CASE WHEN p.proname ~ '^cache_get|^cache_(has|ttl|key|hot|entry_list|lower_entries|all_entries|lower_sizes|may_read|counts|memory)$' THEN 'steward_reader'
                                                        ELSE 'steward_writer' END AS role
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward') AND p.proname ~ '^cached?_'
              AND p.proname NOT IN ('cache_run', 'cache_run_step', 'cache_save', 'cache_turn', 'cache_used_most', 'cache_warm_all')
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', member.signature, member.role);
    END LOOP;
END $$;

-- Whoever writes may have summaries: of tables that are his own, refreshed with his own rights.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward') AND p.proname ~ '^summary_'
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO steward_writer, steward_owner', member.signature);
    END LOOP;
END $$;

-- Whoever writes records what fidelity is made of, and calculates it; queries of components are run by jobs.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature,
               CASE WHEN p.proname = 'fidelity_step' THEN 'steward_worker'
                    WHEN p.proname ~ '_(query|store|job|slot_take|job_share|refuse)$|^fidelity_component_run$' THEN 'steward_writer, steward_job'
                    ELSE 'steward_writer' END AS roles
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward') AND p.proname ~ '^fidelity_' AND p.provolatile = 'v'
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s', member.signature, member.roles);
    END LOOP;
END $$;

-- Whoever writes chooses strategies, says what came of them, and has recoveries, which jobs carry out.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature,
               CASE WHEN p.proname ~ '^recovery_(step|tend|begin|purge|collect|expire)' THEN 'steward_worker' ELSE 'steward_writer' END AS role
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward')
              AND p.proname ~ '^(failure_type|strategy|recovery)_' AND p.proname <> 'recovery_job_insert' AND p.provolatile = 'v'
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', member.signature, member.role);
    END LOOP;
END $$;

-- Whoever writes may have models, trained with his own rights, also by jobs, embeddings, prompt caches, and rate limits.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward') AND p.proname ~ '^(model|embedding|prompt|rate_limit)_' AND p.provolatile = 'v'
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO steward_writer', member.signature);
    END LOOP;
END $$;

-- Whoever writes records metrics, spans and changes; the worker monitors; the sidecar says that it is there and takes alerts along.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature,
               CASE WHEN p.proname ~ '^(alert_deliver|heartbeat$|metric_record)' THEN 'steward_sidecar' || CASE WHEN p.proname !~ '^alert' THEN ', steward_writer' ELSE '' END
                    WHEN p.proname ~ '^(metric_(create|drop)|change_mark$|span_|slo_use)' THEN 'steward_writer'
                    WHEN p.provolatile = 'v' THEN 'steward_worker'
                    WHEN p.proname IN ('metric_check', 'histogram_of') THEN 'steward_metrics, steward_sidecar'
                    ELSE 'steward_metrics' END AS roles
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward')
              AND (p.proname ~ '^((alert|histogram|host|metric|monitor|performance|slo|slow_call|span|statement)_|operation_(snapshot|since|track)$)'
                   OR p.proname IN ('heartbeat', 'change_mark', 'slower_since', 'availability_of', 'prometheus_rules', 'bottlenecks', 'dashboard', 'dashboard_measured', 'dashboard_statements'))
              AND p.proname <> 'statement_complexity'
    LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s', member.signature, member.roles);
    END LOOP;
    FOR member IN
        SELECT v.signature FROM (VALUES ('steward.worker_clock()'), ('steward.migration_require(text)')) AS v (signature)
        WHERE to_regprocedure(v.signature) IS NOT NULL
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO steward_metrics, steward_sidecar', member.signature);
    END LOOP;
END $$;

-- The extension with the solvers, if it is there.
DO $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT p.oid::regprocedure AS signature, CASE WHEN p.proname ~ '^field_' THEN 'steward_reader, steward_metrics'
                                                      WHEN p.provolatile = 'v' THEN 'steward_writer' ELSE 'steward_reader' END AS roles
        FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
        WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
              AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward_fields')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', member.signature, member.roles);
    END LOOP;
END $$;

-- Members of the extension that watch tables. One that was dropped with CASCADE has taken its triggers along.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT to_regclass('steward.' || v.name) AS bereft, v.trigger, v.event, v.level, to_regprocedure(v.function) AS function
        FROM (VALUES
            ('lexicon', 'a_invalidate', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.lexicon_invalidate()'),
            ('score_profile', 'a_invalidate', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.lexicon_invalidate()'),
            ('model_champion', 'a_invalidate', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.lexicon_invalidate()'),
            ('model_learnt', 'a_invalidate', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.lexicon_invalidate()'),
            ('embedding_model', 'a_invalidate', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.lexicon_invalidate()'),
            ('cache_namespace', 'a_check', 'BEFORE INSERT OR UPDATE OR DELETE', 'ROW', 'steward.cache_namespace_check()'),
            ('cache_namespace', 'b_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.cache_definition_changed()'),
            ('cache_dependency', 'a_check', 'BEFORE INSERT OR UPDATE OR DELETE', 'ROW', 'steward.cache_namespace_check()'),
            ('cache_dependency', 'b_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.cache_definition_changed()'),
            ('summary_source', 'a_changed', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 'steward.summary_definition_changed()')
        ) AS v (name, trigger, event, level, function)
        WHERE to_regclass('steward.' || v.name) IS NOT NULL AND to_regprocedure(v.function) IS NOT NULL AND NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = to_regclass('steward.' || v.name) AND tgfoid = to_regprocedure(v.function))
    LOOP
        EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION %s', wanted.trigger, wanted.event, wanted.bereft,
                       wanted.level, wanted.function);
    END LOOP;
END $$;

-- So do summaries, whose triggers are on the tables that they read. Nobody has heard of changes since; refreshes look
-- again at what they read, as their owners.
DO $$
DECLARE
    bereft regclass;
BEGIN
    IF to_regclass('steward.summary') IS NOT NULL THEN
        FOR bereft IN SELECT DISTINCT s.relation FROM steward.summary_source AS s WHERE s.partitions <> '{}' AND steward.summary_is_deaf(s.partitions) LOOP
            PERFORM steward.summary_watch_table(bereft);
            UPDATE steward.summary_state AS t SET rebuild = format('its triggers were gone until %s', clock_timestamp())
            WHERE t.name IN (SELECT s.name FROM steward.summary_source AS s WHERE s.relation = bereft);
        END LOOP;
    END IF;
END $$;

-- So do embeddings. Texts that were written since have no vectors, or those of before: their owners have them looked at anew.
DO $$
DECLARE
    bereft record;
BEGIN
    IF to_regclass('steward.embedding') IS NOT NULL THEN
        FOR bereft IN SELECT e.* FROM steward.embedding AS e JOIN pg_class AS c ON c.oid = e.relation
                      WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = e.relation AND t.tgfoid = to_regprocedure('steward.embedding_keep()')
                                                                          AND t.tgname = 'zz_steward_embedding_' || e.vector_column) LOOP
            PERFORM steward.embedding_watch(bereft.relation, bereft.vector_column, bereft.text_column, bereft.model);
            UPDATE steward.embedding AS e SET hash = '' WHERE e.relation = bereft.relation AND e.vector_column = bereft.vector_column;
        END LOOP;
    END IF;
END $$;

-- So do prompt caches, whose indexes have gone.
DO $$
DECLARE
    bereft text;
BEGIN
    IF to_regclass('steward.prompt_cache') IS NOT NULL THEN
        FOR bereft IN SELECT c.cache FROM steward.prompt_cache AS c WHERE to_regclass(format('steward.%I', 'prompt_entry_' || c.cache || '_vector')) IS NULL LOOP
            PERFORM steward.prompt_cache_index(bereft);
        END LOOP;
    END IF;
END $$;

-- The worker connects as itself, also where PUBLIC may not.
DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO steward_worker', current_database());
END $$;

-- The worker, which may have been without its rights, looks again.
SELECT steward.worker_wake();

COMMIT;
