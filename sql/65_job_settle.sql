-- What becomes of a job: done, tried again, given up; and of those that wait for it.

CREATE FUNCTION job_backoff(attempt integer, base interval, cap interval) RETURNS interval
    LANGUAGE sql VOLATILE STRICT PARALLEL RESTRICTED COST 10 SET search_path = pg_catalog, pg_temp
AS $$ SELECT random() * least(cap, base * (2 ^ least(attempt - 1, 30))) $$;
REVOKE ALL ON FUNCTION job_backoff(integer, interval, interval) FROM PUBLIC;
COMMENT ON FUNCTION job_backoff(integer, interval, interval) IS
    'how long to wait after so many attempts: any time up to base, doubled with each attempt, at most cap (full jitter)';

CREATE FUNCTION job_run_settle(queue text, outcomes steward.job_outcome[], places tid[], last_run bigint DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    over tid[];
    done bigint[];
    cancelled bigint[];
BEGIN
    SELECT array_agg(o.place) FILTER (WHERE o.outcome <> 'failed'), array_agg(o.id) FILTER (WHERE o.outcome = 'completed'),
           array_agg(o.id) FILTER (WHERE o.outcome = 'cancelled')
    INTO over, done, cancelled
    FROM ROWS FROM (unnest(outcomes), unnest(places))
             AS o (id, outcome, result, started_at, finished_at, error_sqlstate, error_message, error_detail, place);
    IF over IS NOT NULL THEN
        WITH gone AS (
            DELETE FROM steward.job AS j WHERE j.ctid = ANY (over) AND j.queue = job_run_settle.queue
            RETURNING j.id, j.enqueued_at, j.run_at, j.owner, j.kind,
                      j.attempts + CASE j.runner WHEN 'c' THEN 0 ELSE 1 END AS attempt -- a client's began with its claim
        )
        INSERT INTO steward.job_history (queue, id, finished_at, started_at, run_at, enqueued_at, owner, attempt, outcome,
                                         kind, result, error_sqlstate, error_message, error_detail)
        SELECT queue, g.id, o.finished_at, o.started_at, g.run_at, g.enqueued_at, g.owner, g.attempt, o.outcome,
               g.kind, o.result, o.error_sqlstate, o.error_message, o.error_detail
        FROM gone AS g JOIN unnest(outcomes) AS o USING (id);
    END IF;
    IF coalesce(cardinality(done), 0) < cardinality(outcomes) THEN
        PERFORM steward.job_attempt_failed(queue, o.id, o.started_at, o.finished_at, o.error_sqlstate, o.error_message,
                                           o.error_detail, 1)
        FROM unnest(outcomes) AS o WHERE o.outcome = 'failed';
    END IF;
    IF EXISTS (SELECT FROM steward.job_dependency) THEN
        PERFORM steward.job_dependents_release(queue, coalesce(done, '{}'));
        PERFORM steward.job_dependents_cancel(queue, c.id) FROM unnest(cancelled) AS c (id);
    END IF;
    IF last_run IS NOT NULL THEN
        DELETE FROM steward.job_run AS r WHERE r.queue = job_run_settle.queue AND r.run_id = last_run;
    END IF;
    RETURN cardinality(outcomes);
END $$;
REVOKE ALL ON FUNCTION job_run_settle(text, steward.job_outcome[], tid[], bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_run_settle(text, steward.job_outcome[], tid[], bigint) IS
    'writes down what became of jobs: done, or to be tried again';

CREATE FUNCTION job_attempt_failed(queue text, id bigint, started_at timestamptz, finished_at timestamptz,
                                   error_sqlstate text, error_message text, error_detail text, begun integer) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    failed record;
BEGIN
    UPDATE steward.job AS j
    SET attempts = least(j.attempts + begun, 32767),
        state = CASE WHEN j.attempts + begun >= j.max_attempts THEN 'dead' ELSE 'scheduled' END,
        run_at = finished_at + steward.job_backoff(j.attempts + begun, coalesce(k.backoff, '1 s'), coalesce(k.backoff_cap, '1 h')),
        unique_key = CASE WHEN j.attempts + begun < j.max_attempts THEN j.unique_key END,
        lease_until = NULL, error_sqlstate = job_attempt_failed.error_sqlstate,
        error_message = job_attempt_failed.error_message, error_detail = job_attempt_failed.error_detail,
        error_at = job_attempt_failed.finished_at
    FROM (SELECT c.ctid, c.run_at AS due, k.backoff, k.backoff_cap
          FROM steward.job AS c LEFT JOIN steward.job_kind AS k USING (kind)
          WHERE c.queue = job_attempt_failed.queue AND c.id = job_attempt_failed.id) AS k
    WHERE j.ctid = k.ctid
    RETURNING j.state, j.attempts, j.enqueued_at, j.owner, j.kind, k.due INTO failed;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO steward.job_history (queue, id, finished_at, started_at, run_at, enqueued_at, owner, attempt, outcome, kind,
                                     error_sqlstate, error_message, error_detail)
    VALUES (queue, id, finished_at, started_at, least(failed.due, started_at), failed.enqueued_at, failed.owner, failed.attempts,
            CASE failed.state WHEN 'dead' THEN 'dead' ELSE 'failed' END, failed.kind, error_sqlstate, error_message,
            error_detail);
    PERFORM steward.worker_wake(); -- which keeps the time until it is tried again
    RETURN failed.state;
END $$;
REVOKE ALL ON FUNCTION job_attempt_failed(text, bigint, timestamptz, timestamptz, text, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION job_attempt_failed(text, bigint, timestamptz, timestamptz, text, text, text, integer) IS
    'writes down that an attempt failed: the job waits to be tried again, or is dead';

CREATE FUNCTION job_dependents_release(queue text, done bigint[]) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    waiting_queues text[];
    waiting_ids bigint[];
    released integer;
    later boolean;
BEGIN
    -- Without a list: whatever waits for a job that is not there any more, because it was done meanwhile.
    WITH met AS (
        DELETE FROM steward.job_dependency AS d
        WHERE CASE WHEN done IS NULL
                   THEN NOT EXISTS (SELECT FROM steward.job AS j WHERE j.queue = d.on_queue AND j.id = d.on_id)
                   ELSE d.on_queue = job_dependents_release.queue AND d.on_id = ANY (done) END
        RETURNING d.queue, d.id
    ), waiting AS (
        SELECT m.queue, m.id FROM met AS m
        UNION
        SELECT j.queue, j.id FROM steward.job AS j
        WHERE done IS NULL AND j.state = 'waiting'
              AND NOT EXISTS (SELECT FROM steward.job_dependency AS d WHERE d.queue = j.queue AND d.id = j.id)
    )
    SELECT array_agg(w.queue), array_agg(w.id) INTO waiting_queues, waiting_ids FROM waiting AS w;
    IF waiting_ids IS NULL THEN
        RETURN 0;
    END IF;
    -- Two sessions may each do one of the last jobs that a third waits for: they take turns, and the later one, whose
    -- next statement sees what the earlier one has done, finds that nothing is left to wait for.
    PERFORM FROM steward.job AS j JOIN unnest(waiting_queues, waiting_ids) AS w (queue, id) ON w.queue = j.queue AND w.id = j.id
    WHERE j.state = 'waiting' ORDER BY j.queue, j.id FOR UPDATE OF j;
    WITH ready AS (
        UPDATE steward.job AS j
        SET state = CASE WHEN j.run_at > steward.worker_clock() THEN 'scheduled' ELSE 'ready' END,
            position = nextval('steward.job_id_seq')
        FROM unnest(waiting_queues, waiting_ids) AS w (queue, id)
        WHERE j.queue = w.queue AND j.id = w.id AND j.state = 'waiting'
              AND NOT EXISTS (SELECT FROM steward.job_dependency AS d WHERE d.queue = j.queue AND d.id = j.id)
        RETURNING j.owner, j.queue, j.runner, j.priority, j.position, j.state
    ), lines AS (
        SELECT r.owner, r.queue, r.runner, r.priority, min(r.position) AS first FROM ready AS r WHERE r.state = 'ready'
        GROUP BY r.owner, r.queue, r.runner, r.priority
    ), told AS MATERIALIZED (
        SELECT steward.job_ready(l.owner, l.queue, l.runner, l.priority, l.first) FROM lines AS l
    )
    SELECT count(*), coalesce(bool_or(r.state = 'scheduled'), false) INTO released, later
    FROM ready AS r, (SELECT count(*) FROM told) AS t;
    IF later THEN
        PERFORM steward.worker_wake();
    END IF;
    RETURN released;
END $$;
REVOKE ALL ON FUNCTION job_dependents_release(text, bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION job_dependents_release(text, bigint[]) IS
    'makes those jobs ready that waited for these ones last; without a list, for any that are done';

CREATE FUNCTION job_attempt_ended(queue text, id bigint, started_at timestamptz, finished_at timestamptz,
                                  error_sqlstate text, error_message text, begun integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM steward.job AS j
    WHERE j.queue = job_attempt_ended.queue AND j.id = job_attempt_ended.id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM steward.job_attempt_failed(queue, id, started_at, finished_at, error_sqlstate, error_message, NULL, begun);
    RETURN true;
EXCEPTION WHEN OTHERS THEN -- what somebody has put into one row is no other's matter
    RAISE WARNING 'job % of queue "%" could not be tried again: %', id, queue, SQLERRM;
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION job_attempt_ended(text, bigint, timestamptz, timestamptz, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION job_attempt_ended(text, bigint, timestamptz, timestamptz, text, text, integer) IS
    'job_attempt_failed for an attempt of which nobody is left to say how it ended; false where it cannot be had now';
