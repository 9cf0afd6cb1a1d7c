-- Summaries: refreshed, and looked after.

CREATE FUNCTION summary_refresh(name text, mode text DEFAULT 'auto', max_keys bigint DEFAULT NULL, below boolean DEFAULT true,
                                OUT mode_used text, OUT keys bigint, OUT written bigint, OUT unchanged bigint, OUT removed bigint,
                                OUT expired bigint, OUT backlog bigint, OUT duration interval, OUT wal_bytes bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_summary_refresh'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;
REVOKE ALL ON FUNCTION summary_refresh(text, text, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION summary_refresh(text, text, bigint, boolean) IS
    'brings a summary up to date in this transaction, or so many of its keys: the keys that have changed, or all where that is cheaper; before it, the summaries that it reads; busy if another session does so';

CREATE FUNCTION summary_expiry(name text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'steward_summary_expiry'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
REVOKE ALL ON FUNCTION summary_expiry(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_expiry(text) IS 'when the next row of a summary changes by the clock alone';

CREATE FUNCTION summary_choose(name text, below boolean DEFAULT true) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_summary_choose'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
REVOKE ALL ON FUNCTION summary_choose(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION summary_choose(text, boolean) IS
    'what a refresh of a summary has to do: none, delta, keyed, or full where so much has changed that it is cheaper to compute all';

-- A procedure without SET and not SECURITY DEFINER: neither could commit.
CREATE PROCEDURE summary_run(name text, batch_size bigint DEFAULT 10000)
    LANGUAGE plpgsql
AS $$
DECLARE
    chosen text;
    refreshed record;
BEGIN
    LOOP
        chosen := steward.summary_choose(name);
        EXIT WHEN chosen OPERATOR(pg_catalog.=) 'none';
        SELECT r.* INTO refreshed FROM steward.summary_refresh(name, chosen, batch_size) AS r;
        COMMIT;
        EXIT WHEN refreshed.mode_used OPERATOR(pg_catalog.=) 'busy' OR refreshed.backlog OPERATOR(pg_catalog.=) 0;
    END LOOP;
    COMMIT;
END $$;
REVOKE ALL ON PROCEDURE summary_run(text, bigint) FROM PUBLIC;
COMMENT ON PROCEDURE summary_run(text, bigint) IS 'brings a summary up to date; commits after each batch';

-- One that fails keeps the others from nothing; it is tried again after a while that doubles. Those that it reads are
-- refreshed in their own time.
CREATE FUNCTION summary_step(name text, batch_size bigint, at timestamptz) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    chosen text;
    message text;
    outcome text := 'done';
BEGIN
    BEGIN
        chosen := steward.summary_choose(name, below => false);
        IF chosen <> 'none' THEN
            -- A second's worth of keys, so that what they cost is learnt before many of them are waited for.
            SELECT CASE WHEN r.mode_used = 'busy' THEN 'busy' WHEN r.backlog > 0 THEN 'more' ELSE 'done' END INTO outcome
            FROM (SELECT least(batch_size, greatest(1, coalesce(1e6 / t.key_us, 500)))::bigint AS keys FROM steward.summary_state AS t WHERE t.name = summary_step.name) AS most,
                 steward.summary_refresh(name, chosen, most.keys, below => false) AS r;
        END IF;
        RETURN outcome;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    END;
    UPDATE steward.summary_state AS t SET error = message, error_at = at, failures = t.failures + 1 WHERE t.name = summary_step.name;
    RETURN 'failed';
END $$;
REVOKE ALL ON FUNCTION summary_step(text, bigint, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION summary_step(text, bigint, timestamptz) IS 'refreshes a batch of a summary, or notes why it fails: done, more, busy or failed';

CREATE FUNCTION summary_retry_at(failures integer, error_at timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$ SELECT error_at + least(300, 2 ^ least(failures, 10)) * interval '1 second' $$;
REVOKE ALL ON FUNCTION summary_retry_at(integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION summary_retry_at(integer, timestamptz) IS 'when a summary that failed so often is refreshed again: 2, 4, 8 .. 300 seconds later';

-- Expiry goes by the clock of the server, schedules by that of the worker. A summary that is expensive to refresh is so
-- more rarely: a tenth of the time at the most goes into it.
CREATE FUNCTION summaries_due(at timestamptz, OUT name text, OUT due timestamptz) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    s record;
    chosen text;
    expiry timestamptz;
BEGIN
    FOR s IN SELECT y.name, y.schedule, y.max_staleness, t.refreshed_at, t.duration, t.next_at, t.failures, t.error_at
             FROM steward.summary AS y JOIN steward.summary_state AS t USING (name)
             WHERE y.paused_at IS NULL AND coalesce(y.schedule, y.max_staleness::text) IS NOT NULL
             ORDER BY y.created_at, y.name LOOP -- what is read before what reads it
        BEGIN
            name := s.name;
            chosen := steward.summary_choose(name, below => false);
            expiry := steward.summary_expiry(name);
            -- A row that had expired at the last refresh and stayed is not looked at all the time.
            due := least(CASE WHEN expiry <= s.refreshed_at THEN greatest(at, s.refreshed_at + interval '1 minute') WHEN expiry <= now() THEN at ELSE at + (expiry - now()) END,
                         CASE WHEN s.schedule IS NOT NULL THEN s.next_at
                              WHEN chosen <> 'none' THEN greatest(at, s.refreshed_at + s.max_staleness, s.refreshed_at + 9 * s.duration) END);
        EXCEPTION WHEN OTHERS THEN -- the step will say what it is
            due := at;
        END;
        due := greatest(due, steward.summary_retry_at(s.failures, s.error_at));
        IF due IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION summaries_due(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION summaries_due(timestamptz) IS 'when the worker has to refresh which summary next';

CREATE PROCEDURE summaries_run(batch_size bigint DEFAULT 10000)
    LANGUAGE plpgsql
AS $$
DECLARE
    measured bigint := steward.operation_begin('duty', 'summaries_run');
    at timestamptz := steward.worker_clock();
    names text[];
    named text;
    outcome text;
    busy text[] := '{}';
    due timestamptz;
BEGIN
    SELECT pg_catalog.array_agg(d.name) INTO names FROM steward.summaries_due(at) AS d WHERE d.due OPERATOR(pg_catalog.<=) at;
    FOREACH named IN ARRAY coalesce(names, '{}') LOOP
        LOOP
            outcome := steward.summary_step(named, batch_size, at);
            EXIT WHEN outcome OPERATOR(pg_catalog.<>) 'more';
            COMMIT;
            EXIT WHEN steward.worker_yield();
        END LOOP;
        IF outcome OPERATOR(pg_catalog.=) 'busy' THEN -- by another session, which may take long
            busy := busy OPERATOR(pg_catalog.||) named;
        END IF;
        UPDATE steward.summary_state AS t SET next_at = steward.schedule_next(s.schedule, at)
        FROM steward.summary AS s
        WHERE s.name OPERATOR(pg_catalog.=) named AND t.name OPERATOR(pg_catalog.=) s.name AND t.next_at OPERATOR(pg_catalog.<=) at;
        COMMIT;
    END LOOP;
    SELECT pg_catalog.min(CASE WHEN d.name OPERATOR(pg_catalog.=) ANY (busy) THEN greatest(d.due, at OPERATOR(pg_catalog.+) interval '1 second') ELSE d.due END)
    INTO due FROM steward.summaries_due(at) AS d;
    IF due IS NOT NULL THEN
        PERFORM steward.worker_due(due);
    END IF;
    COMMIT;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON PROCEDURE summaries_run(bigint) FROM PUBLIC;
COMMENT ON PROCEDURE summaries_run(bigint) IS 'refreshes the summaries that are due; commits after each batch';
