-- What keeps queues and schedules going: a duty of the worker, which sees the jobs of all.

CREATE FUNCTION jobs_promote(at timestamptz, most integer DEFAULT 10000) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    promoted integer;
BEGIN
    IF NOT EXISTS (SELECT FROM steward.job AS j WHERE j.state = 'scheduled' AND j.run_at <= at) THEN
        RETURN 0;
    END IF;
    WITH due AS (
        SELECT j.ctid FROM steward.job AS j WHERE j.state = 'scheduled' AND j.run_at <= at
        ORDER BY j.run_at LIMIT most FOR UPDATE SKIP LOCKED
    ), ready AS (
        UPDATE steward.job AS j SET state = 'ready', position = nextval('steward.job_id_seq')
        WHERE j.ctid = ANY (ARRAY(SELECT d.ctid FROM due AS d))
        RETURNING j.owner, j.queue, j.runner, j.priority, j.position
    ), lines AS (
        SELECT r.owner, r.queue, r.runner, r.priority, min(r.position) AS first, count(*) AS jobs
        FROM ready AS r GROUP BY r.owner, r.queue, r.runner, r.priority
    ), told AS MATERIALIZED (
        SELECT l.jobs, steward.job_ready(l.owner, l.queue, l.runner, l.priority, l.first) FROM lines AS l
    )
    SELECT coalesce(sum(t.jobs), 0) INTO promoted FROM told AS t;
    RETURN promoted;
END $$;
REVOKE ALL ON FUNCTION jobs_promote(timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION jobs_promote(timestamptz, integer) IS 'makes those scheduled jobs ready whose time has come';

CREATE FUNCTION job_leases_expire(at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    expired integer := 0;
    late record;
BEGIN
    FOR late IN
        SELECT j.queue, j.id, j.claimed_at FROM steward.job AS j WHERE j.state = 'leased' AND j.lease_until <= at
        ORDER BY j.lease_until LIMIT 1000
    LOOP
        IF steward.job_attempt_ended(late.queue, late.id, coalesce(late.claimed_at, at), at, '08006',
                                     'the lease was not renewed in time', 0) THEN
            expired := expired + 1;
        END IF;
    END LOOP;
    RETURN expired;
END $$;
REVOKE ALL ON FUNCTION job_leases_expire(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION job_leases_expire(timestamptz) IS 'ends the attempts of clients that have not been heard of for the time of their lease';

CREATE FUNCTION job_owners_start() RETURNS integer
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(steward.worker_start(w.owner)::text)::integer
    FROM (SELECT DISTINCT o.owner
          FROM steward.queue_owner AS o JOIN steward.queue AS q USING (queue) JOIN pg_roles AS r ON r.oid = o.owner
          WHERE q.paused_at IS NULL AND r.rolcanlogin
                AND (steward.job_may_be_ready(o.owner, o.queue, 'd') OR steward.job_may_be_ready(o.owner, o.queue, 't'))
                -- Where nothing is known of a queue, not all who ever used it need a worker.
                AND EXISTS (SELECT FROM steward.job AS j WHERE j.owner = o.owner AND j.queue = o.queue AND j.runner IN ('d', 't')
                            AND j.state = 'ready')) AS w
$$;
REVOKE ALL ON FUNCTION job_owners_start() FROM PUBLIC;
COMMENT ON FUNCTION job_owners_start() IS
    'has a worker started for every role that may have ready jobs; a role that is gone or may not log in has none';

CREATE FUNCTION jobs_next_at() RETURNS timestamptz
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
    SELECT least((SELECT j.run_at FROM steward.job AS j WHERE j.state = 'scheduled' ORDER BY j.run_at LIMIT 1),
                 (SELECT j.lease_until FROM steward.job AS j WHERE j.state = 'leased' ORDER BY j.lease_until LIMIT 1),
                 (SELECT s.next_at FROM steward.schedule AS s WHERE s.active AND s.via = 'steward' ORDER BY s.next_at LIMIT 1))
$$;
REVOKE ALL ON FUNCTION jobs_next_at() FROM PUBLIC;
COMMENT ON FUNCTION jobs_next_at() IS 'when the next job, lease or schedule falls due';

CREATE FUNCTION job_keys_expire(at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    expired integer := 0;
BEGIN
    IF EXISTS (SELECT FROM steward.job_unique AS u WHERE u.until <= at) THEN
        DELETE FROM steward.job_unique AS u
        WHERE u.ctid = ANY (ARRAY(SELECT o.ctid FROM steward.job_unique AS o WHERE o.until <= at
                                  LIMIT 10000 FOR UPDATE SKIP LOCKED));
        GET DIAGNOSTICS expired = ROW_COUNT;
    END IF;
    RETURN expired;
END $$;
REVOKE ALL ON FUNCTION job_keys_expire(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION job_keys_expire(timestamptz) IS 'forgets unique keys whose time is over';

CREATE FUNCTION jobs_tend_step(step text, at timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms'
AS $$
BEGIN
    RETURN CASE step WHEN 'recover' THEN steward.job_runs_recover(at) WHEN 'leases' THEN steward.job_leases_expire(at)
                     WHEN 'schedules' THEN steward.schedules_fire(at) WHEN 'promote' THEN steward.jobs_promote(at)
                     WHEN 'release' THEN steward.job_dependents_release(NULL, NULL) WHEN 'keys' THEN steward.job_keys_expire(at) END;
EXCEPTION WHEN OTHERS THEN -- the others go on; what it waited for may be free the next time
    RAISE WARNING 'queues could not be looked after (%): %', step, SQLERRM;
    RETURN 0;
END $$;
REVOKE ALL ON FUNCTION jobs_tend_step(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION jobs_tend_step(text, timestamptz) IS 'one of the steps of jobs_tend, whose failure is not that of the others';

CREATE FUNCTION jobs_tend(at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    measured bigint := steward.operation_begin('duty', 'jobs_tend');
    step text;
    progress integer := 0;
    due timestamptz;
BEGIN
    PERFORM steward.migration_require('jobs');
    IF NOT steward.jobs_may_run() THEN
        PERFORM steward.operation_end(measured);
        RETURN NULL;
    END IF;
    PERFORM steward.job_cursors_forget(60); -- what nobody could tell this server, such as rows that a subscription brought
    FOREACH step IN ARRAY ARRAY['recover', 'leases', 'schedules', 'promote', 'release', 'keys'] LOOP
        CONTINUE WHEN step = 'release' AND NOT EXISTS (SELECT FROM steward.job_dependency)
                      AND NOT EXISTS (SELECT FROM steward.job AS j WHERE j.state = 'waiting');
        progress := progress + coalesce(steward.jobs_tend_step(step, at), 0);
    END LOOP;
    PERFORM steward.job_owners_start();
    due := steward.jobs_next_at();
    -- What is due and could not be had is held by somebody: it is tried again, but not at once.
    due := CASE WHEN due <= at AND progress = 0 THEN at + interval '1 second' ELSE due END;
    IF due IS NOT NULL THEN
        PERFORM steward.worker_due(due);
    END IF;
    PERFORM steward.operation_end(measured);
    RETURN due;
END $$;
REVOKE ALL ON FUNCTION jobs_tend(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION jobs_tend(timestamptz) IS
    'a round over all queues: recovers what crashed, fires schedules, makes ready what is due, starts workers for it; returns when it is needed next';
