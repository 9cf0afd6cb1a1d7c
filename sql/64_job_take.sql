-- Which jobs a session runs next: found, taken, written down, locked.

CREATE FUNCTION job_take(queue text, runner "char", most integer, to_be_run boolean,
                         OUT ids bigint[], OUT kinds text[], OUT places tid[], OUT priority smallint, OUT first_position bigint)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan
    SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
#variable_conflict use_variable
DECLARE
    me regrole := quote_ident(current_user)::regrole;
    spot record;
    first_priority smallint := 0;
    last_position bigint;
BEGIN
    LOOP
        -- Read before the snapshot that the search is made with: what becomes ready after it moves the cursor back.
        SELECT c.* INTO spot FROM steward.job_cursor(me, queue, runner, first_priority) AS c;
        EXIT WHEN spot.priority IS NULL;
        SELECT array_agg(j.id), array_agg(j.kind), array_agg(j.ctid), min(j.position), max(j.position)
        INTO ids, kinds, places, first_position, last_position
        FROM (SELECT c.id, c.kind, c.ctid, c.position FROM steward.job AS c
              WHERE c.owner = me AND c.queue = job_take.queue AND c.runner = job_take.runner AND c.priority = spot.priority
                    AND c.position > spot.job_position AND c.state = 'ready'
              ORDER BY c.position LIMIT most) AS j; -- in that order
        CONTINUE WHEN NOT steward.job_cursor_move(me, queue, runner, spot.priority, spot.job_position, spot.generation,
                                                  coalesce(last_position, 0), ids IS NULL, to_be_run,
                                                  coalesce(first_position, 0));
        priority := spot.priority;
        EXIT WHEN ids IS NOT NULL;
        first_priority := spot.priority + 1;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION job_take(text, "char", integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION job_take(text, "char", integer, boolean) IS
    'the next ready jobs of the caller in a queue, which no other session is told of until this one is done with them';

CREATE FUNCTION job_queues(runner "char") RETURNS text[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    me regrole := quote_ident(current_user)::regrole;
BEGIN
    RETURN ARRAY(SELECT q.queue FROM steward.queue_owner AS o JOIN steward.queue AS q USING (queue)
                 WHERE o.owner = me AND q.paused_at IS NULL
                       AND steward.job_may_be_ready(me, q.queue, job_queues.runner)
                 ORDER BY q.queue);
END $$;
REVOKE ALL ON FUNCTION job_queues("char") FROM PUBLIC;
COMMENT ON FUNCTION job_queues("char") IS 'the queues in which jobs of the caller may be ready';

CREATE FUNCTION job_run_prepare(queues text[], runner "char", most integer,
                                OUT queue text, OUT run_id bigint, OUT ids bigint[], OUT kinds text[], OUT places tid[])
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    FOREACH queue IN ARRAY queues LOOP
        SELECT t.ids, t.kinds, t.places INTO ids, kinds, places FROM steward.job_take(queue, runner, most, true) AS t;
        EXIT WHEN ids IS NOT NULL;
    END LOOP;
    IF ids IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO steward.job_run AS r (queue, boot, owner, pid, started_at, ids)
    VALUES (queue, steward.job_boot(), quote_ident(current_user)::regrole, pg_backend_pid(), steward.worker_clock(), ids)
    RETURNING r.run_id INTO run_id;
    PERFORM steward.job_run_begin(run_id);
END $$;
REVOKE ALL ON FUNCTION job_run_prepare(text[], "char", integer) FROM PUBLIC;
COMMENT ON FUNCTION job_run_prepare(text[], "char", integer) IS
    'takes jobs from the first of the queues that has any, and writes down that this session is about to run them';

CREATE FUNCTION job_run_lock(queue text, ids bigint[], places tid[], kind text,
                             OUT handler text, OUT locked bigint[], OUT held tid[], OUT payloads jsonb[], OUT timeouts_ms integer[])
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    default_ms integer := 1000;
BEGIN
    SELECT k.handler, (extract(epoch FROM k.timeout) * 1000)::integer INTO handler, default_ms
    FROM steward.job_kind AS k WHERE k.kind = job_run_lock.kind AND NOT k.dropped;
    SELECT array_agg(j.id), array_agg(j.ctid), array_agg(j.payload),
           array_agg(CASE WHEN j.timeout IS NULL THEN default_ms ELSE (extract(epoch FROM j.timeout) * 1000)::integer END)
    INTO locked, held, payloads, timeouts_ms
    -- Where another row has come to a place, the job that stood there is done.
    FROM (SELECT c.id, c.ctid, c.payload, c.timeout FROM steward.job AS c
          WHERE c.ctid = ANY (places) AND c.queue = job_run_lock.queue AND c.state = 'ready' AND c.id = ANY (ids)
          ORDER BY c.position FOR UPDATE SKIP LOCKED) AS j;
END $$;
REVOKE ALL ON FUNCTION job_run_lock(text, bigint[], tid[], text) FROM PUBLIC;
COMMENT ON FUNCTION job_run_lock(text, bigint[], tid[], text) IS
    'locks those of the jobs that are still to be done and that nobody else holds; and what is needed to do them';
