-- Settings of the programs whose work this takes over, as they stand in their files.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(12);

CREATE TEMPORARY TABLE imported AS SELECT * FROM steward.config_import('{
    "error_prediction": {"batch_size": 32, "max_features": 500, "feature_cache_size": 5000, "retrain_schedule": "0 3 * * *", "confidence_threshold": "much"},
    "connection_pool": {"pool_size": 20, "pool_recycle": 3600},
    "QEC_CACHE_WARMUP_ENABLED": false,
    "deep": {"er": {"Recovery_Strategies": {"strategy_timeout_seconds": 45}}},
    "other": [1, {"batch_size": 32}], "nothing": null, "xpool_size": 1}');
SELECT is(status, 'standard', 'a batch of 32 rows is so by itself') FROM imported WHERE key = 'error_prediction.batch_size';
SELECT is(status || ': ' || note, 'superseded: features of a text take microseconds, less than looking them up would', 'a cache of features has been superseded')
FROM imported WHERE key = 'error_prediction.feature_cache_size';
SELECT is(statement, 'SELECT steward.model_alter(''principle_risk'', max_features => ''500'')', 'what differs is a statement') FROM imported WHERE key LIKE '%max_features';
SELECT is(statement, 'SELECT steward.model_alter(''principle_risk'', retrain_cron => ''0 3 * * *'')', 'a text, too') FROM imported WHERE key LIKE '%retrain_schedule';
SELECT is(status || ': ' || note, 'invalid: a number is needed', 'what is of another type is said to be') FROM imported WHERE key LIKE '%confidence_threshold';
SELECT is(status, 'superseded', 'pools are replaced by themselves') FROM imported WHERE key LIKE '%pool_recycle';
SELECT is(statement, 'SELECT steward.cache_alter(''distance'', warm => CASE WHEN ''false'' THEN ''popular'' ELSE ''none'' END)', 'names of the environment are capitals')
FROM imported WHERE key = 'QEC_CACHE_WARMUP_ENABLED';
SELECT is(statement, 'UPDATE steward.recovery_setting SET timeout = make_interval(secs => ''45'')', 'however deep it stands') FROM imported WHERE key LIKE 'deep%';
SELECT set_eq($$SELECT key FROM imported WHERE status = 'unknown'$$, ARRAY['other', 'nothing', 'xpool_size'], 'the rest is unknown');
SELECT is((SELECT statement FROM steward.config_import('{"error_prediction": {"retrain_schedule": "x'') ; DROP TABLE t --"}}')),
          $$SELECT steward.model_alter('principle_risk', retrain_cron => 'x'') ; DROP TABLE t --')$$, 'values stay values');
SELECT is((SELECT status FROM steward.config_import('[1]')), 'unknown', 'what is no object is unknown');
SELECT is((SELECT count(*) FROM steward.config_import(NULL)), 0::bigint, 'nothing of nothing');

SELECT * FROM finish();
ROLLBACK;
