-- Nothing in the tables stands in the way of distributing them by their leading key.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(8);

-- By which column each table would be distributed; what each node needs whole is copied to all.
CREATE TEMPORARY TABLE shard_key (rel regclass PRIMARY KEY, col name);
INSERT INTO shard_key VALUES
    ('steward.constitutional_principles', 'principle_id'),
    ('steward.qec_distance_calculations', 'principle_id'),
    ('steward.qec_error_predictions', 'principle_id'),
    ('steward.qec_fidelity_calculations', 'scope'),
    ('steward.qec_synthesis_attempt_logs', 'principle_id'),
    ('steward.principle_change', 'principle_id'),
    ('steward.profile_change', 'profile'),
    ('steward.lexicon_change', 'lexicon'),
    ('steward.job', 'queue'), ('steward.job_unique', 'queue'), ('steward.job_dependency', 'queue'), ('steward.job_run', 'queue'),
    ('steward.job_history', 'queue'), ('steward.queue', 'queue'), ('steward.queue_owner', 'queue'),
    ('steward.fidelity_measurement', 'component'), ('steward.fidelity_appeal', 'principle_id'),
    ('steward.model_version', 'name'), ('steward.model_window', 'name'),
    ('steward.failure_type', 'failure_type'), ('steward.strategy', 'failure_type'), ('steward.strategy_tally', 'failure_type'),
    ('steward.strategy_decision', 'decision_id'), ('steward.strategy_outcome', 'decision_id'),
    ('steward.recovery', 'principle_id'), ('steward.recovery_attempt', 'principle_id'),
    ('steward.metric_history', 'node'), ('steward.statement_history', 'node'), ('steward.metric_sample', 'name'),
    ('steward.slow_call', 'call_id'), ('steward.span', 'span_id'), ('steward.heartbeat', 'source'), ('steward.alert', 'rule'),
    ('steward.alert_delivery', 'target'), ('steward.prompt_entry', 'cache'), ('steward.prompt_ring', 'cache'), ('steward.prompt_label', 'cache'), ('steward.rate_permit', 'rate_limit');

SELECT is_empty(
    $$SELECT c.oid::regclass FROM pg_class AS c
      WHERE c.relnamespace = 'steward'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.oid NOT IN (SELECT rel FROM shard_key)
            AND c.relname !~ '^fidelity_((principles|attempts|measured|appealed)_(rows|changes)|setting|state|component|component_value)$'
            AND c.relname NOT IN ('score_profile', 'lexicon', 'history_retention', 'job_kind', 'schedule', 'installation',
                                  'matview_refresh', 'cache_namespace', 'cache_dependency', 'cache_table', 'cache_archive', 'cache_dictionary',
                                  'cache_size', 'cache_popular', 'cache_removed', 'cache_objective',
                                  'summary', 'summary_source', 'summary_state', 'qec_attempts_rows', 'qec_attempts_changes', 'qec_performance_rows', 'qec_performance_changes', 'hot_index', 'model', 'model_state', 'model_champion',
                                  'model_example', 'model_learnt', 'recovery_setting',
                                  'metric', 'metric_series', 'monitor_setting', 'monitor_state', 'statement_text', 'change_mark', 'slo', 'slo_measured',
                                  'alert_rule', 'alert_state', 'alert_target', 'api_token', 'embedding_model', 'embedding', 'prompt_cache', 'rate_limit', 'rate_state')$$,
    'each table has a place');
SELECT is_empty(
    $$SELECT i.indexrelid::regclass FROM shard_key AS s JOIN pg_index AS i ON i.indrelid = s.rel
      WHERE (i.indisunique OR i.indisexclusion)
            AND NOT EXISTS (SELECT FROM pg_attribute AS a
                            WHERE a.attrelid = s.rel AND a.attname = s.col AND a.attnum = i.indkey[0])$$,
    'each unique key begins with it');
SELECT is_empty($$SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid IN (SELECT rel FROM shard_key)$$,
                'no foreign key leaves a shard');
SELECT is_empty(
    $$SELECT s.rel, a.attname FROM shard_key AS s JOIN pg_attribute AS a ON a.attrelid = s.rel
      WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> '' AND a.atttypid <> 'bigint'::regtype$$,
    'sequences are of bigint');
SELECT is_empty(
    $$SELECT s.rel FROM shard_key AS s JOIN pg_attribute AS a ON a.attrelid = s.rel AND a.attname = s.col
      WHERE a.attgenerated <> '' OR NOT a.attnotnull$$,
    'keys are given, not generated');
SELECT is_empty(
    $$SELECT s.rel FROM shard_key AS s JOIN pg_class AS c ON c.oid = s.rel
      WHERE c.relpersistence <> 'p' OR (c.relreplident <> 'f'
            AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = s.rel AND i.indisprimary))$$,
    'each row can be found again on a replica');
SELECT set_eq(
    $$SELECT t.tgrelid::regclass::text, t.tgname::text FROM shard_key AS s JOIN pg_trigger AS t ON t.tgrelid = s.rel
      WHERE NOT t.tgisinternal$$,
    $$VALUES ('steward.qec_synthesis_attempt_logs', 'attempts_inserted'), ('steward.qec_synthesis_attempt_logs', 'attempts_updated'),
             ('steward.qec_synthesis_attempt_logs', 'attempts_deleted'), ('steward.qec_synthesis_attempt_logs', 'attempts_truncated'),
             ('steward.qec_synthesis_attempt_logs', 'steward_summary'), ('steward.qec_synthesis_attempt_logs', 'steward_summary_truncate'),
             ('steward.constitutional_principles', 'steward_summary'), ('steward.constitutional_principles', 'steward_summary_truncate'),
             ('steward.qec_distance_calculations', 'steward_summary'), ('steward.qec_distance_calculations', 'steward_summary_truncate'),
             ('steward.qec_error_predictions', 'steward_summary'), ('steward.qec_error_predictions', 'steward_summary_truncate'),
             ('steward.fidelity_measurement', 'steward_summary'), ('steward.fidelity_measurement', 'steward_summary_truncate'),
             ('steward.fidelity_appeal', 'steward_summary'), ('steward.fidelity_appeal', 'steward_summary_truncate')$$,
    'the only triggers note whose history, and which row of a summary, has changed');
SELECT is_empty(
    $$SELECT p.oid::regprocedure FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
      WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
            AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward')
            AND p.provolatile = 'i' AND p.proparallel <> 's'$$,
    'what is immutable may run anywhere');
SELECT * FROM finish();
ROLLBACK;
