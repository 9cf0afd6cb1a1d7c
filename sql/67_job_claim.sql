-- Jobs that clients do: claimed for a time, which a heartbeat prolongs.

CREATE FUNCTION job_claim(queue text, n integer DEFAULT 1, lease interval DEFAULT '30 seconds')
    RETURNS TABLE (id bigint, kind text, payload jsonb, attempt integer, lease_until timestamptz)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 10
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('job', 'job_claim');
    places tid[];
    of_priority smallint;
    first_position bigint;
    permits bigint[];
    taken integer;
    claimed integer;
BEGIN
    PERFORM steward.migration_require('jobs');
    IF n NOT BETWEEN 1 AND 10000 OR lease <= interval '0' THEN
        RAISE EXCEPTION '1 to 10000 jobs and a positive lease are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT steward.jobs_may_run() THEN
        RAISE EXCEPTION 'jobs do not run in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'It is a standby, or a copy or a subscriber of the database that they belong to.',
                  HINT = 'Call steward.adopt() if they are to run here from now on.';
    END IF;
    IF NOT EXISTS (SELECT FROM steward.queue AS q WHERE q.queue = job_claim.queue AND q.paused_at IS NOT NULL) THEN
        SELECT t.places, t.priority, t.first_position INTO places, of_priority, first_position
        FROM steward.job_take(queue, 'c', n, false) AS t;
    END IF;
    IF places IS NULL THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    taken := cardinality(places);
    PERFORM steward.worker_wake(); -- which keeps the time of the lease
    IF EXISTS (SELECT FROM steward.job AS j WHERE j.ctid = ANY (places) AND j.rate_class IS NOT NULL) AND steward.migration_is_deployed('rate_limits') THEN
        SELECT a.admitted, a.permits INTO places, permits FROM steward.job_admit(queue, places) AS a;
    END IF;
    RETURN QUERY
        UPDATE steward.job AS j
        SET state = 'leased', attempts = j.attempts + 1, claimed_at = steward.worker_clock(),
            lease_until = steward.worker_clock() + lease,
            permit = CASE WHEN permits IS NOT NULL THEN permits[array_position(places, j.ctid)] END
        WHERE j.ctid = ANY (ARRAY(SELECT c.ctid FROM steward.job AS c
                                  WHERE c.ctid = ANY (places) AND c.queue = job_claim.queue AND c.state = 'ready'
                                  FOR UPDATE SKIP LOCKED))
        RETURNING j.id, j.kind, j.payload, j.attempts::integer, j.lease_until;
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < taken THEN -- somebody else holds the others, and may let them be
        PERFORM steward.job_ready(quote_ident(current_user)::regrole, queue, 'c', of_priority, first_position);
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION job_claim(text, integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION job_claim(text, integer, interval) IS
    'gives the next jobs of a queue to a client, for the time of a lease; those whose kind has a handler are left to the database';

CREATE FUNCTION job_lease_check(queue text, id bigint) RETURNS steward.job_outcome
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    held record;
    lease steward.job_outcome;
BEGIN
    PERFORM steward.migration_require('jobs');
    SELECT j.state, j.lease_until, j.claimed_at INTO held
    FROM steward.job AS j WHERE j.queue = job_lease_check.queue AND j.id = job_lease_check.id FOR UPDATE;
    IF NOT FOUND OR held.state <> 'leased' THEN
        RAISE EXCEPTION 'job % of queue "%" is not leased', id, queue
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = CASE WHEN held.state IS NULL THEN 'There is no such job, or it is done, or not yours.'
                                ELSE format('It is %s.', held.state) END,
                  HINT = 'A lease that is not renewed in time by job_heartbeat() is given up.';
    END IF;
    lease.id := id;
    lease.started_at := coalesce(held.claimed_at, steward.worker_clock());
    lease.finished_at := steward.worker_clock();
    RETURN lease;
END $$;
REVOKE ALL ON FUNCTION job_lease_check(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_lease_check(text, bigint) IS 'locks a job that a client has claimed; raises 55000 if it is not leased any more';

CREATE FUNCTION job_heartbeat(queue text, id bigint, lease interval DEFAULT '30 seconds') RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    renewed timestamptz := steward.worker_clock() + lease;
BEGIN
    IF lease <= interval '0' THEN
        RAISE EXCEPTION 'the lease must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM steward.job_lease_check(queue, id);
    UPDATE steward.job AS j SET lease_until = renewed WHERE j.queue = job_heartbeat.queue AND j.id = job_heartbeat.id;
    RETURN renewed;
END $$;
REVOKE ALL ON FUNCTION job_heartbeat(text, bigint, interval) FROM PUBLIC;
COMMENT ON FUNCTION job_heartbeat(text, bigint, interval) IS 'prolongs the lease of a job, and returns its new end';

CREATE FUNCTION job_complete(queue text, id bigint, result jsonb DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('job', 'job_complete');
    outcome steward.job_outcome := steward.job_lease_check(queue, id);
BEGIN
    IF outcome.id IS NULL THEN
        RAISE EXCEPTION 'a queue and a job are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    outcome.outcome := 'completed';
    outcome.result := result;
    PERFORM steward.job_permit_settle(queue, id, result, 'ok');
    PERFORM steward.job_run_settle(queue, ARRAY[outcome], ARRAY[(
        SELECT j.ctid FROM steward.job AS j WHERE j.queue = job_complete.queue AND j.id = job_complete.id)]);
    IF queue = 'recovery' THEN -- a recovery goes on
        PERFORM steward.worker_wake();
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION job_complete(text, bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION job_complete(text, bigint, jsonb) IS 'ends a job that a client has claimed and done';

CREATE FUNCTION job_fail(queue text, id bigint, message text, sqlstate text DEFAULT NULL, detail text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('job', 'job_fail');
    outcome steward.job_outcome := steward.job_lease_check(queue, id);
    state text;
BEGIN
    IF outcome.id IS NULL THEN
        RAISE EXCEPTION 'a queue and a job are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM steward.job_permit_settle(queue, id, NULL, 'failed');
    state := steward.job_attempt_failed(queue, id, outcome.started_at, outcome.finished_at, job_fail.sqlstate,
                                        message, detail, 0);
    PERFORM steward.operation_end(measured);
    RETURN state;
END $$;
REVOKE ALL ON FUNCTION job_fail(text, bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION job_fail(text, bigint, text, text, text) IS
    'says that a client could not do a job: it waits to be tried again (scheduled), or was the last attempt (dead)';
