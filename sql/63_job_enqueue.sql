-- Jobs on their way into a queue. The owner of a job is whoever enqueues it.

CREATE FUNCTION job_owner_check(owner regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT (SELECT r.rolcanlogin FROM pg_roles AS r WHERE r.oid = owner) THEN
        RAISE EXCEPTION 'role "%" cannot have jobs done: it may not log in', owner
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = 'A job runs in a session of the role that enqueued it.',
                  HINT = 'Enqueue as another role, or ALTER ROLE ... LOGIN.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION job_owner_check(regrole) FROM PUBLIC;
COMMENT ON FUNCTION job_owner_check(regrole) IS 'raises 55000 if a role may not log in, so that no worker could do its jobs';

CREATE FUNCTION queue_admit(queue text, owner regrole, jobs integer) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    room integer;
    waiting bigint;
BEGIN
    SELECT q.max_depth INTO room FROM steward.queue AS q WHERE q.queue = queue_admit.queue;
    IF NOT FOUND THEN
        IF queue = '' THEN
            RAISE EXCEPTION 'a queue needs a name' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        INSERT INTO steward.queue (queue, owner) VALUES (queue, owner) ON CONFLICT DO NOTHING;
    END IF;
    IF NOT EXISTS (SELECT FROM steward.queue_owner AS o WHERE o.queue = queue_admit.queue AND o.owner = queue_admit.owner) THEN
        INSERT INTO steward.queue_owner (queue, owner) VALUES (queue, owner) ON CONFLICT DO NOTHING;
    END IF;
    IF room IS NOT NULL THEN
        SELECT count(*) INTO waiting
        FROM (SELECT FROM steward.job AS j WHERE j.queue = queue_admit.queue AND j.state <> 'dead' LIMIT room) AS j;
        IF waiting + jobs > room THEN
            RAISE EXCEPTION 'queue "%" is full', queue
                USING ERRCODE = 'configuration_limit_exceeded', DETAIL = format('It may hold %s jobs.', room),
                      HINT = 'Wait until jobs are done, or raise max_depth with steward.queue_alter().';
        END IF;
    END IF;
END $$;
REVOKE ALL ON FUNCTION queue_admit(text, regrole, integer) FROM PUBLIC;
COMMENT ON FUNCTION queue_admit(text, regrole, integer) IS
    'makes a queue known and raises 53400 if so many jobs more would not fit into it';

CREATE FUNCTION job_enqueue_many(kind text, payloads jsonb[], queue text DEFAULT 'default', run_at timestamptz DEFAULT NULL,
                                 priority integer DEFAULT 5, max_attempts integer DEFAULT NULL,
                                 timeout interval DEFAULT NULL, rate_class text DEFAULT NULL) RETURNS bigint[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('job', 'job_enqueue_many');
    me regrole := quote_ident(current_user)::regrole;
    at timestamptz := steward.worker_clock();
    is_ready boolean := coalesce(run_at <= at, true);
    of_kind record;
    ids bigint[];
BEGIN
    PERFORM steward.migration_require('jobs');
    IF payloads IS NULL OR queue IS NULL OR priority IS NULL OR priority NOT BETWEEN 0 AND 9 OR NOT coalesce(isfinite(run_at), true) THEN
        RAISE EXCEPTION 'payloads, a queue, a priority from 0 to 9 and a finite time are needed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT k.runner, k.max_attempts INTO of_kind FROM steward.job_kind AS k
    WHERE k.kind = job_enqueue_many.kind AND NOT k.dropped;
    IF NOT FOUND THEN
        PERFORM steward.job_kind_refuse(coalesce(kind, ''));
    END IF;
    IF of_kind.runner <> 'c' THEN
        PERFORM steward.job_owner_check(me);
    END IF;
    PERFORM steward.queue_admit(queue, me, cardinality(payloads));
    WITH new AS (
        INSERT INTO steward.job (queue, id, position, enqueued_at, run_at, owner, priority, max_attempts, runner, state,
                                 kind, payload, rate_class, timeout)
        SELECT queue, n.id, n.id, at, coalesce(run_at, at), me, priority, coalesce(max_attempts, of_kind.max_attempts),
               of_kind.runner, CASE WHEN is_ready THEN 'ready' ELSE 'scheduled' END, kind, coalesce(n.payload, '{}'),
               rate_class, timeout
        FROM (SELECT nextval('steward.job_id_seq') AS id, p.payload FROM unnest(payloads) AS p (payload)) AS n
        RETURNING job.id
    )
    SELECT coalesce(array_agg(n.id ORDER BY n.id), '{}') INTO ids FROM new AS n;
    IF NOT is_ready THEN
        PERFORM steward.worker_wake();
    ELSIF cardinality(ids) > 0 THEN
        PERFORM steward.job_ready(me, queue, of_kind.runner, priority::smallint, ids[1]);
    END IF;
    PERFORM steward.operation_end(measured);
    RETURN ids;
END $$;
REVOKE ALL ON FUNCTION job_enqueue_many(text, jsonb[], text, timestamptz, integer, integer, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION job_enqueue_many(text, jsonb[], text, timestamptz, integer, integer, interval, text) IS
    'enqueues a job for each payload and returns their ids, in the same order';

CREATE FUNCTION job_existing(queue text, owner regrole, unique_key text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(
        (SELECT j.id FROM steward.job AS j
         WHERE j.queue = job_existing.queue AND j.owner = job_existing.owner AND j.unique_key = job_existing.unique_key),
        (SELECT u.id FROM steward.job_unique AS u
         WHERE u.queue = job_existing.queue AND u.owner = job_existing.owner AND u.unique_key = job_existing.unique_key));
END $$;
REVOKE ALL ON FUNCTION job_existing(text, regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION job_existing(text, regrole, text) IS 'the job that holds a unique key; null if it has just let it go';

CREATE FUNCTION job_dependency_check(wanted steward.job_name) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
BEGIN
    IF wanted.queue IS NULL OR wanted.id IS NULL THEN
        RAISE EXCEPTION 'depends_on must name jobs by queue and id' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM steward.job AS j WHERE j.queue = wanted.queue AND j.id = wanted.id)
       AND NOT EXISTS (SELECT FROM steward.job_history AS h
                       WHERE h.queue = wanted.queue AND h.id = wanted.id AND h.outcome = 'completed') THEN
        RAISE EXCEPTION 'job % of queue "%" does not exist', wanted.id, wanted.queue
            USING ERRCODE = 'undefined_object', DETAIL = 'It was cancelled, or is not yours, or has never been there.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION job_dependency_check(steward.job_name) FROM PUBLIC;
COMMENT ON FUNCTION job_dependency_check(steward.job_name) IS 'raises 42704 unless a job can be waited for, or is done';

CREATE FUNCTION job_unique_take(queue text, unique_key text, owner regrole, id bigint, at timestamptz, until timestamptz)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO steward.job_unique AS u (queue, unique_key, owner, id, until) VALUES (queue, unique_key, owner, id, until)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        UPDATE steward.job_unique AS u SET id = job_unique_take.id, until = job_unique_take.until
        WHERE u.queue = job_unique_take.queue AND u.owner = job_unique_take.owner AND u.unique_key = job_unique_take.unique_key
              AND u.until <= at;
    END IF;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION job_unique_take(text, text, regrole, bigint, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION job_unique_take(text, text, regrole, bigint, timestamptz, timestamptz) IS
    'takes a unique key for a time; false if another job has it';

CREATE FUNCTION job_enqueue(kind text, payload jsonb DEFAULT '{}', queue text DEFAULT 'default',
                            run_at timestamptz DEFAULT NULL, priority integer DEFAULT 5, unique_key text DEFAULT NULL,
                            unique_for interval DEFAULT NULL, depends_on steward.job_name[] DEFAULT NULL,
                            max_attempts integer DEFAULT NULL, timeout interval DEFAULT NULL,
                            rate_class text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('job', 'job_enqueue');
    me regrole := quote_ident(current_user)::regrole;
    at timestamptz := steward.worker_clock();
    first_state text := CASE WHEN depends_on <> '{}' THEN 'waiting' WHEN run_at > at THEN 'scheduled' ELSE 'ready' END;
    of_kind record;
    new_id bigint;
    existing bigint;
BEGIN
    PERFORM steward.migration_require('jobs');
    IF payload IS NULL OR queue IS NULL OR priority IS NULL OR priority NOT BETWEEN 0 AND 9 OR NOT coalesce(isfinite(run_at), true)
       OR unique_for <= interval '0' OR (unique_for IS NOT NULL AND unique_key IS NULL) THEN
        RAISE EXCEPTION 'a payload, a queue, a priority from 0 to 9, a finite time, and unique_for only with a unique_key are needed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT k.runner, k.max_attempts INTO of_kind FROM steward.job_kind AS k
    WHERE k.kind = job_enqueue.kind AND NOT k.dropped;
    IF NOT FOUND THEN
        PERFORM steward.job_kind_refuse(coalesce(kind, ''));
    END IF;
    IF of_kind.runner <> 'c' THEN
        PERFORM steward.job_owner_check(me);
    END IF;
    PERFORM steward.queue_admit(queue, me, 1);
    new_id := nextval('steward.job_id_seq');
    -- Whoever holds a key may let it go at any moment: where it is taken and nobody has it, it is asked for again.
    WHILE unique_for IS NOT NULL AND NOT steward.job_unique_take(queue, unique_key, me, new_id, at, at + unique_for) LOOP
        existing := steward.job_existing(queue, me, unique_key);
        CONTINUE WHEN existing IS NULL;
        PERFORM steward.operation_end(measured);
        RETURN existing;
    END LOOP;
    PERFORM steward.job_dependency_check(d) FROM unnest(depends_on) AS d;
    LOOP
        INSERT INTO steward.job (queue, id, position, enqueued_at, run_at, owner, priority, max_attempts, runner, state, kind,
                                 payload, unique_key, rate_class, timeout)
        VALUES (queue, new_id, new_id, at, coalesce(run_at, at), me, priority, coalesce(max_attempts, of_kind.max_attempts),
                of_kind.runner, first_state, kind, payload, unique_key, rate_class, timeout)
        ON CONFLICT ((job.queue), (job.owner), (job.unique_key)) WHERE job.unique_key IS NOT NULL DO NOTHING;
        EXIT WHEN FOUND;
        SELECT j.id INTO existing FROM steward.job AS j
        WHERE j.queue = job_enqueue.queue AND j.owner = me AND j.unique_key = job_enqueue.unique_key;
        CONTINUE WHEN existing IS NULL;
        UPDATE steward.job_unique AS u SET id = existing
        WHERE unique_for IS NOT NULL AND u.queue = job_enqueue.queue AND u.owner = me AND u.unique_key = job_enqueue.unique_key;
        PERFORM steward.operation_end(measured);
        RETURN existing;
    END LOOP;
    IF first_state = 'waiting' THEN
        INSERT INTO steward.job_dependency (queue, id, on_queue, on_id, owner)
        SELECT DISTINCT job_enqueue.queue, new_id, (d).queue, (d).id, me FROM unnest(depends_on) AS d;
    END IF;
    IF first_state = 'ready' THEN
        PERFORM steward.job_ready(me, queue, of_kind.runner, priority::smallint, new_id);
    ELSE
        PERFORM steward.worker_wake();
    END IF;
    PERFORM steward.operation_end(measured);
    RETURN new_id;
END $$;
REVOKE ALL ON FUNCTION job_enqueue(text, jsonb, text, timestamptz, integer, text, interval, steward.job_name[], integer, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION job_enqueue(text, jsonb, text, timestamptz, integer, text, interval, steward.job_name[], integer, interval, text) IS
    'enqueues a job and returns its id; where unique_key is taken, the id of the job that has it';
