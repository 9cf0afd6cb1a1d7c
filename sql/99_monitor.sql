-- What the monitor looks at each minute: functions that give rows (name, labels, amount, is_total). A total only ever grows:
-- what came on top since the last round is counted.

CREATE FUNCTION monitor_look_caches() RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT v.name, v.labels, v.amount, v.is_total
    FROM (SELECT c.namespace, sum(c.hits) AS hits, min(c.misses) AS misses, sum(c.saved_seconds) AS saved_seconds, sum(c.saved_cost) AS saved_cost,
                 sum(c.evicted_for_entries + coalesce(c.evicted_for_bytes, s.evicted, 0) + coalesce(c.evicted_for_memory, 0)) AS evicted,
                 sum(coalesce(c.entries, s.entries, 0)) AS entries, sum(coalesce(c.bytes, s.bytes, 0)) AS bytes
          FROM steward.cache_counts() AS c LEFT JOIN steward.cache_lower_sizes() AS s USING (namespace, tier) GROUP BY 1) AS g
         CROSS JOIN LATERAL (VALUES
             ('cache_lookups', jsonb_build_object('namespace', g.namespace, 'result', 'hit'), g.hits::float8, true),
             ('cache_lookups', jsonb_build_object('namespace', g.namespace, 'result', 'miss'), g.misses::float8, true),
             ('cache_evictions', jsonb_build_object('namespace', g.namespace), g.evicted::float8, true),
             ('cache_saved_seconds', jsonb_build_object('namespace', g.namespace), g.saved_seconds::float8, true),
             ('cache_saved_cost', jsonb_build_object('namespace', g.namespace), g.saved_cost::float8, true),
             ('cache_entries', jsonb_build_object('namespace', g.namespace), g.entries::float8, false),
             ('cache_bytes', jsonb_build_object('namespace', g.namespace), g.bytes::float8, false)) AS v (name, labels, amount, is_total);
    RETURN QUERY
    SELECT v.name, '{}'::jsonb, v.amount, false
    FROM steward.cache_memory() AS m CROSS JOIN LATERAL (VALUES ('cache_memory_bytes', m.total_bytes::float8),
                                                                ('cache_memory_free_bytes', m.free_bytes::float8)) AS v (name, amount);
    RETURN QUERY
    SELECT 'prompt_lookups', jsonb_build_object('cache', p.cache, 'result', v.result), v.amount, true
    FROM steward.prompt_counts() AS p
         CROSS JOIN LATERAL (VALUES ('exact', p.exact_hits::float8), ('similar', p.similar_hits::float8), ('refused', p.refused::float8),
                                    ('missed', p.missed::float8)) AS v (result, amount);
END $$;
REVOKE ALL ON FUNCTION monitor_look_caches() FROM PUBLIC;
COMMENT ON FUNCTION monitor_look_caches() IS 'how caches stand, for the monitor';

-- What waits is counted up to a hundred thousand: it may be millions.
CREATE FUNCTION monitor_look_jobs() RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := steward.worker_clock();
    most constant integer := 100000;
BEGIN
    RETURN QUERY
    SELECT v.name, jsonb_build_object('queue', g.queue), v.amount, false
    FROM (SELECT q.queue, r.ready, r.oldest, d.dead
          FROM steward.queue AS q
               LEFT JOIN (SELECT j.queue, count(*) AS ready, min(j.run_at) AS oldest
                          FROM (SELECT w.queue, w.run_at FROM steward.job AS w WHERE w.state = 'ready' LIMIT most) AS j GROUP BY 1) AS r USING (queue)
               LEFT JOIN (SELECT j.queue, count(*) AS dead
                          FROM (SELECT w.queue FROM steward.job AS w WHERE w.state = 'dead' LIMIT most) AS j GROUP BY 1) AS d USING (queue)) AS g
         CROSS JOIN LATERAL (VALUES
             ('queue_ready', coalesce(g.ready, 0)::float8), ('queue_dead', coalesce(g.dead, 0)::float8),
             ('queue_oldest_seconds', greatest(coalesce(extract(epoch FROM at - g.oldest), 0), 0)::float8)) AS v (name, amount);
    RETURN QUERY SELECT 'queue_running', '{}'::jsonb, count(r.job)::float8, false FROM steward.job_runs() AS r;
    IF steward.migration_is_deployed('rate_limits') THEN
        RETURN QUERY
        SELECT v.name, jsonb_build_object('rate_limit', l.name), v.amount, v.is_total
        FROM steward.rate_limit_stats() AS l
             CROSS JOIN LATERAL (VALUES ('rate_limit_share', l.used_share, false), ('rate_limit_throttled', l.throttled::float8, true)) AS v (name, amount, is_total)
        WHERE v.amount IS NOT NULL;
    END IF;
END $$;
REVOKE ALL ON FUNCTION monitor_look_jobs() FROM PUBLIC;
COMMENT ON FUNCTION monitor_look_jobs() IS 'how queues of jobs and rate limits stand, for the monitor';

CREATE FUNCTION monitor_look_summaries() RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT v.name, jsonb_build_object('summary', s.name), v.amount, false
    FROM steward.summaries AS s
         CROSS JOIN LATERAL (VALUES ('summary_backlog', coalesce(s.backlog, 0)::float8),
                                    ('summary_lag_seconds', greatest(coalesce(extract(epoch FROM s.lag), 0), 0)::float8)) AS v (name, amount);
END $$;
REVOKE ALL ON FUNCTION monitor_look_summaries() FROM PUBLIC;
COMMENT ON FUNCTION monitor_look_summaries() IS 'how far summaries are behind, for the monitor';

CREATE FUNCTION monitor_look_models() RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT v.name, jsonb_build_object('model', m.name), v.amount, false
    FROM steward.models AS m
         CROSS JOIN LATERAL (VALUES ('model_drift', m.drift::float8), ('model_log_loss', coalesce(m.live_log_loss, m.log_loss::float8))) AS v (name, amount)
    WHERE v.amount IS NOT NULL AND v.amount NOT IN ('NaN', 'Infinity', '-Infinity');
END $$;
REVOKE ALL ON FUNCTION monitor_look_models() FROM PUBLIC;
COMMENT ON FUNCTION monitor_look_models() IS 'how models fare, for the monitor';

CREATE FUNCTION monitor_look_server() RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    cache record;
    host record;
BEGIN
    SELECT m.total_bytes - m.free_bytes AS used INTO cache FROM steward.cache_memory() AS m;
    SELECT * INTO host FROM steward.host_state();
    RETURN QUERY
    SELECT v.name, '{}'::jsonb, v.amount, v.is_total
    FROM (VALUES ('host_memory_bytes', host.memory_bytes, false), ('host_memory_available_bytes', host.available_bytes, false),
                 ('host_memory_share', 1 - host.available_bytes / host.memory_bytes, false), ('host_load', host.load, false),
                 ('server_memory_bytes', steward.host_process_bytes(ARRAY(SELECT a.pid FROM pg_stat_activity AS a)) + coalesce(cache.used, 0), false),
                 ('database_connections', (SELECT d.numbackends FROM pg_stat_database AS d WHERE d.datname = current_database())::float8, false),
                 ('database_connections_share', (SELECT sum(d.numbackends) FROM pg_stat_database AS d)::float8 / current_setting('max_connections')::float8,
                  false)) AS v (name, amount, is_total)
    WHERE v.amount IS NOT NULL;
    RETURN QUERY
    SELECT 'database_transactions', jsonb_build_object('result', v.result), v.amount, true
    FROM pg_stat_database AS d CROSS JOIN LATERAL (VALUES ('commit', d.xact_commit::float8), ('rollback', d.xact_rollback::float8)) AS v (result, amount)
    WHERE d.datname = current_database();
    RETURN QUERY
    SELECT v.name, '{}'::jsonb, v.amount, v.is_total
    FROM steward.tick_summary() AS t
         CROSS JOIN LATERAL (VALUES ('tick_hertz', t.frequency_hz, false), ('tick_late_p95_seconds', t.latency_p95_ms / 1000, false),
                                    ('ticks_missed', t.missed::float8, true)) AS v (name, amount, is_total)
    WHERE v.amount IS NOT NULL AND v.amount <> 'NaN';
END $$;
REVOKE ALL ON FUNCTION monitor_look_server() FROM PUBLIC;
COMMENT ON FUNCTION monitor_look_server() IS 'how the server and its machine stand, for the monitor';

-- Of a whole day: looked at each quarter of an hour.
CREATE FUNCTION monitor_look_attempts() RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    at timestamptz := steward.worker_clock();
BEGIN
    IF extract(minute FROM at)::integer % 15 <> 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'first_pass_share', '{}'::jsonb, avg((f.final_outcome = 'success')::integer)::float8, false
    FROM (SELECT DISTINCT ON (l.principle_id) l.final_outcome FROM steward.qec_synthesis_attempt_logs AS l
          WHERE l.attempted_at > at - interval '1 day' AND l.final_outcome IS NOT NULL
          ORDER BY l.principle_id, l.attempted_at, l.attempt_id) AS f HAVING count(*) > 0;
    RETURN QUERY
    SELECT 'resolution_seconds', '{}'::jsonb, extract(epoch FROM avg(e.resolved_at - e.failed_at))::float8, false
    FROM steward.failure_episodes(at - interval '1 day') AS e WHERE e.resolved_at IS NOT NULL HAVING count(*) > 0;
END $$;
REVOKE ALL ON FUNCTION monitor_look_attempts() FROM PUBLIC;
COMMENT ON FUNCTION monitor_look_attempts() IS 'how attempts of a day went, for the monitor';

CREATE FUNCTION monitor_look(part text) RETURNS TABLE (name text, labels jsonb, amount float8, is_total boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 50 SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '200ms' -- whoever drops the extension has its views already, and waits for others of them that this has
AS $$
BEGIN
    CASE part
        WHEN 'server' THEN RETURN QUERY SELECT * FROM steward.monitor_look_server();
        WHEN 'caches' THEN RETURN QUERY SELECT * FROM steward.monitor_look_caches();
        WHEN 'jobs' THEN RETURN QUERY SELECT * FROM steward.monitor_look_jobs();
        WHEN 'summaries' THEN RETURN QUERY SELECT * FROM steward.monitor_look_summaries();
        WHEN 'models' THEN RETURN QUERY SELECT * FROM steward.monitor_look_models();
        WHEN 'attempts' THEN RETURN QUERY SELECT * FROM steward.monitor_look_attempts();
    END CASE;
END $$;
REVOKE ALL ON FUNCTION monitor_look(text) FROM PUBLIC;
COMMENT ON FUNCTION monitor_look(text) IS 'one of the parts that the monitor looks at';

CREATE FUNCTION metric_series_take(names text[], labels jsonb[], at timestamptz) RETURNS bigint[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    others jsonb[] := ARRAY(SELECT coalesce((SELECT jsonb_object_agg(k, 'other') FROM jsonb_object_keys(u.labels) AS k), '{}')
                            FROM unnest(metric_series_take.labels) WITH ORDINALITY AS u (labels, place) ORDER BY u.place);
BEGIN
    INSERT INTO steward.metric_series (name, labels, first_at, last_at)
    SELECT n.name, n.labels, metric_series_take.at, metric_series_take.at
    FROM (SELECT d.name, d.labels, row_number() OVER (PARTITION BY d.name ORDER BY d.labels) AS place
          FROM (SELECT DISTINCT u.name, u.labels FROM unnest(names, metric_series_take.labels) AS u (name, labels)
                WHERE NOT EXISTS (SELECT FROM steward.metric_series AS s WHERE s.name = u.name AND s.labels = u.labels)) AS d) AS n
         JOIN steward.metric AS m USING (name)
    WHERE n.place + (SELECT count(*) FROM steward.metric_series AS s WHERE s.name = n.name) <= m.max_label_sets;
    INSERT INTO steward.metric_series (name, labels, first_at, last_at)
    SELECT DISTINCT u.name, u.other, metric_series_take.at, metric_series_take.at
    FROM unnest(names, metric_series_take.labels, others) AS u (name, labels, other) JOIN steward.metric AS m USING (name)
    WHERE NOT EXISTS (SELECT FROM steward.metric_series AS s WHERE s.name = u.name AND s.labels IN (u.labels, u.other));
    UPDATE steward.metric_series AS s SET last_at = metric_series_take.at
    WHERE s.last_at < metric_series_take.at - interval '1 day'
          AND EXISTS (SELECT FROM unnest(names, metric_series_take.labels, others) AS u (name, labels, other)
                      WHERE s.name = u.name AND s.labels IN (u.labels, u.other));
    RETURN ARRAY(SELECT coalesce((SELECT s.series FROM steward.metric_series AS s WHERE s.name = u.name AND s.labels = u.labels),
                                 (SELECT s.series FROM steward.metric_series AS s WHERE s.name = u.name AND s.labels = u.other))
                 FROM unnest(names, metric_series_take.labels, others) WITH ORDINALITY AS u (name, labels, other, place) ORDER BY u.place);
END $$;
REVOKE ALL ON FUNCTION metric_series_take(text[], jsonb[], timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION metric_series_take(text[], jsonb[], timestamptz) IS
    'the series of metrics with such labels, made where they are new; beyond the bound of a metric the one of all others; null for no metric';
