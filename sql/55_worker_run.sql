-- What the worker does, one batch a transaction. The worker, pg_cron and a person at psql use the same entry.

-- A procedure without SET and not SECURITY DEFINER: neither could commit.
CREATE PROCEDURE worker_run(batch_size integer DEFAULT 10000)
    LANGUAGE plpgsql
AS $$
DECLARE
    measured bigint := steward.operation_begin('worker', 'worker_run');
    duty bigint;
    most constant integer := 100000; -- so many are looked up at once, and done in batches
    pending bigint[];
    examined integer;
    progress integer;
BEGIN
    IF batch_size IS NULL OR batch_size < 1 THEN
        RAISE EXCEPTION 'batch_size must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    duty := steward.operation_begin('duty', 'cache_expire');
    PERFORM steward.cache_expire('1 minute'); -- of the whole server, whoever comes first
    COMMIT;
    PERFORM steward.operation_end(duty);
    -- A duty whose migration is missing is left out: the tables of an older migration do as they are.
    IF steward.migration_is_deployed('jobs') THEN
        PERFORM steward.jobs_tend(steward.worker_clock());
        COMMIT;
    END IF;
    IF steward.migration_is_deployed('strategies') THEN -- after the jobs that it takes in, some of which have just been given up
        PERFORM steward.recovery_step();
        COMMIT;
    END IF;
    IF steward.migration_is_deployed('monitor') THEN -- before what may take long
        PERFORM steward.monitor_step();
        COMMIT;
    END IF;
    IF NOT steward.migration_is_deployed('scoring') THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    duty := steward.operation_begin('duty', 'score_principles');
    WHILE EXISTS (SELECT FROM steward.principle_change) OR EXISTS (SELECT FROM steward.profile_change)
          OR EXISTS (SELECT FROM steward.lexicon_change) LOOP
        SELECT q.examined INTO examined FROM steward.principle_rescore_queued(batch_size, steward.worker_clock()) AS q;
        COMMIT;
        EXIT WHEN examined = 0;
    END LOOP;
    LOOP
        pending := steward.principle_pending(most);
        IF pg_catalog.cardinality(pending) > batch_size THEN
            PERFORM steward.worker_request(1); -- to share the work, and to ask in turn
        END IF;
        progress := 0;
        FOR place IN 1 .. pg_catalog.cardinality(pending) BY batch_size LOOP
            SELECT i.examined INTO examined
            FROM steward.principle_rescore_isolated(pending[place : place + batch_size - 1],
                                                    steward.worker_clock(), true) AS i;
            COMMIT;
            progress := progress + examined;
        END LOOP;
        EXIT WHEN pg_catalog.cardinality(pending) < most OR progress = 0; -- others have the rest
    END LOOP;
    PERFORM steward.operation_end(duty);
    duty := steward.operation_begin('duty', 'history_maintain');
    PERFORM steward.history_maintain(steward.worker_clock());
    COMMIT;
    PERFORM steward.operation_end(duty);
    IF steward.migration_is_deployed('summaries') THEN
        CALL steward.summaries_run();
    END IF;
    IF steward.migration_is_deployed('fidelity') THEN -- after the summaries that it is calculated from
        PERFORM steward.fidelity_step();
        COMMIT;
    END IF;
    IF steward.migration_is_deployed('cache_tiers') THEN -- last: tables that cannot be written to stop nothing else
        CALL steward.cache_run();
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON PROCEDURE worker_run(integer) FROM PUBLIC;
COMMENT ON PROCEDURE worker_run(integer) IS
    'does what is due in this database: has recoveries go on, monitors, scores what changed, keeps the history tables, refreshes summaries, calculates fidelity, tidies the cache; commits after each batch';
