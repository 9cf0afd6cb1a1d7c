-- Jobs that the database does itself. What is about to run is committed before it runs; a job, what its handler wrote
-- and its end are one transaction, so that nothing happens twice.

CREATE FUNCTION jobs_may_run() RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NOT pg_is_in_recovery() AND (
        SELECT coalesce(bool_and(i.system_identifier = c.system_identifier
                                 AND i.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())), false)
        FROM steward.installation AS i, pg_control_system() AS c);
END $$;
REVOKE ALL ON FUNCTION jobs_may_run() FROM PUBLIC;
COMMENT ON FUNCTION jobs_may_run() IS
    'false on a standby, and in a copy of a database that has not been adopted: there the original runs the jobs';

CREATE FUNCTION adopt() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('jobs');
    DELETE FROM steward.installation;
    INSERT INTO steward.installation (system_identifier, database, adopted_at)
    SELECT c.system_identifier, d.oid, clock_timestamp()
    FROM pg_control_system() AS c, pg_database AS d WHERE d.datname = current_database();
    PERFORM steward.worker_wake();
END $$;
REVOKE ALL ON FUNCTION adopt() FROM PUBLIC;
COMMENT ON FUNCTION adopt() IS
    'has the jobs of this database run here: what a copy or a subscriber needs, and only when the original runs them no more';

CREATE FUNCTION job_runs_recover(at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    this_boot bigint := steward.job_boot();
    dead record;
    suspect bigint;
    recovered integer := 0;
BEGIN
    -- Who runs is asked after the snapshot: a run that began later is in neither.
    FOR dead IN
        SELECT r.* FROM steward.job_run AS r
        WHERE r.boot <> this_boot OR NOT EXISTS (SELECT FROM steward.job_runs() AS l WHERE l.run_id = r.run_id)
        FOR UPDATE SKIP LOCKED
    LOOP
        -- The first that is left was being run. It may be what ended the session: it counts as an attempt.
        SELECT i.id INTO suspect
        FROM unnest(dead.ids) WITH ORDINALITY AS i (id, place)
             JOIN steward.job AS j ON j.queue = dead.queue AND j.id = i.id
                                       AND (j.state = 'ready' OR j.state = 'leased' AND j.runner = 't')
        WHERE NOT EXISTS (SELECT FROM steward.job_run AS o JOIN steward.job_runs() AS l USING (run_id)
                          WHERE o.queue = dead.queue AND i.id = ANY (o.ids))
        ORDER BY i.place LIMIT 1;
        IF FOUND AND steward.job_attempt_ended(dead.queue, suspect, dead.started_at, at,
                                               CASE WHEN dead.boot = this_boot THEN '57P01' ELSE '57P02' END,
                                               'the session that ran the job ended before it', 1) THEN
            recovered := recovered + 1;
        END IF;
        DELETE FROM steward.job_run AS r WHERE r.queue = dead.queue AND r.run_id = dead.run_id;
    END LOOP;
    RETURN recovered;
END $$;
REVOKE ALL ON FUNCTION job_runs_recover(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION job_runs_recover(timestamptz) IS
    'ends the runs whose session or server has ended; the job that each was at is tried again';

CREATE FUNCTION job_run_batch(queue text, ids bigint[], places tid[], kind text, last_run bigint) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 -- no SET: handlers have the settings of their session
AS $$
DECLARE
    todo record;
    outcomes steward.job_outcome[];
BEGIN
    SELECT l.handler, l.locked, l.held, l.payloads, l.timeouts_ms INTO todo FROM steward.job_run_lock(queue, ids, places, kind) AS l;
    IF todo.locked IS NOT NULL THEN
        outcomes := ARRAY(SELECT c FROM steward.job_call(kind, todo.handler, todo.locked, todo.payloads, todo.timeouts_ms) AS c);
    END IF;
    RETURN steward.job_run_settle(queue, coalesce(outcomes, '{}'), coalesce(todo.held, '{}'), last_run);
END $$;
REVOKE ALL ON FUNCTION job_run_batch(text, bigint[], tid[], text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_run_batch(text, bigint[], tid[], text, bigint) IS
    'does jobs of one kind: all of them and what becomes of them in this transaction';

-- A procedure without SET and not SECURITY DEFINER: neither could commit.
CREATE PROCEDURE jobs_run(max bigint DEFAULT NULL)
    LANGUAGE plpgsql
AS $$
DECLARE
    measured bigint := steward.operation_begin('job', 'jobs_run');
    -- Names are qualified, and operators those of exact types: the search_path is that of whoever calls.
    most constant integer := 100; -- are taken at once
    room integer := 8; -- grows while jobs are short: what one session has taken the others do not get
    full_takes integer := 0;
    queues text[];
    listed_at timestamptz;
    queue text;
    run bigint;
    ids bigint[];
    kinds text[];
    places tid[];
    started timestamptz;
    first integer;
    last integer;
    batch integer;
    done integer;
    is_idle boolean := false; -- nothing could be done since the queues were listed
BEGIN
    PERFORM steward.migration_require('jobs');
    IF max < 0 THEN
        RAISE EXCEPTION 'max must not be negative' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF session_user <> current_user THEN
        RAISE EXCEPTION 'jobs run only in a session of their owner'
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'A handler could become the role that the session belongs to.',
                  HINT = 'Connect as the owner, or SET SESSION AUTHORIZATION.';
    END IF;
    IF max = 0 THEN
        RETURN;
    END IF;
    IF NOT steward.jobs_may_run() THEN
        RAISE NOTICE 'jobs do not run in this database'
            USING DETAIL = 'It is a standby, or a copy or a subscriber of the database that they belong to.',
                  HINT = 'Call steward.adopt() if they are to run here from now on.';
        RETURN;
    END IF;
    PERFORM steward.job_cursors_forget(60); -- what nobody could tell this server, such as a prepared transaction's end
    PERFORM steward.job_runs_recover(steward.worker_clock());
    COMMIT;
    LOOP
        IF run IS NULL AND NOT is_idle THEN
            queues := steward.job_queues('d');
            listed_at := pg_catalog.clock_timestamp();
            SELECT p.queue, p.run_id, p.ids, p.kinds, p.places INTO queue, run, ids, kinds, places
            FROM steward.job_run_prepare(queues, 'd', least(room, max)::integer) AS p;
            COMMIT; -- what is about to run
        END IF;
        EXIT WHEN run IS NULL;
        started := pg_catalog.clock_timestamp();
        done := 0;
        first := 1;
        WHILE first <= pg_catalog.cardinality(ids) LOOP
            batch := (SELECT k.batch FROM steward.job_kind AS k WHERE k.kind = kinds[first]);
            last := first;
            WHILE last < pg_catalog.cardinality(ids) AND last < first + batch - 1 AND kinds[last + 1] = kinds[first] LOOP
                last := last + 1;
            END LOOP;
            done := done + steward.job_run_batch(queue, ids[first : last], places[first : last], kinds[first],
                                                 CASE WHEN last = pg_catalog.cardinality(ids) THEN run END);
            EXIT WHEN last = pg_catalog.cardinality(ids);
            COMMIT;
            first := last + 1;
        END LOOP;
        PERFORM steward.job_run_end(done = pg_catalog.cardinality(ids));
        max := max - pg_catalog.cardinality(ids);
        IF pg_catalog.cardinality(ids) = most THEN
            IF full_takes % 64 = 0 THEN
                PERFORM steward.worker_request(1); -- there may be more than one session can do
            END IF;
            full_takes := full_takes + 1;
        END IF;
        room := CASE WHEN pg_catalog.clock_timestamp() - started < interval '100 ms' THEN least(room * 2, most) ELSE greatest(room / 4, 1) END;
        is_idle := done = 0 OR coalesce(max <= 0, false) OR steward.worker_yield();
        run := NULL;
        -- The end of a run and the next one are one transaction: a commit less. Queues take turns.
        IF NOT is_idle AND pg_catalog.clock_timestamp() - listed_at < interval '50 ms' THEN
            queues := pg_catalog.array_append(queues[2 : ], queues[1]);
            SELECT p.queue, p.run_id, p.ids, p.kinds, p.places INTO queue, run, ids, kinds, places
            FROM steward.job_run_prepare(queues, 'd', least(room, max)::integer) AS p;
        END IF;
        COMMIT;
    END LOOP;
    IF EXISTS (SELECT FROM steward.job_dependency) THEN
        PERFORM steward.job_dependents_release(NULL, NULL); -- who came to wait while what it waits for was being done
        COMMIT;
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON PROCEDURE jobs_run(bigint) FROM PUBLIC;
COMMENT ON PROCEDURE jobs_run(bigint) IS
    'does the caller''s ready jobs, so many at most, a transaction each or, where their kind says so, a batch';

-- Statements of their own, which only a background worker can run: take, run, settle.
CREATE FUNCTION job_statement_take(OUT queue text, OUT run_id bigint, OUT id bigint, OUT command text, OUT timeout_ms integer)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
BEGIN
    IF NOT steward.jobs_may_run() THEN
        RETURN;
    END IF;
    -- No lock outlives the transaction: what is being run is marked.
    LOOP
        SELECT p.queue, p.run_id, p.ids[1] INTO queue, run_id, id
        FROM steward.job_run_prepare(steward.job_queues('t'), 't', 1) AS p;
        EXIT WHEN run_id IS NULL;
        UPDATE steward.job AS j SET state = 'leased', claimed_at = steward.worker_clock()
        WHERE j.ctid = (SELECT c.ctid FROM steward.job AS c
                        WHERE c.queue = job_statement_take.queue AND c.id = job_statement_take.id AND c.state = 'ready'
                        FOR UPDATE SKIP LOCKED);
        EXIT WHEN FOUND;
        DELETE FROM steward.job_run AS r WHERE r.queue = job_statement_take.queue AND r.run_id = job_statement_take.run_id;
        PERFORM steward.job_run_end(true);
    END LOOP;
    SELECT coalesce(j.payload ->> 'command', ''), (extract(epoch FROM coalesce(j.timeout, k.timeout, '10 minutes')) * 1000)::integer
    INTO command, timeout_ms
    FROM steward.job AS j LEFT JOIN steward.job_kind AS k USING (kind)
    WHERE j.queue = job_statement_take.queue AND j.id = job_statement_take.id;
END $$;
REVOKE ALL ON FUNCTION job_statement_take() FROM PUBLIC;
COMMENT ON FUNCTION job_statement_take() IS
    'the next command that has to be a statement of its own, for the worker that called this';

CREATE FUNCTION job_statement_settle(queue text, run_id bigint, outcome steward.job_outcome) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    place tid;
BEGIN
    -- Where the run is gone, somebody has found this session dead and has settled it.
    PERFORM FROM steward.job_run AS r WHERE r.queue = job_statement_settle.queue AND r.run_id = job_statement_settle.run_id FOR UPDATE;
    IF FOUND THEN
        SELECT j.ctid INTO place FROM steward.job AS j
        WHERE j.queue = job_statement_settle.queue AND j.id = outcome.id AND j.state = 'leased' FOR UPDATE;
        PERFORM steward.job_run_settle(queue, CASE WHEN FOUND THEN ARRAY[outcome] ELSE '{}' END,
                                       CASE WHEN FOUND THEN ARRAY[place] ELSE '{}' END, run_id);
    END IF;
    PERFORM steward.job_run_end(true);
END $$;
REVOKE ALL ON FUNCTION job_statement_settle(text, bigint, steward.job_outcome) FROM PUBLIC;
COMMENT ON FUNCTION job_statement_settle(text, bigint, steward.job_outcome) IS
    'writes down what became of a command that job_statement_take gave';
