-- What people do with jobs and queues.

CREATE FUNCTION job_refuse(queue text, id bigint, wanted text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    state text := (SELECT j.state FROM steward.job AS j WHERE j.queue = job_refuse.queue AND j.id = job_refuse.id);
BEGIN
    IF state IS NULL THEN
        RAISE EXCEPTION 'job % of queue "%" does not exist', id, queue
            USING ERRCODE = 'undefined_object', DETAIL = 'It is done, or not yours, or has never been there.';
    END IF;
    RAISE EXCEPTION 'job % of queue "%" is %', id, queue, state
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = wanted;
END $$;
REVOKE ALL ON FUNCTION job_refuse(text, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION job_refuse(text, bigint, text) IS 'raises why something cannot be done with a job';

CREATE FUNCTION job_cancel(queue text, id bigint) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    now timestamptz := steward.worker_clock();
    held record;
BEGIN
    PERFORM steward.migration_require('jobs');
    -- The session that runs it is told, and writes down what became of it.
    IF EXISTS (SELECT FROM steward.job_run AS r
               WHERE r.queue = job_cancel.queue AND job_cancel.id = ANY (r.ids)
                     AND steward.job_run_cancel(r.run_id, job_cancel.id)) THEN
        RETURN 'cancelling';
    END IF;
    SELECT j.* INTO held FROM steward.job AS j
    WHERE j.queue = job_cancel.queue AND j.id = job_cancel.id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        PERFORM steward.job_refuse(queue, id, 'Another session holds it; try again.');
    END IF;
    DELETE FROM steward.job AS j WHERE j.queue = job_cancel.queue AND j.id = job_cancel.id;
    INSERT INTO steward.job_history (queue, id, finished_at, started_at, run_at, enqueued_at, owner, attempt, outcome,
                                     kind, error_sqlstate, error_message)
    VALUES (queue, id, now, now, least(held.run_at, now), held.enqueued_at, held.owner, held.attempts, 'cancelled', held.kind,
            '57014', CASE held.state WHEN 'leased' THEN 'the job was cancelled while a client had it'
                                     ELSE 'the job was cancelled before it ran' END);
    PERFORM steward.job_dependents_cancel(queue, id);
    IF queue ~ '^recovery( [0-9]+)?$' THEN -- a recovery goes on
        PERFORM steward.worker_wake();
    END IF;
    RETURN 'cancelled';
END $$;
REVOKE ALL ON FUNCTION job_cancel(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_cancel(text, bigint) IS
    'takes a job out of its queue (cancelled), or tells the session that runs it to end it (cancelling); what waits for it is cancelled too';

CREATE FUNCTION job_dependents_cancel(queue text, id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    waiting record;
BEGIN
    FOR waiting IN
        DELETE FROM steward.job_dependency AS d
        WHERE d.on_queue = job_dependents_cancel.queue AND d.on_id = job_dependents_cancel.id
        RETURNING d.queue, d.id
    LOOP
        DELETE FROM steward.job_dependency AS d WHERE d.queue = waiting.queue AND d.id = waiting.id;
        IF EXISTS (SELECT FROM steward.job AS j WHERE j.queue = waiting.queue AND j.id = waiting.id) THEN
            PERFORM steward.job_cancel(waiting.queue, waiting.id);
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION job_dependents_cancel(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_dependents_cancel(text, bigint) IS 'cancels the jobs that wait for a job which will never be done';

CREATE FUNCTION job_retry(queue text, id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    again record;
BEGIN
    PERFORM steward.migration_require('jobs');
    UPDATE steward.job AS j
    SET state = 'ready', attempts = CASE j.state WHEN 'dead' THEN 0 ELSE j.attempts END, run_at = steward.worker_clock(),
        position = nextval('steward.job_id_seq')
    WHERE j.queue = job_retry.queue AND j.id = job_retry.id AND j.state IN ('dead', 'scheduled')
    RETURNING j.owner, j.runner, j.priority, j.position INTO again;
    IF NOT FOUND THEN
        PERFORM steward.job_refuse(queue, id, 'Jobs that are dead or scheduled can be driven again.');
    END IF;
    PERFORM steward.job_ready(again.owner, queue, again.runner, again.priority, again.position);
END $$;
REVOKE ALL ON FUNCTION job_retry(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_retry(text, bigint) IS
    'makes a job ready at once that is dead or waits for its time; a dead one has all its attempts again';

CREATE FUNCTION job_progress(job bigint, done bigint, total bigint, note text DEFAULT '', queue text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
BEGIN
    IF job IS NULL OR done IS NULL OR total IS NULL OR done < 0 OR total < 1 THEN
        RAISE EXCEPTION 'a job, how much is done, and a positive total are needed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF queue IS NULL THEN
        IF NOT steward.job_run_progress(job, done, total, coalesce(note, '')) THEN
            RAISE EXCEPTION 'this session does not run job %', job
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Clients name the queue of their job as well.';
        END IF;
        RETURN;
    END IF;
    PERFORM steward.job_lease_check(queue, job);
    UPDATE steward.job AS j SET progress = jsonb_build_object('done', done, 'total', total, 'note', note)
    WHERE j.queue = job_progress.queue AND j.id = job_progress.job;
END $$;
REVOKE ALL ON FUNCTION job_progress(bigint, bigint, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION job_progress(bigint, bigint, bigint, text, text) IS
    'says how far a job is: a handler the one that it does, seen at once; a client, which names the queue, one that it has claimed';

CREATE FUNCTION queue_alter(queue text, max_depth integer DEFAULT NULL, paused boolean DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('jobs');
    IF coalesce(queue, '') = '' OR max_depth < 0 THEN
        RAISE EXCEPTION 'a queue and a positive depth, or 0 for no limit, are needed'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.queue (queue, owner) VALUES (queue, quote_ident(current_user)::regrole) ON CONFLICT DO NOTHING;
    UPDATE steward.queue AS q
    SET max_depth = CASE WHEN max_depth IS NULL THEN q.max_depth ELSE nullif(max_depth, 0) END,
        paused_at = CASE WHEN paused IS NULL THEN q.paused_at WHEN paused THEN coalesce(q.paused_at, steward.worker_clock()) END
    WHERE q.queue = queue_alter.queue;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'permission denied for queue "%"', queue
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'Only members of the role that used it first may change it.';
    END IF;
    PERFORM steward.worker_wake();
END $$;
REVOKE ALL ON FUNCTION queue_alter(text, integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION queue_alter(text, integer, boolean) IS
    'limits how many jobs a queue may hold (0: without limit), or pauses and resumes it; makes the queue if there is none';

CREATE FUNCTION queue_pause(queue text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$ SELECT steward.queue_alter(queue, paused => true) $$;
REVOKE ALL ON FUNCTION queue_pause(text) FROM PUBLIC;
COMMENT ON FUNCTION queue_pause(text) IS 'no job of the queue is taken from now on; those that sessions have taken already are done';

CREATE FUNCTION queue_resume(queue text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$ SELECT steward.queue_alter(queue, paused => false) $$;
REVOKE ALL ON FUNCTION queue_resume(text) FROM PUBLIC;
COMMENT ON FUNCTION queue_resume(text) IS 'ends a pause';
