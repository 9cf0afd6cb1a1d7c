-- A round of the monitor: what is counted, and what follows from it.

CREATE FUNCTION monitor_is_due(at timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    setting record;
    state record;
BEGIN
    SELECT s.period, s.paused INTO setting FROM steward.monitor_setting AS s WHERE s.scope = 'all';
    SELECT s.next_at INTO state FROM steward.monitor_state AS s WHERE s.scope = 'all';
    -- A time that is further away than the period is one of before the clock, or the period, was set back.
    RETURN NOT coalesce(setting.paused, true) AND NOT pg_is_in_recovery()
           AND coalesce(state.next_at <= at OR state.next_at > at + setting.period, true);
END $$;
REVOKE ALL ON FUNCTION monitor_is_due(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION monitor_is_due(timestamptz) IS 'whether the monitor is to look at that time';

-- What is recorded comes in batches: a round takes a million at most, and the next one what is left.
CREATE FUNCTION monitor_drain(OUT names text[], OUT labels jsonb[], OUT amounts float8[], OUT bins bytea[]) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    WITH gone AS (
        DELETE FROM steward.metric_sample AS d
        WHERE d.ctid = ANY (ARRAY(SELECT s.ctid FROM steward.metric_sample AS s LIMIT 1000000))
        RETURNING d.name, d.labels, d.at, d.value, d.bins
    ), put_together AS (
        SELECT g.name, g.labels,
               CASE m.kind WHEN 'gauge' THEN (array_agg(g.value ORDER BY g.at DESC))[1] WHEN 'counter' THEN sum(g.value) END AS amount,
               steward.histogram_sum(g.bins) AS bins
        FROM gone AS g JOIN steward.metric AS m USING (name) GROUP BY g.name, g.labels, m.kind
    )
    SELECT array_agg(p.name), array_agg(p.labels), array_agg(p.amount), array_agg(p.bins)
    INTO monitor_drain.names, monitor_drain.labels, monitor_drain.amounts, monitor_drain.bins
    FROM put_together AS p;
END $$;
REVOKE ALL ON FUNCTION monitor_drain() FROM PUBLIC;
COMMENT ON FUNCTION monitor_drain() IS 'takes what was recorded since the last round, put together';

CREATE FUNCTION monitor_store(at timestamptz, since float8, before_series bigint[], before_totals float8[], names text[], labels jsonb[],
                              amounts float8[], totals boolean[], bins bytea[], OUT total_series bigint[], OUT total_amounts float8[], OUT stored bigint)
    RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    places bigint[] := steward.metric_series_take(names, labels, at);
BEGIN
    SELECT array_agg(u.series), array_agg(u.amount) INTO total_series, total_amounts
    FROM (SELECT v.series, sum(v.amount) AS amount FROM unnest(places, amounts, totals) AS v (series, amount, is_total)
          WHERE v.is_total AND v.series IS NOT NULL GROUP BY 1) AS u;
    WITH counted AS (
        -- What is over the bound of a metric is one series: sizes add up, the longest time counts.
        SELECT v.series, CASE WHEN m.kind = 'gauge' AND m.unit IS DISTINCT FROM 'bytes' AND m.unit IS NOT NULL THEN max(v.amount) ELSE sum(v.amount) END AS amount
        FROM unnest(places, names, amounts, totals) AS v (series, name, amount, is_total) JOIN steward.metric AS m USING (name)
        WHERE NOT v.is_total AND v.amount IS NOT NULL AND v.series IS NOT NULL GROUP BY v.series, m.kind, m.unit
        UNION ALL
        SELECT t.series, CASE WHEN t.amount >= b.amount THEN t.amount - b.amount ELSE t.amount END
        FROM unnest(total_series, total_amounts) AS t (series, amount)
             JOIN unnest(before_series, before_totals) AS b (series, amount) USING (series)
        WHERE t.amount <> b.amount
    ), timed AS (
        SELECT v.series, steward.histogram_sum(v.bins) AS bins FROM unnest(places, bins) AS v (series, bins)
        WHERE v.bins IS NOT NULL AND v.series IS NOT NULL GROUP BY 1
    )
    INSERT INTO steward.metric_history (at, seconds, scalars, amounts, histograms, bins)
    SELECT at, since, coalesce(c.series, '{}'), coalesce(c.amounts, '{}'), coalesce(t.series, '{}'), coalesce(t.bins, '{}')
    FROM (SELECT array_agg(w.series ORDER BY w.series) AS series, array_agg(w.amount ORDER BY w.series) AS amounts FROM counted AS w) AS c,
         (SELECT array_agg(w.series ORDER BY w.series) AS series, array_agg(w.bins ORDER BY w.series) AS bins FROM timed AS w) AS t;
    stored := (SELECT count(DISTINCT v) FROM unnest(places) AS v);
    total_series := coalesce(total_series, '{}');
    total_amounts := coalesce(total_amounts, '{}');
END $$;
REVOKE ALL ON FUNCTION monitor_store(timestamptz, float8, bigint[], float8[], text[], jsonb[], float8[], boolean[], bytea[]) FROM PUBLIC;
COMMENT ON FUNCTION monitor_store(timestamptz, float8, bigint[], float8[], text[], jsonb[], float8[], boolean[], bytea[]) IS
    'writes a row of metric_history, and returns the totals that the next round takes off its own';

CREATE FUNCTION monitor_collect(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    state record;
    operations bytea := steward.operation_snapshot();
    drained record := steward.monitor_drain();
    cpu float8[] := (SELECT ARRAY[h.cpu_busy, h.cpu_total] FROM steward.host_state() AS h WHERE h.cpu_total IS NOT NULL);
    names text[];
    labels jsonb[];
    amounts float8[];
    totals boolean[];
    bins bytea[];
    seen record;
    errors jsonb := '{}';
    part text;
    message text;
BEGIN
    SELECT s.* INTO state FROM steward.monitor_state AS s WHERE s.scope = 'all';
    SELECT array_agg(v.name), array_agg(v.labels), array_agg(v.amount), array_agg(false), array_agg(v.bins)
    INTO names, labels, amounts, totals, bins
    FROM (SELECT d.* FROM unnest(drained.names, drained.labels, drained.amounts, drained.bins) AS d (name, labels, amount, bins)
          UNION ALL
          SELECT v.name, v.labels, v.amount, v.bins
          FROM steward.operation_since(coalesce(state.operations, operations), operations) AS o
               CROSS JOIN LATERAL (VALUES
                   ('operation_seconds', jsonb_build_object('component', o.component, 'operation', o.operation), NULL,
                    CASE WHEN steward.histogram_count(o.bins) > 0 THEN o.bins END),
                   ('operation_calls', jsonb_build_object('component', o.component, 'operation', o.operation, 'status', 'ok'), nullif(o.ok, 0), NULL),
                   ('operation_calls', jsonb_build_object('component', o.component, 'operation', o.operation, 'status', 'error'), nullif(o.errors, 0), NULL),
                   ('operation_calls', jsonb_build_object('component', o.component, 'operation', o.operation, 'status', 'cancelled'),
                    nullif(o.cancelled, 0), NULL)) AS v (name, labels, amount, bins)
          WHERE v.amount IS NOT NULL OR v.bins IS NOT NULL
          UNION ALL
          SELECT 'span_seconds', jsonb_build_object('name', p.name), NULL,
                 steward.histogram_of(array_agg(greatest(extract(epoch FROM p.ended_at - p.started_at), 0)::float8), array_agg(1::bigint))
          FROM steward.span AS p WHERE p.ended_at > state.at AND p.ended_at <= at GROUP BY p.name
          UNION ALL
          SELECT 'host_cpu_share', '{}', (cpu[1] - state.cpu[1]) / (cpu[2] - state.cpu[2]), NULL WHERE cpu[2] > state.cpu[2]) AS v;
    FOREACH part IN ARRAY ARRAY['server', 'caches', 'jobs', 'summaries', 'models', 'attempts'] LOOP
        BEGIN
            SELECT array_agg(l.name) AS names, array_agg(l.labels) AS labels, array_agg(l.amount) AS amounts, array_agg(l.is_total) AS totals,
                   array_agg(NULL::bytea) AS bins
            INTO seen FROM steward.monitor_look(part) AS l WHERE l.amount IS NOT NULL;
            names := names || seen.names;
            labels := labels || seen.labels;
            amounts := amounts || seen.amounts;
            totals := totals || seen.totals;
            bins := bins || seen.bins;
        EXCEPTION WHEN OTHERS THEN -- what cannot be looked at is no reason not to look at the rest
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
            errors := errors || jsonb_build_object(part, message);
        END;
    END LOOP;
    SELECT * INTO seen
    FROM steward.monitor_store(at, greatest(extract(epoch FROM at - state.at), 0)::float8, coalesce(state.total_series, '{}'), coalesce(state.totals, '{}'),
                               coalesce(names, '{}'), coalesce(labels, '{}'), coalesce(amounts, '{}'), coalesce(totals, '{}'), coalesce(bins, '{}'));
    INSERT INTO steward.monitor_state AS s (scope, next_at, at, operations, total_series, totals, cpu, errors)
    SELECT 'all', CASE WHEN state.next_at + p.period > at AND state.next_at <= at THEN state.next_at ELSE at END + p.period, at, operations, seen.total_series, seen.total_amounts, cpu, errors
    FROM steward.monitor_setting AS p WHERE p.scope = 'all'
    ON CONFLICT (scope) DO UPDATE
    SET next_at = excluded.next_at, at = excluded.at, operations = excluded.operations, total_series = excluded.total_series,
        totals = excluded.totals, cpu = excluded.cpu, errors = excluded.errors;
    RETURN seen.stored;
END $$;
REVOKE ALL ON FUNCTION monitor_collect(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION monitor_collect(timestamptz) IS 'counts what came since the last round, and stores it under that time; returns of how many series';

-- With pg_stat_statements in this database. Counts are what came since the last round; the texts are kept once.
CREATE FUNCTION monitor_statements(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    known constant integer := 1000; -- statements whose counts are kept in mind: those that have taken most of the time
    view_name text := (SELECT format('%I.pg_stat_statements', n.nspname)
                       FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements');
    wanted integer := (SELECT s.statements FROM steward.monitor_setting AS s WHERE s.scope = 'all');
    state record;
    seen record;
    top record;
BEGIN
    IF view_name IS NULL OR wanted = 0 THEN
        RETURN 0;
    END IF;
    SELECT s.queryids, s.query_calls, s.query_seconds, s.query_rows INTO state FROM steward.monitor_state AS s WHERE s.scope = 'all';
    EXECUTE format(
        'SELECT coalesce(array_agg(g.queryid), ''{}'') AS queryids, coalesce(array_agg(g.calls), ''{}'') AS calls,
                coalesce(array_agg(g.seconds), ''{}'') AS seconds, coalesce(array_agg(g.rows), ''{}'') AS rows
         FROM (SELECT p.queryid, sum(p.calls)::bigint AS calls, sum(p.total_exec_time) / 1000 AS seconds, sum(p.rows)::bigint AS rows
               FROM %s AS p WHERE p.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()) AND p.queryid IS NOT NULL
               GROUP BY 1 ORDER BY 3 DESC LIMIT %s) AS g', view_name || '(false)', known) INTO seen;
    UPDATE steward.monitor_state AS s
    SET queryids = seen.queryids, query_calls = seen.calls, query_seconds = seen.seconds, query_rows = seen.rows WHERE s.scope = 'all';
    SELECT array_agg(d.queryid) AS queryids, array_agg(d.calls) AS calls, array_agg(d.seconds) AS seconds, array_agg(d.rows) AS rows INTO top
    FROM (SELECT n.queryid, n.calls - o.calls AS calls, n.seconds - o.seconds AS seconds, n.rows - o.rows AS rows
          FROM unnest(seen.queryids, seen.calls, seen.seconds, seen.rows) AS n (queryid, calls, seconds, rows)
               LEFT JOIN unnest(state.queryids, state.query_calls, state.query_seconds, state.query_rows) AS b (queryid, calls, seconds, rows)
                      ON b.queryid = n.queryid
               -- One that was not there is new, or had taken less time than all that were kept in mind: then at least half of what it
               -- has now must be new. One that has less was forgotten since.
               CROSS JOIN LATERAL (SELECT CASE WHEN b.calls <= n.calls THEN b.calls ELSE 0 END AS calls,
                                          CASE WHEN b.calls <= n.calls THEN b.seconds ELSE 0 END AS seconds,
                                          CASE WHEN b.calls <= n.calls THEN b.rows ELSE 0 END AS rows) AS o
          WHERE n.calls > o.calls
                AND (b.queryid IS NOT NULL OR cardinality(state.queryids) < known OR n.seconds >= 2 * (SELECT min(k) FROM unnest(state.query_seconds) AS k))
          ORDER BY 3 DESC LIMIT wanted) AS d;
    IF top.queryids IS NULL THEN -- or it is the first look
        RETURN 0;
    END IF;
    INSERT INTO steward.statement_history (at, queryids, calls, seconds, rows)
    VALUES (monitor_statements.at, top.queryids, top.calls, top.seconds, top.rows);
    EXECUTE format(
        'INSERT INTO steward.statement_text (queryid, query, seen_at)
         SELECT DISTINCT ON (p.queryid) p.queryid, left(p.query, 2000), $2 FROM %s AS p
         WHERE p.queryid = ANY ($1) AND p.query IS NOT NULL ORDER BY p.queryid ON CONFLICT DO NOTHING', view_name)
    USING ARRAY(SELECT u FROM unnest(top.queryids) AS u WHERE NOT EXISTS (SELECT FROM steward.statement_text AS t WHERE t.queryid = u)),
          monitor_statements.at;
    RETURN cardinality(top.queryids);
END $$;
REVOKE ALL ON FUNCTION monitor_statements(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION monitor_statements(timestamptz) IS 'notes the statements that took most of the time since the last round, where pg_stat_statements is installed';

-- Marks of the last day, while minutes after them come in.
CREATE FUNCTION monitor_judge(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    judged bigint;
BEGIN
    UPDATE steward.change_mark AS c
    SET judged_at = monitor_judge.at,
        verdicts = coalesce((SELECT jsonb_agg(jsonb_build_object('what', s.what, 'before_s', s.before, 'after_s', s.after, 'change', s.change,
                                                                 'low', nullif(s.low, '-Infinity'), 'high', nullif(s.high, 'Infinity'),
                                                                 'verdict', s.verdict, 'first_seen', s.first_seen,
                                                                 'n_before', s.n_before, 'n_after', s.n_after))
                             FROM steward.slower_since(c.at) AS s WHERE s.verdict IN ('slower', 'faster')), '[]')
    WHERE c.at IN (SELECT d.at FROM steward.change_mark AS d
                   WHERE d.at BETWEEN monitor_judge.at - interval '65 minutes' AND monitor_judge.at - interval '5 minutes'
                         AND coalesce(d.judged_at <= monitor_judge.at - interval '5 minutes' OR d.judged_at > monitor_judge.at, true)
                   ORDER BY d.at DESC LIMIT 20);
    GET DIAGNOSTICS judged = ROW_COUNT;
    RETURN judged;
END $$;
REVOKE ALL ON FUNCTION monitor_judge(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION monitor_judge(timestamptz) IS 'notes beside each change of the last hour what has become slower or faster since, every five minutes';

-- A thousand rows at a time. What lies in partitions of days goes with them.
CREATE FUNCTION monitor_forget(at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept interval := coalesce((SELECT r.retention FROM steward.history_retention AS r WHERE r.table_name = 'metric_history'), interval '100 years');
    gone bigint;
    removed bigint;
BEGIN
    DELETE FROM steward.metric_series AS s
    WHERE s.series IN (SELECT o.series FROM steward.metric_series AS o WHERE o.last_at < monitor_forget.at - kept - interval '2 days' LIMIT 1000);
    GET DIAGNOSTICS removed = ROW_COUNT;
    DELETE FROM steward.statement_text AS t
    WHERE t.queryid IN (SELECT o.queryid FROM steward.statement_text AS o WHERE o.seen_at < monitor_forget.at - kept - interval '2 days' LIMIT 1000);
    GET DIAGNOSTICS gone = ROW_COUNT;
    removed := removed + gone;
    DELETE FROM steward.change_mark AS c
    WHERE c.at IN (SELECT o.at FROM steward.change_mark AS o WHERE o.at < monitor_forget.at - interval '1 year' LIMIT 1000);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN removed + gone;
END $$;
REVOKE ALL ON FUNCTION monitor_forget(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION monitor_forget(timestamptz) IS 'removes series and texts of statements that no history is about any more, a thousand at a time';

CREATE FUNCTION monitor_run_step(step text, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE step
        WHEN 'statements' THEN steward.monitor_statements(at)
        WHEN 'slow calls' THEN steward.slow_call_drain()
        WHEN 'objectives' THEN steward.slo_evaluate(at)
        WHEN 'alerts' THEN steward.alert_evaluate(at)
        WHEN 'changes' THEN steward.monitor_judge(at)
        WHEN 'forget' THEN steward.monitor_forget(at)
    END;
EXCEPTION WHEN OTHERS THEN -- what is wrong with one step is no matter of the others
    RAISE WARNING 'the monitor could not do all (%): %', step, SQLERRM;
    RETURN 0;
END $$;
REVOKE ALL ON FUNCTION monitor_run_step(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION monitor_run_step(text, timestamptz) IS 'one of the steps of a round after its counts, whose failure is not that of the others';

CREATE FUNCTION monitor_run(force boolean DEFAULT false, OUT at timestamptz, OUT series bigint, OUT changed_alerts bigint) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    measured bigint := steward.operation_begin('duty', 'monitor_run');
    turn constant bigint := hashtextextended('pg_steward: monitor', 0);
    step text;
    done bigint;
BEGIN
    PERFORM steward.migration_require('monitor');
    -- Looked at first: a lock takes a transaction id. Then again, as another session may just have done it.
    IF NOT force AND (NOT steward.monitor_is_due(steward.worker_clock()) OR NOT pg_try_advisory_xact_lock(turn)) THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    IF force THEN
        PERFORM pg_advisory_xact_lock(turn);
    ELSIF NOT steward.monitor_is_due(steward.worker_clock()) THEN
        PERFORM steward.operation_end(measured);
        RETURN;
    END IF;
    at := steward.worker_clock();
    WHILE EXISTS (SELECT FROM steward.metric_history AS h WHERE h.node = 'local' AND h.at = monitor_run.at) LOOP
        at := at + interval '1 microsecond'; -- two rounds have two times
    END LOOP;
    series := steward.monitor_collect(at);
    PERFORM steward.heartbeat('worker');
    FOREACH step IN ARRAY ARRAY['statements', 'slow calls', 'objectives', 'alerts', 'changes', 'forget'] LOOP
        CONTINUE WHEN step IN ('objectives', 'alerts') AND NOT steward.migration_is_deployed('alerts');
        done := steward.monitor_run_step(step, at);
        changed_alerts := CASE step WHEN 'alerts' THEN done ELSE changed_alerts END;
    END LOOP;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION monitor_run(boolean) FROM PUBLIC;
COMMENT ON FUNCTION monitor_run(boolean) IS
    'a round of the monitor, if it is due or that is asked for: counts, statements, slow calls, objectives, alerts, changes; nulls if it was not';

CREATE FUNCTION monitor_step() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    due timestamptz;
BEGIN
    BEGIN
        PERFORM steward.monitor_run();
    EXCEPTION WHEN OTHERS THEN -- what is wrong with it is no matter of the other duties
        RAISE WARNING 'the monitor could not count: %', SQLERRM;
    END;
    SELECT s.next_at INTO due FROM steward.monitor_state AS s JOIN steward.monitor_setting AS p USING (scope)
    WHERE s.scope = 'all' AND NOT p.paused AND s.next_at > steward.worker_clock();
    IF FOUND THEN
        PERFORM steward.worker_due(due);
    END IF;
END $$;
REVOKE ALL ON FUNCTION monitor_step() FROM PUBLIC;
COMMENT ON FUNCTION monitor_step() IS 'the duty of the worker: a round of the monitor if it is due, and says when it is next';
