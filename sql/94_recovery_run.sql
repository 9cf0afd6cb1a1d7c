-- Recoveries go on: a duty of the worker, which alone begins attempts, so that no more run at once than the queue may hold.

-- A strategy is to be had if something does it: a kind of jobs that there is, run by clients or for a role that may log in.
CREATE FUNCTION recovery_unavailable(principle_id bigint, recovery_id bigint) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN ARRAY(
        SELECT a.strategy FROM steward.recovery_attempt AS a JOIN steward.recovery AS r USING (principle_id, recovery_id)
        WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id AND a.attempt > r.since_attempt
        UNION
        SELECT s.strategy FROM steward.recovery AS r JOIN steward.strategy AS s USING (failure_type)
        WHERE r.principle_id = principle_id AND r.recovery_id = recovery_id AND NOT s.by_person AND NOT EXISTS (
            SELECT FROM steward.job_kind AS k WHERE k.kind = s.kind AND NOT k.dropped
                   AND (k.runner = 'c' OR k.runner = 'd' AND (SELECT o.rolcanlogin FROM pg_roles AS o WHERE o.oid = r.owner))));
END $$;
REVOKE ALL ON FUNCTION recovery_unavailable(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION recovery_unavailable(bigint, bigint) IS 'strategies that a recovery has tried, and those that nothing can do for it';

CREATE FUNCTION recovery_next(principle_id bigint, recovery_id bigint, at timestamptz, error text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    r steward.recovery;
    person text;
BEGIN
    SELECT o.* INTO STRICT r FROM steward.recovery AS o WHERE o.principle_id = principle_id AND o.recovery_id = recovery_id;
    IF r.attempts - r.since_attempt < r.max_attempts
       AND EXISTS (SELECT FROM steward.strategy AS s
                   WHERE s.failure_type = r.failure_type AND s.enabled AND NOT s.by_person
                         AND s.strategy <> ALL (steward.recovery_unavailable(principle_id, recovery_id))) THEN
        UPDATE steward.recovery AS o SET state = 'waiting' WHERE o.principle_id = principle_id AND o.recovery_id = recovery_id;
        PERFORM steward.worker_wake();
        RETURN 'waiting';
    END IF;
    SELECT s.strategy INTO person FROM steward.strategy AS s
    WHERE s.failure_type = r.failure_type AND s.enabled AND s.by_person
    ORDER BY CASE s.role WHEN 'primary' THEN 1 WHEN 'fallback' THEN 2 ELSE 3 END, s.strategy LIMIT 1;
    IF FOUND AND NOT EXISTS (SELECT FROM steward.recovery_attempt AS a -- who has answered is not asked the same again
                             WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.attempt > r.since_attempt AND a.job IS NULL) THEN
        INSERT INTO steward.recovery_attempt (principle_id, recovery_id, attempt, owner, strategy, started_at)
        VALUES (principle_id, recovery_id, r.attempts + 1, r.owner, person, at);
        UPDATE steward.recovery AS o SET state = 'needs_human', attempts = o.attempts + 1
        WHERE o.principle_id = principle_id AND o.recovery_id = recovery_id;
        RETURN 'needs_human';
    END IF;
    PERFORM steward.recovery_end(principle_id, recovery_id, 'failed', at, coalesce(error, 'there was no strategy to be tried'));
    RETURN 'failed';
END $$;
REVOKE ALL ON FUNCTION recovery_next(bigint, bigint, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION recovery_next(bigint, bigint, timestamptz, text) IS
    'what comes next for a recovery that tries nothing: another strategy, a person, or its end';

-- Clients claim from queue recovery. What the database does has a queue for each of those that may run at once: a session takes
-- the jobs of one queue, and leaves the others to be done beside it.
CREATE FUNCTION recovery_queues() RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(SELECT 'recovery ' || n FROM generate_series(1, coalesce((SELECT q.max_depth FROM steward.queue AS q WHERE q.queue = 'recovery'), 1000)) AS n);
END $$;
REVOKE ALL ON FUNCTION recovery_queues() FROM PUBLIC;
COMMENT ON FUNCTION recovery_queues() IS 'the queues of attempts that the database does: one for each that may run at once';

CREATE FUNCTION recovery_job_insert(principle_id bigint, recovery_id bigint, attempt integer, at timestamptz,
                                    OUT queue text, OUT id bigint, OUT runner "char") RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    r steward.recovery;
    strategy text;
    kind text;
BEGIN
    SELECT o.* INTO STRICT r FROM steward.recovery AS o WHERE o.principle_id = principle_id AND o.recovery_id = recovery_id;
    SELECT a.strategy, k.kind, k.runner INTO STRICT strategy, kind, runner
    FROM steward.recovery_attempt AS a
         JOIN steward.strategy AS s ON s.failure_type = r.failure_type AND s.strategy = a.strategy AND NOT s.by_person
         JOIN steward.job_kind AS k ON k.kind = s.kind AND NOT k.dropped
    WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.attempt = attempt AND a.ended_at IS NULL AND a.job IS NULL;
    queue := 'recovery';
    IF runner = 'd' THEN
        queue := (SELECT q.name FROM unnest(steward.recovery_queues()) WITH ORDINALITY AS q (name, place)
                  WHERE NOT EXISTS (SELECT FROM steward.job AS j WHERE j.queue = q.name AND j.state <> 'dead') ORDER BY q.place LIMIT 1);
        INSERT INTO steward.queue (queue, owner) VALUES (queue, 'steward_owner') ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO steward.queue_owner (queue, owner) VALUES (queue, r.owner) ON CONFLICT DO NOTHING;
    id := nextval('steward.job_id_seq');
    INSERT INTO steward.job (queue, id, position, enqueued_at, run_at, owner, priority, max_attempts, runner, state, kind, payload, timeout)
    SELECT queue, id, id, at, at, r.owner, 5, 1, runner, 'ready', CASE runner WHEN 'd' THEN 'recovery_run' ELSE kind END,
           jsonb_build_object('principle_id', r.principle_id, 'recovery_id', r.recovery_id, 'attempt', attempt, 'strategy', strategy, 'kind', kind,
                              'failure_type', r.failure_type, 'error', r.error, 'context', r.context), t.timeout
    FROM steward.recovery_setting AS t WHERE t.scope = 'all';
    UPDATE steward.recovery_attempt AS a SET queue = queue, job = id
    WHERE a.principle_id = principle_id AND a.recovery_id = recovery_id AND a.attempt = attempt;
END $$;
REVOKE ALL ON FUNCTION recovery_job_insert(bigint, bigint, integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_job_insert(bigint, bigint, integer, timestamptz) IS 'the job of an attempt, for whoever has the recovery';

-- Without SET: a handler has the settings of its session.
CREATE FUNCTION recovery_job_run(job_id bigint, payload jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
DECLARE
    result jsonb;
BEGIN
    EXECUTE steward.recovery_job_statement(payload) INTO result USING job_id, payload;
    RETURN result;
END $$;
REVOKE ALL ON FUNCTION recovery_job_run(bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION recovery_job_run(bigint, jsonb) IS
    'handler of kind recovery_run: calls the handler of the kind that a strategy has, beside those of other attempts';

CREATE FUNCTION recovery_job_statement(payload jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    handler text := (SELECT k.handler FROM steward.job_kind AS k WHERE k.kind = recovery_job_statement.payload ->> 'kind' AND NOT k.dropped AND k.runner = 'd');
BEGIN
    IF handler IS NULL THEN
        PERFORM steward.job_kind_refuse(coalesce(recovery_job_statement.payload ->> 'kind', ''));
    END IF;
    IF EXISTS (SELECT FROM steward.job AS j WHERE j.owner = quote_ident(current_user)::regrole AND j.queue = ANY (steward.recovery_queues())
               AND j.runner = 'd' AND j.state = 'ready' AND (j.payload ->> 'recovery_id', j.payload ->> 'attempt')
                   IS DISTINCT FROM (recovery_job_statement.payload ->> 'recovery_id', recovery_job_statement.payload ->> 'attempt')) THEN
        PERFORM steward.worker_request(1); -- to do another beside this one
    END IF;
    PERFORM steward.worker_wake(); -- at the end of the transaction, for the recovery to go on
    RETURN format('SELECT %s($1, $2)', handler::regprocedure::regproc);
END $$;
REVOKE ALL ON FUNCTION recovery_job_statement(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION recovery_job_statement(jsonb) IS 'the call of a handler that does an attempt; asks for another worker if others wait';

CREATE FUNCTION recovery_begin_attempts(principle_id bigint, recovery_id bigint, wanted integer, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    r steward.recovery;
    chosen record;
    job record;
    begun integer := 0;
BEGIN
    SELECT o.* INTO STRICT r FROM steward.recovery AS o WHERE o.principle_id = principle_id AND o.recovery_id = recovery_id;
    WHILE begun < wanted LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM steward.strategy AS s
                              WHERE s.failure_type = r.failure_type AND s.enabled AND NOT s.by_person
                                    AND s.strategy <> ALL (steward.recovery_unavailable(principle_id, recovery_id)));
        SELECT c.decision_id, c.strategy INTO chosen
        FROM steward.strategy_choose(r.failure_type, r.context, r.seed + begun, steward.recovery_unavailable(principle_id, recovery_id)) AS c;
        begun := begun + 1;
        INSERT INTO steward.recovery_attempt (principle_id, recovery_id, attempt, owner, strategy, decision_id, started_at)
        VALUES (principle_id, recovery_id, r.attempts + begun, r.owner, chosen.strategy, chosen.decision_id, at);
        SELECT e.queue, e.id, e.runner INTO STRICT job FROM steward.recovery_enqueue(principle_id, recovery_id, r.attempts + begun, at) AS e;
        PERFORM steward.job_ready(r.owner, job.queue, job.runner, 5::smallint, job.id);
    END LOOP;
    IF begun = 0 THEN
        PERFORM steward.recovery_next(principle_id, recovery_id, at);
    ELSE
        UPDATE steward.recovery AS o SET state = 'running', attempts = o.attempts + begun
        WHERE o.principle_id = principle_id AND o.recovery_id = recovery_id;
    END IF;
    RETURN begun;
END $$;
REVOKE ALL ON FUNCTION recovery_begin_attempts(bigint, bigint, integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_begin_attempts(bigint, bigint, integer, timestamptz) IS
    'chooses so many strategies for a recovery that is locked, and enqueues their jobs; returns how many there were';

CREATE FUNCTION recovery_begin(at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    most integer;
    room bigint;
    paused boolean;
    next record;
    wanted integer;
    begun integer := 0;
BEGIN
    SELECT q.max_depth, q.paused_at IS NOT NULL INTO most, paused FROM steward.queue AS q WHERE q.queue = 'recovery';
    room := coalesce(most, 1000000) - (SELECT count(*) FROM (SELECT FROM steward.job AS j WHERE j.queue = ANY ('recovery'::text || steward.recovery_queues())
                                                                 AND j.state <> 'dead' LIMIT most) AS j);
    IF paused THEN
        RETURN 0;
    END IF;
    FOR next IN
        SELECT r.principle_id, r.recovery_id, r.attempts - r.since_attempt AS tried, r.max_attempts, f.parallel
        FROM steward.recovery AS r LEFT JOIN steward.failure_type AS f ON f.failure_type = r.failure_type
        WHERE r.state = 'waiting' ORDER BY r.dispatched_at, r.recovery_id LIMIT 1000 FOR UPDATE OF r SKIP LOCKED
    LOOP
        wanted := least(CASE WHEN next.parallel THEN next.max_attempts - next.tried ELSE 1 END, most);
        EXIT WHEN wanted > room; -- whoever came first is first
        BEGIN
            wanted := steward.recovery_begin_attempts(next.principle_id, next.recovery_id, wanted, at);
            room := room - wanted;
            begun := begun + wanted;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
                NULL; -- the next time
            WHEN OTHERS THEN -- what is wrong with one stops no other
                PERFORM steward.recovery_end(next.principle_id, next.recovery_id, 'failed', at, SQLERRM);
        END;
    END LOOP;
    RETURN begun;
END $$;
REVOKE ALL ON FUNCTION recovery_begin(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_begin(timestamptz) IS 'begins attempts of recoveries that wait, as many as queue recovery has room for';

-- What became of a job: of an attempt that is under way, null.
CREATE FUNCTION recovery_collect_job(queue text, job bigint, at timestamptz,
                                     OUT outcome text, OUT error text, OUT solution jsonb, OUT cost float8, OUT duration interval) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    j steward.job;
    h steward.job_history;
    late constant timestamptz := at - (SELECT s.timeout FROM steward.recovery_setting AS s WHERE s.scope = 'all');
BEGIN
    SELECT o.* INTO j FROM steward.job AS o WHERE o.queue = recovery_collect_job.queue AND o.id = job;
    IF FOUND AND j.state = 'leased' AND j.runner = 'c' AND j.claimed_at <= late
       AND steward.job_attempt_ended(queue, job, j.claimed_at, at, '57014', 'the attempt took too long', 0) THEN
        SELECT o.* INTO j FROM steward.job AS o WHERE o.queue = recovery_collect_job.queue AND o.id = job;
    END IF;
    IF j.id IS NOT NULL AND j.state <> 'dead' THEN
        RETURN;
    END IF;
    SELECT o.* INTO h FROM steward.job_history AS o
    WHERE o.queue = recovery_collect_job.queue AND o.id = job
    ORDER BY o.finished_at DESC LIMIT 1;
    DELETE FROM steward.job AS o WHERE o.queue = recovery_collect_job.queue AND o.id = job; -- a dead one is not to be driven again
    duration := greatest(h.finished_at - h.started_at, interval '0');
    error := coalesce(h.error_message, h.result ->> 'error');
    IF h.outcome = 'completed' THEN
        outcome := CASE WHEN h.result -> 'success' = 'false' THEN 'failure' ELSE 'success' END;
        solution := CASE WHEN h.result ? 'solution' THEN h.result -> 'solution' ELSE h.result END;
        cost := CASE WHEN jsonb_typeof(h.result -> 'cost') = 'number' THEN least(greatest((h.result ->> 'cost')::numeric, 0), 1e300) END;
    ELSIF h.outcome = 'cancelled' THEN
        outcome := 'cancelled';
    ELSE -- a lease that has ended is a client that was not heard of for too long
        outcome := CASE WHEN h.error_sqlstate IN ('57014', '08006') THEN 'timeout' ELSE 'failure' END;
        error := coalesce(error, 'the job is gone');
    END IF;
END $$;
REVOKE ALL ON FUNCTION recovery_collect_job(text, bigint, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_collect_job(text, bigint, timestamptz) IS
    'what became of the job of an attempt; null while it is not done. A client that has had it for too long loses it';

CREATE FUNCTION recovery_collect(at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    attempt steward.recovery_attempt;
    became record;
    collected integer := 0;
BEGIN
    FOR attempt IN SELECT a.* FROM steward.recovery_attempt AS a WHERE a.ended_at IS NULL AND a.job IS NOT NULL ORDER BY a.started_at LOOP
        BEGIN
            PERFORM FROM steward.recovery AS r
            WHERE r.principle_id = attempt.principle_id AND r.recovery_id = attempt.recovery_id AND r.state = 'running' FOR UPDATE SKIP LOCKED;
            CONTINUE WHEN NOT FOUND;
            -- Those that ended with one before in this round have ended.
            PERFORM FROM steward.recovery_attempt AS a
            WHERE a.principle_id = attempt.principle_id AND a.recovery_id = attempt.recovery_id AND a.attempt = attempt.attempt AND a.ended_at IS NULL;
            CONTINUE WHEN NOT FOUND;
            SELECT c.* INTO became FROM steward.recovery_collect_job(attempt.queue, attempt.job, at) AS c;
            CONTINUE WHEN became.outcome IS NULL;
            PERFORM steward.recovery_attempt_end(attempt.principle_id, attempt.recovery_id, attempt.attempt, became.outcome, became.error,
                                                 became.solution, became.cost, became.duration, at);
            collected := collected + 1;
        EXCEPTION
            WHEN lock_not_available OR deadlock_detected OR serialization_failure THEN
                NULL;
            WHEN OTHERS THEN
                PERFORM steward.recovery_end(attempt.principle_id, attempt.recovery_id, 'failed', at, SQLERRM);
        END;
    END LOOP;
    RETURN collected;
END $$;
REVOKE ALL ON FUNCTION recovery_collect(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_collect(timestamptz) IS 'has those recoveries go on whose jobs are done, or took too long';

CREATE FUNCTION recovery_purge(at timestamptz, most integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    before constant timestamptz := at - (SELECT s.keep FROM steward.recovery_setting AS s WHERE s.scope = 'all');
    decisions integer := 0;
    recoveries integer := 0;
BEGIN
    IF EXISTS (SELECT FROM steward.recovery AS r WHERE r.ended_at <= before) THEN
        WITH gone AS (
            DELETE FROM steward.recovery AS r
            WHERE r.ctid = ANY (ARRAY(SELECT o.ctid FROM steward.recovery AS o WHERE o.ended_at <= before ORDER BY o.ended_at LIMIT most
                                      FOR UPDATE SKIP LOCKED))
            RETURNING r.principle_id, r.recovery_id
        ), attempts AS (
            DELETE FROM steward.recovery_attempt AS a USING gone AS g WHERE a.principle_id = g.principle_id AND a.recovery_id = g.recovery_id
        )
        SELECT count(*) INTO recoveries FROM gone;
    END IF;
    IF EXISTS (SELECT FROM steward.strategy_decision AS d WHERE d.decided_at <= before) THEN
        DELETE FROM steward.strategy_decision AS d
        WHERE d.ctid = ANY (ARRAY(SELECT o.ctid FROM steward.strategy_decision AS o
                                  WHERE o.decided_at <= before
                                        AND o.decision_id <> ALL (ARRAY(SELECT a.decision_id FROM steward.recovery_attempt AS a
                                                                        WHERE a.ended_at IS NULL AND a.decision_id IS NOT NULL))
                                  ORDER BY o.decided_at LIMIT most FOR UPDATE SKIP LOCKED));
        GET DIAGNOSTICS decisions = ROW_COUNT;
    END IF;
    RETURN greatest(recoveries, decisions);
END $$;
REVOKE ALL ON FUNCTION recovery_purge(timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION recovery_purge(timestamptz, integer) IS
    'deletes recoveries that ended, and decisions whose outcome did not come, longer ago than they are kept, so many at most; returns how many of the more frequent';

CREATE FUNCTION recovery_tend(at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s'
AS $$
DECLARE
    measured bigint := steward.operation_begin('duty', 'recovery_tend');
    most constant integer := 1000;
    due timestamptz;
BEGIN
    PERFORM steward.migration_require('strategies');
    IF steward.jobs_may_run() THEN
        IF EXISTS (SELECT FROM steward.recovery_attempt AS a WHERE a.ended_at IS NULL AND a.job IS NOT NULL)
           OR EXISTS (SELECT FROM steward.recovery AS r WHERE r.state = 'waiting') THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('pg_steward: recovery', 0)); -- who counts what runs is alone
            PERFORM steward.recovery_collect(at);
            PERFORM steward.recovery_begin(at);
            SELECT min(j.claimed_at) + (SELECT s.timeout FROM steward.recovery_setting AS s WHERE s.scope = 'all') INTO due
            FROM steward.recovery_attempt AS a JOIN steward.job AS j ON j.queue = a.queue AND j.id = a.job
            WHERE a.ended_at IS NULL AND j.state = 'leased' AND j.runner = 'c';
            due := CASE WHEN due <= at THEN at + interval '1 second' ELSE due END; -- somebody holds it
        END IF;
        IF steward.recovery_purge(at, most) = most THEN
            due := at + interval '1 second';
        END IF;
    END IF;
    PERFORM steward.operation_end(measured);
    RETURN due;
END $$;
REVOKE ALL ON FUNCTION recovery_tend(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION recovery_tend(timestamptz) IS
    'a round over all recoveries: takes in what jobs came to, begins what there is room for, deletes what is old; returns when it is needed next';

CREATE FUNCTION recovery_step() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    due timestamptz;
BEGIN
    BEGIN
        due := steward.recovery_tend(steward.worker_clock());
    EXCEPTION WHEN OTHERS THEN -- what is wrong with it is no matter of the other duties
        RAISE WARNING 'recoveries could not be looked after: %', SQLERRM;
    END;
    IF due IS NOT NULL THEN
        PERFORM steward.worker_due(due);
    END IF;
END $$;
REVOKE ALL ON FUNCTION recovery_step() FROM PUBLIC;
COMMENT ON FUNCTION recovery_step() IS 'the duty of the worker: recovery_tend, whose failure is a warning';
