-- What becomes of the settings of the programs whose work this takes over.

-- Names of settings as they stand in files and environments, and what says the same here; %L is the value. Without a statement, the note
-- says why none is needed.
CREATE FUNCTION config_keys() RETURNS TABLE (name text, kind text, standard text, statement text, note text)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
VALUES
    ('distance_calculator.cache_size', 'number', '10000', 'SELECT steward.cache_alter(''distance'', max_entries => %L)', NULL),
    ('distance_calculator.batch_processing', 'boolean', 'true', NULL, 'functions over sets and arrays always work in batches'),
    ('distance_calculator.parallel_calculations', 'boolean', 'true', NULL, 'the planner decides; the functions are parallel safe'),
    ('distance_calculator.max_workers', 'number', '4', 'ALTER SYSTEM SET steward.max_workers = %L', NULL),
    ('distance_calculator.pattern_cache_size', 'number', '1000', NULL, 'superseded: all patterns are one automaton, compiled once a process'),
    ('distance_calculator.pattern_matching_timeout', 'number', '100', NULL, 'superseded: matching takes linear time, and can be cancelled'),
    ('error_prediction.batch_size', 'number', '32', 'SELECT steward.model_alter(''principle_risk'', batch_size => %L)', NULL),
    ('error_prediction.max_features', 'number', '1000', 'SELECT steward.model_alter(''principle_risk'', max_features => %L)', NULL),
    ('error_prediction.feature_cache_size', 'number', '5000', NULL, 'superseded: features of a text take microseconds, less than looking them up would'),
    ('error_prediction.prediction_cache_ttl', 'number', '1800', 'SELECT steward.cache_alter(''prediction'', ttl => make_interval(secs => %L))', NULL),
    ('error_prediction.cache_by_principle_hash', 'boolean', 'true', NULL, 'predictions are always kept by what they are made from'),
    ('error_prediction.retrain_threshold', 'number', '1000', 'SELECT steward.model_alter(''principle_risk'', retrain_rows => %L)', NULL),
    ('error_prediction.retrain_schedule', 'string', '0 2 * * *', 'SELECT steward.model_alter(''principle_risk'', retrain_cron => %L)', NULL),
    ('error_prediction.max_prediction_time_ms', 'number', '100', NULL, 'superseded: a prediction takes microseconds; statement_timeout limits a call'),
    ('error_prediction.confidence_threshold', 'number', '0.7', 'SELECT steward.model_alter(''principle_risk'', confidence => %L)', NULL),
    ('recovery_strategies.strategy_cache_ttl', 'number', '3600', 'UPDATE steward.recovery_setting SET solution_ttl = make_interval(secs => %L)', NULL),
    ('recovery_strategies.max_concurrent_recoveries', 'number', '10', 'SELECT steward.queue_alter(''recovery'', max_depth => %L)', NULL),
    ('recovery_strategies.strategy_timeout_seconds', 'number', '30', 'UPDATE steward.recovery_setting SET timeout = make_interval(secs => %L)', NULL),
    ('recovery_strategies.track_success_rates', 'boolean', 'true', NULL, 'trials and successes are always counted'),
    ('recovery_strategies.adaptive_strategy_selection', 'boolean', 'true',
     'SELECT steward.failure_type_alter(failure_type, adaptive => %L) FROM steward.failure_type', NULL),
    ('fidelity_monitor.calculation_interval_seconds', 'number', '300', 'UPDATE steward.fidelity_setting SET period = make_interval(secs => %L)', NULL),
    ('fidelity_monitor.batch_calculation', 'boolean', 'true', NULL, 'what has changed is always calculated as one batch'),
    ('fidelity_monitor.parallel_component_calculation', 'boolean', 'true', NULL, 'components are jobs beside one another'),
    ('fidelity_monitor.max_calculation_workers', 'number', '6', 'UPDATE steward.fidelity_setting SET most_jobs = %L', NULL),
    ('fidelity_monitor.component_cache_ttl', 'number', '600', 'SELECT steward.fidelity_component_alter(component, max_age => make_interval(secs => %L)) FROM steward.fidelity_component', NULL),
    ('fidelity_monitor.history_cache_size', 'number', '1000', NULL, 'superseded: history is a table, of which fidelity_history() shows as many as are asked for'),
    ('fidelity_monitor.skip_unchanged_principles', 'boolean', 'true', NULL, 'what has not changed is always skipped'),
    ('fidelity_monitor.incremental_updates', 'boolean', 'true', NULL, 'always'),
    ('fidelity_monitor.lazy_loading', 'boolean', 'true', NULL, 'history and components are read when somebody asks'),
    ('redis_url', 'string', NULL, NULL, 'superseded: the cache is in the database; docs/cache-migrate.md tells how to move'),
    ('qec_distance_cache_ttl', 'number', '3600', 'SELECT steward.cache_alter(''distance'', ttl => make_interval(secs => %L))', NULL),
    ('qec_cache_warmup_enabled', 'boolean', 'true', 'SELECT steward.cache_alter(''distance'', warm => CASE WHEN %L THEN ''popular'' ELSE ''none'' END)', NULL),
    ('qec_cache_warmup_principles', 'number', '100', 'SELECT steward.cache_warm(''distance'', %L)', NULL),
    ('pool_size', 'number', '20', NULL, 'of the program: steward serve --workers, together with max_overflow'),
    ('max_overflow', 'number', '30', NULL, 'of the program: steward serve --workers, together with pool_size'),
    ('pool_timeout', 'number', '30', NULL, 'of the program: steward serve --statement-timeout, in milliseconds; a request waits for a connection no longer than its client does'),
    ('pool_recycle', 'number', '3600', NULL, 'superseded: a connection that was lost is replaced when it is used'),
    ('pool_pre_ping', 'boolean', 'true', NULL, 'superseded: a connection that was lost is replaced when it is used'),
    ('echo', 'boolean', 'false', NULL, 'of the server: log_statement')
$$;
REVOKE ALL ON FUNCTION config_keys() FROM PUBLIC;
COMMENT ON FUNCTION config_keys() IS 'settings of the programs whose work this takes over: their types and standard values, and what says the same here';

CREATE FUNCTION config_import(config jsonb) RETURNS TABLE (key text, value jsonb, status text, statement text, note text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
WITH RECURSIVE leaf (path, value) AS (
    SELECT ARRAY[e.key], e.value FROM jsonb_each(CASE jsonb_typeof(config) WHEN 'object' THEN config ELSE jsonb_build_object('', config) END) AS e
    UNION ALL
    SELECT l.path || e.key, e.value FROM leaf AS l, jsonb_each(CASE jsonb_typeof(l.value) WHEN 'object' THEN l.value ELSE '{}' END) AS e
), known AS (
    SELECT array_to_string(l.path, '.') AS key, l.value, k.*
    FROM leaf AS l
         LEFT JOIN LATERAL (
             SELECT n.* FROM steward.config_keys() AS n
             WHERE '.' || lower(array_to_string(l.path, '.')) LIKE '%.' || replace(n.name, '_', '\_')
             ORDER BY length(n.name) DESC LIMIT 1
         ) AS k ON true
    WHERE jsonb_typeof(l.value) <> 'object'
)
SELECT k.key, k.value, s.status,
       CASE s.status WHEN 'statement' THEN format(replace(k.statement, '%L', '%1$L'), k.value #>> '{}') END,
       CASE s.status WHEN 'invalid' THEN format('a %s is needed', k.kind) WHEN 'unknown' THEN 'nothing here goes by that name'
                     WHEN 'standard' THEN coalesce(k.note, 'so it is by itself') ELSE regexp_replace(k.note, '^superseded: ', '') END
FROM known AS k
     CROSS JOIN LATERAL (SELECT CASE WHEN k.name IS NULL THEN 'unknown' WHEN jsonb_typeof(k.value) <> k.kind THEN 'invalid'
                                     WHEN k.note LIKE 'superseded%' THEN 'superseded' WHEN k.value #>> '{}' = k.standard THEN 'standard'
                                     WHEN k.statement IS NULL THEN 'note' ELSE 'statement' END AS status) AS s
ORDER BY k.key
$$;
REVOKE ALL ON FUNCTION config_import(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION config_import(jsonb) IS
    'for each setting of such a program: the statement that says the same here, or that it is so by itself, has been superseded, is wrong, or is unknown; runs nothing';
