-- All of it at one look: what the page shows, as jsonb.

-- One pass over the minutes, by name and labels; a part of the page each.
CREATE FUNCTION dashboard_measured(at timestamptz, time_window interval) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    found jsonb;
BEGIN
    WITH seen AS MATERIALIZED (
        SELECT s.name, s.labels, s.labels ->> 'component' AS component, s.labels ->> 'operation' AS operation, w.n, w.total, w.last, w.bins
        FROM steward.metric_window(at - time_window, at) AS w JOIN steward.metric_series AS s USING (series)
    ), span AS (
        SELECT nullif(sum(h.seconds), 0) AS seconds FROM steward.metric_history AS h WHERE h.at > dashboard_measured.at - time_window AND h.at <= dashboard_measured.at
    ), called AS MATERIALIZED (
        SELECT c.component, c.operation, sum(c.total) FILTER (WHERE c.name = 'operation_calls') AS calls,
               sum(c.total) FILTER (WHERE c.name = 'operation_calls' AND c.labels ->> 'status' = 'error') AS errors,
               steward.histogram_sum(c.bins) AS bins
        FROM seen AS c WHERE c.name IN ('operation_calls', 'operation_seconds') GROUP BY 1, 2
    ), all_called AS (
        SELECT c.component, c.operation, c.calls, c.errors, c.bins FROM called AS c
        UNION ALL SELECT c.component, NULL, sum(c.calls), sum(c.errors), steward.histogram_sum(c.bins) FROM called AS c GROUP BY 1
    ), timed AS MATERIALIZED (
        SELECT c.component, c.operation, jsonb_build_object('component', c.component, 'calls', coalesce(c.calls, 0), 'errors', coalesce(c.errors, 0),
                   'per_second', c.calls / (SELECT p.seconds FROM span AS p), 'n', coalesce(steward.histogram_count(c.bins), 0),
                   'mean_s', steward.histogram_total(c.bins) / nullif(steward.histogram_count(c.bins), 0),
                   'p50_s', steward.histogram_quantile(c.bins, 0.5), 'p95_s', steward.histogram_quantile(c.bins, 0.95),
                   'p99_s', steward.histogram_quantile(c.bins, 0.99)) AS shown,
               coalesce(steward.histogram_total(c.bins), 0) AS weight, c.calls
        FROM all_called AS c
    )
    SELECT jsonb_build_object(
        'measured_seconds', (SELECT p.seconds FROM span AS p),
        'components', (SELECT jsonb_agg(t.shown || jsonb_build_object('track', steward.operation_track(t.component)) ORDER BY t.component)
                       FROM timed AS t WHERE t.operation IS NULL),
        'operations', (SELECT jsonb_agg(o.shown ORDER BY o.weight DESC, o.calls DESC)
                       FROM (SELECT t.shown || jsonb_build_object('operation', t.operation) AS shown, t.weight, t.calls FROM timed AS t
                             WHERE t.operation IS NOT NULL AND t.component <> 'duty' ORDER BY t.weight DESC, t.calls DESC LIMIT 20) AS o),
        'duties', (SELECT jsonb_agg(t.shown - 'component' || jsonb_build_object('duty', t.operation) ORDER BY t.operation)
                   FROM timed AS t WHERE t.component = 'duty' AND t.operation IS NOT NULL),
        'routes', (SELECT jsonb_agg(r.shown ORDER BY r.route)
                   FROM (SELECT h.labels ->> 'route' AS route,
                                jsonb_build_object('route', h.labels ->> 'route', 'n', h.n, 'per_second', h.n / (SELECT p.seconds FROM span AS p), 'mean_s', h.total / nullif(h.n, 0),
                                                   'p50_s', steward.histogram_quantile(h.bins, 0.5), 'p95_s', steward.histogram_quantile(h.bins, 0.95),
                                                   'p99_s', steward.histogram_quantile(h.bins, 0.99)) AS shown
                         FROM seen AS h WHERE h.name = 'http_request_seconds') AS r),
        'caches', (SELECT jsonb_agg(jsonb_build_object('namespace', c.namespace, 'hits', c.hits, 'misses', c.misses, 'hit_share', c.hits / nullif(c.hits + c.misses, 0),
                                                       'n', c.hits + c.misses, 'entries', c.entries, 'bytes', c.bytes, 'evictions', c.evictions,
                                                       'saved_seconds', c.saved_seconds, 'saved_cost', c.saved_cost) ORDER BY c.namespace)
                   FROM (SELECT k.labels ->> 'namespace' AS namespace,
                                coalesce(sum(k.total) FILTER (WHERE k.name = 'cache_lookups' AND k.labels ->> 'result' = 'hit'), 0) AS hits,
                                coalesce(sum(k.total) FILTER (WHERE k.name = 'cache_lookups' AND k.labels ->> 'result' = 'miss'), 0) AS misses,
                                sum(k.last) FILTER (WHERE k.name = 'cache_entries') AS entries, sum(k.last) FILTER (WHERE k.name = 'cache_bytes') AS bytes,
                                coalesce(sum(k.total) FILTER (WHERE k.name = 'cache_evictions'), 0) AS evictions,
                                coalesce(sum(k.total) FILTER (WHERE k.name = 'cache_saved_seconds'), 0) AS saved_seconds,
                                coalesce(sum(k.total) FILTER (WHERE k.name = 'cache_saved_cost'), 0) AS saved_cost
                         FROM seen AS k WHERE k.name LIKE 'cache\_%' AND k.labels ? 'namespace' GROUP BY 1) AS c),
        'prompts', (SELECT jsonb_agg(jsonb_build_object('cache', p.cache, 'exact', p.exact, 'similar', p.similar, 'refused', p.refused, 'missed', p.missed, 'n', p.n,
                                                        'hit_share', (p.exact + p.similar) / nullif(p.n, 0)) ORDER BY p.cache)
                    FROM (SELECT k.labels ->> 'cache' AS cache, sum(k.total) AS n, coalesce(sum(k.total) FILTER (WHERE k.labels ->> 'result' = 'exact'), 0) AS exact,
                                 coalesce(sum(k.total) FILTER (WHERE k.labels ->> 'result' = 'similar'), 0) AS similar,
                                 coalesce(sum(k.total) FILTER (WHERE k.labels ->> 'result' = 'refused'), 0) AS refused,
                                 coalesce(sum(k.total) FILTER (WHERE k.labels ->> 'result' = 'missed'), 0) AS missed
                          FROM seen AS k WHERE k.name = 'prompt_lookups' GROUP BY 1) AS p),
        'queues', (SELECT jsonb_agg(q.shown ORDER BY q.queue)
                   FROM (SELECT g.labels ->> 'queue' AS queue,
                                jsonb_build_object('queue', g.labels ->> 'queue', 'ready', max(g.last) FILTER (WHERE g.name = 'queue_ready'),
                                                   'dead', max(g.last) FILTER (WHERE g.name = 'queue_dead'),
                                                   'oldest_s', max(g.last) FILTER (WHERE g.name = 'queue_oldest_seconds')) AS shown
                         FROM seen AS g WHERE g.name IN ('queue_ready', 'queue_dead', 'queue_oldest_seconds') GROUP BY g.labels) AS q),
        'summaries', (SELECT jsonb_agg(q.shown ORDER BY q.summary)
                      FROM (SELECT g.labels ->> 'summary' AS summary,
                                   jsonb_build_object('summary', g.labels ->> 'summary', 'backlog', max(g.last) FILTER (WHERE g.name = 'summary_backlog'),
                                                      'lag_s', max(g.last) FILTER (WHERE g.name = 'summary_lag_seconds')) AS shown
                            FROM seen AS g WHERE g.name IN ('summary_backlog', 'summary_lag_seconds') GROUP BY g.labels) AS q),
        'models', (SELECT jsonb_agg(q.shown ORDER BY q.model)
                   FROM (SELECT g.labels ->> 'model' AS model,
                                jsonb_build_object('model', g.labels ->> 'model', 'drift', max(g.last) FILTER (WHERE g.name = 'model_drift'),
                                                   'log_loss', max(g.last) FILTER (WHERE g.name = 'model_log_loss')) AS shown
                         FROM seen AS g WHERE g.name IN ('model_drift', 'model_log_loss') GROUP BY g.labels) AS q),
        'gauges', (SELECT jsonb_object_agg(g.name, CASE WHEN g.last IS NULL THEN g.total ELSE g.last END)
                   FROM seen AS g WHERE g.labels = '{}' AND g.bins IS NULL))
    INTO found;
    RETURN found;
END $$;
REVOKE ALL ON FUNCTION dashboard_measured(timestamptz, interval) FROM PUBLIC;
COMMENT ON FUNCTION dashboard_measured(timestamptz, interval) IS 'the part of the dashboard that is read from what was measured';

CREATE FUNCTION operation_track(component text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN component IN ('score', 'principle', 'fidelity', 'strategy', 'recovery') THEN 'constitutional'
                WHEN component IN ('learn', 'vector', 'text', 'calendar', 'compress') THEN 'mathematical'
                WHEN component IN ('cache', 'summary') THEN 'esc_system'
                ELSE 'orchestrator' END
$$;
REVOKE ALL ON FUNCTION operation_track(text) FROM PUBLIC;
COMMENT ON FUNCTION operation_track(text) IS 'which of the four tracks a component belongs to: constitutional, mathematical, esc_system or orchestrator';

CREATE FUNCTION dashboard_statements(at timestamptz, time_window interval) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found jsonb := (SELECT jsonb_agg(to_jsonb(t) ORDER BY t.total_seconds DESC) FROM steward.statement_top(at - time_window, at) AS t);
BEGIN
    IF has_table_privilege('steward.statement_text', 'SELECT') THEN
        found := (SELECT jsonb_agg(f.value || jsonb_build_object('query', q.query) ORDER BY f.place)
                  FROM jsonb_array_elements(found) WITH ORDINALITY AS f (value, place)
                       LEFT JOIN steward.statement_text AS q ON q.queryid = (f.value ->> 'queryid')::bigint);
    END IF;
    RETURN found;
END $$;
REVOKE ALL ON FUNCTION dashboard_statements(timestamptz, interval) FROM PUBLIC;
COMMENT ON FUNCTION dashboard_statements(timestamptz, interval) IS 'the statements that took most of the time, with their texts for whoever may read these';

CREATE FUNCTION dashboard(time_window interval DEFAULT '1 hour') RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    now timestamptz := steward.worker_clock();
    measured jsonb;
    last record;
    empty constant jsonb := '[]';
BEGIN
    PERFORM steward.migration_require('monitor');
    PERFORM steward.migration_require('alerts');
    IF time_window NOT BETWEEN interval '1 minute' AND interval '14 days' THEN
        RAISE EXCEPTION 'the window must lie between a minute and 14 days' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    measured := steward.dashboard_measured(now, time_window);
    SELECT s.at, s.errors INTO last FROM steward.monitor_state AS s WHERE s.scope = 'all';
    RETURN jsonb_build_object(
        'at', now, 'window_seconds', extract(epoch FROM time_window),
        'last_round', jsonb_build_object('at', last.at, 'age_s', extract(epoch FROM now - last.at), 'errors', coalesce(last.errors, '{}')),
        'score', (SELECT to_jsonb(s) FROM steward.overall_score AS s),
        'slo', coalesce((SELECT jsonb_agg(jsonb_build_object('name', s.name, 'description', s.description, 'grade', s.grade, 'met', s.met, 'value', s.value, 'n', s.n,
                                                             'window_seconds', extract(epoch FROM s.time_window), 'unit', s.unit, 'better', s.better,
                                                             'excellent', s.excellent, 'target', s.target, 'acceptable', s.acceptable, 'listed', s.listed)
                                          ORDER BY s.listed DESC, s.grade IS NULL, s.name)
                         FROM steward.slo_status AS s), empty),
        'components', coalesce(nullif(measured -> 'components', 'null'), empty), 'operations', coalesce(nullif(measured -> 'operations', 'null'), empty),
        'duties', coalesce(nullif(measured -> 'duties', 'null'), empty), 'routes', coalesce(nullif(measured -> 'routes', 'null'), empty),
        'caches', coalesce(nullif(measured -> 'caches', 'null'), empty), 'prompts', coalesce(nullif(measured -> 'prompts', 'null'), empty),
        'queues', coalesce(nullif(measured -> 'queues', 'null'), empty),
        'summaries', coalesce(nullif(measured -> 'summaries', 'null'), empty), 'models', coalesce(nullif(measured -> 'models', 'null'), empty),
        'tick', jsonb_build_object('hertz', measured -> 'gauges' -> 'tick_hertz', 'late_p95_s', measured -> 'gauges' -> 'tick_late_p95_seconds',
                                   'missed', coalesce(measured -> 'gauges' -> 'ticks_missed', '0')),
        'host', (SELECT coalesce(jsonb_object_agg(g.key, g.value), '{}') FROM jsonb_each(nullif(measured -> 'gauges', 'null')) AS g
                 WHERE g.key ~ '^(host|server|database|cache_memory)_'),
        'availability', (SELECT jsonb_agg(jsonb_build_object('source', s.source, 'window_seconds', 86400, 'minutes', a.minutes, 'up', a.up, 'share', a.share))
                         FROM (VALUES ('worker'), ('sidecar')) AS s (source) CROSS JOIN LATERAL steward.availability_of(s.source, interval '1 day', now) AS a),
        'statements', coalesce(steward.dashboard_statements(now, time_window), empty),
        'changes', coalesce((SELECT jsonb_agg(to_jsonb(c) ORDER BY c.at DESC)
                             FROM (SELECT m.at, m.note, m.made_by, m.judged_at, m.verdicts FROM steward.change_mark AS m ORDER BY m.at DESC LIMIT 10) AS c), empty),
        'alerts', coalesce((SELECT jsonb_agg(jsonb_build_object('rule', a.rule, 'state', a.state, 'severity', a.severity, 'since', a.since, 'opened_at', a.opened_at,
                                                                'value', a.value, 'threshold', a.threshold, 'summary', a.summary, 'description', a.description)
                                             ORDER BY a.state, a.since DESC)
                            FROM steward.alerts AS a WHERE a.state IN ('open', 'pending')), empty));
END $$;
REVOKE ALL ON FUNCTION dashboard(interval) FROM PUBLIC;
COMMENT ON FUNCTION dashboard(interval) IS
    'what the page shows: score and objectives, latency and throughput, caches, prompt caches, queues, summaries, models, duties, the machine, statements, changes and alerts, each with its n';

CREATE FUNCTION performance_summary(time_window interval DEFAULT '1 hour', OUT overall_score float8, OUT coordination_frequency float8,
                                    OUT response_time_p95 float8, OUT memory_efficiency float8, OUT constitutional float8, OUT mathematical float8,
                                    OUT esc_system float8, OUT orchestrator float8, OUT hit_ratio float8, OUT cache_memory float8, OUT eviction_rate float8,
                                    OUT alerts bigint) RETURNS record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := steward.worker_clock();
    since timestamptz := at - time_window;
    seen record;
BEGIN
    PERFORM steward.migration_require('alerts');
    SELECT s.score INTO overall_score FROM steward.overall_score AS s;
    SELECT max(v.value) FILTER (WHERE v.name = 'tick_hertz') AS hertz, max(v.value) FILTER (WHERE v.name = 'cache_memory_bytes') AS memory,
           max(v.value) FILTER (WHERE v.name = 'cache_memory_free_bytes') AS free, sum(v.value) FILTER (WHERE v.name = 'cache_evictions') AS evicted,
           max(v.seconds) AS seconds
    INTO seen FROM steward.metric_values(since, at) AS v;
    coordination_frequency := seen.hertz;
    cache_memory := seen.memory - seen.free;
    memory_efficiency := (seen.memory - seen.free) / nullif(seen.memory, 0);
    eviction_rate := coalesce(seen.evicted, 0) / nullif(seen.seconds, 0);
    SELECT max(m.value) FILTER (WHERE m.name = 'http'), max(m.value) FILTER (WHERE m.name = 'hits') INTO response_time_p95, hit_ratio
    FROM steward.metric_measures(at, '{http,hits}', '{http_request_seconds,cache_lookups}', '{"{}","{}"}', '{"{}","{\"result\": \"hit\"}"}', '{p95,share}',
                                 ARRAY[time_window, time_window]) AS m;
    SELECT max(t.p95) FILTER (WHERE t.track = 'constitutional'), max(t.p95) FILTER (WHERE t.track = 'mathematical'),
           max(t.p95) FILTER (WHERE t.track = 'esc_system'), max(t.p95) FILTER (WHERE t.track = 'orchestrator')
    INTO constitutional, mathematical, esc_system, orchestrator
    FROM (SELECT steward.operation_track(s.labels ->> 'component') AS track, steward.histogram_quantile(steward.histogram_sum(w.bins), 0.95) AS p95
          FROM steward.metric_window(since, at) AS w JOIN steward.metric_series AS s USING (series) WHERE s.name = 'operation_seconds' GROUP BY 1) AS t;
    SELECT count(*) INTO alerts FROM steward.alerts AS a WHERE a.state = 'open';
END $$;
REVOKE ALL ON FUNCTION performance_summary(interval) FROM PUBLIC;
COMMENT ON FUNCTION performance_summary(interval) IS
    'the figures of the dashboard as columns: score, ticks a second, 95th percentiles of requests and of each track, memory, hits, evictions a second, open alerts';

CREATE FUNCTION performance_report(time_window interval DEFAULT '1 hour') RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shown jsonb := steward.dashboard(time_window);
BEGIN
    RETURN jsonb_build_object(
        'at', shown -> 'at', 'window_seconds', shown -> 'window_seconds',
        'summary', (
            SELECT jsonb_build_object(
                'avg_execution_time', sum((c ->> 'mean_s')::float8 * (c ->> 'n')::float8) / nullif(sum((c ->> 'n')::float8) FILTER (WHERE c ->> 'mean_s' IS NOT NULL), 0),
                'total_duration', sum((c ->> 'mean_s')::float8 * (c ->> 'calls')::float8), 'total_components', count(*),
                'slowest_component', (array_agg(c ->> 'component' ORDER BY (c ->> 'mean_s')::float8 * (c ->> 'calls')::float8 DESC NULLS LAST))[1],
                'throughput', sum((c ->> 'per_second')::float8), 'n', coalesce(sum((c ->> 'n')::float8), 0))
            FROM jsonb_array_elements(shown -> 'components') AS c WHERE c ->> 'component' <> 'duty')
        || (SELECT jsonb_build_object('overall_cache_hit_rate', sum((k ->> 'hits')::float8) / nullif(sum((k ->> 'n')::float8), 0),
                                      'cache_lookups', coalesce(sum((k ->> 'n')::float8), 0), 'saved_seconds', coalesce(sum((k ->> 'saved_seconds')::float8), 0),
                                      'saved_cost', coalesce(sum((k ->> 'saved_cost')::float8), 0))
            FROM jsonb_array_elements(shown -> 'caches') AS k)
        || jsonb_build_object('avg_memory_usage', shown -> 'host' -> 'host_memory_share', 'memory_bytes', shown -> 'host' -> 'server_memory_bytes',
                              'cpu_usage', shown -> 'host' -> 'host_cpu_share', 'overall_score', shown -> 'score' -> 'score'),
        'slo', shown -> 'slo', 'components', shown -> 'components', 'caches', shown -> 'caches', 'changes', shown -> 'changes', 'alerts', shown -> 'alerts');
END $$;
REVOKE ALL ON FUNCTION performance_report(interval) FROM PUBLIC;
COMMENT ON FUNCTION performance_report(interval) IS 'a report to be kept: averages over the window, the slowest component, objectives, caches, changes and alerts';

CREATE FUNCTION performance_check() RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN steward.performance_report()
           || jsonb_build_object('preflight', (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.item, p.name) FROM steward.preflight() AS p),
                                 'passed', NOT EXISTS (SELECT FROM steward.slo_status AS s WHERE NOT s.met) AND NOT EXISTS (SELECT FROM steward.alerts AS a WHERE a.state = 'open'));
END $$;
REVOKE ALL ON FUNCTION performance_check() FROM PUBLIC;
COMMENT ON FUNCTION performance_check() IS 'the report and the list of what is due before production: passed if every measured objective is met and no alert is open';
