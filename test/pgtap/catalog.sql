-- What the catalog says of the extension's members: the promises that no single function can keep.
\set ON_ERROR_STOP 1
SET search_path = tap, pg_catalog;
BEGIN;
SELECT plan(12);

CREATE TEMPORARY VIEW member AS
SELECT p.oid::regprocedure::text AS name, p.*
FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
      AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_steward');

SELECT cmp_ok((SELECT count(*) FROM member), '>=', 12::bigint, 'the extension has functions');
SELECT is_empty($$SELECT name FROM member WHERE prosecdef$$, 'none is SECURITY DEFINER');
SELECT is_empty(
    $$SELECT name FROM member CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
      WHERE a.grantee = 0$$,
    'PUBLIC may call none');
SELECT is_empty($$SELECT name FROM member WHERE obj_description(oid, 'pg_proc') IS NULL$$, 'each has a comment');
SELECT is_empty($$SELECT name FROM member WHERE proparallel <> 's' AND provolatile <> 'v'$$, 'all that have no effects are parallel safe');
SELECT is_empty($$SELECT name FROM member WHERE NOT proisstrict AND provolatile <> 'v'
                  AND proname NOT IN ('principle_draft_score', 'schedule_next', 'schedule_times', 'cache_key', 'cache_namespace_name',
                                      'cache_namespace_refuse', 'zstd_compress', 'zstd_decompress', 'model_explain', 'model_pack', 'vector_column', 'text_document', 'histogram_sum', 'embedding_query', 'prompt_vector')$$,
                'all that have no effects are strict: null in, null out; a draft may lack an id and a profile, a schedule an anchor, a frame a dictionary, an explanation a label, null is a part of a key, and an aggregate leaves nulls out');
SELECT is_empty($$SELECT name FROM member WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
                  AND prokind = 'f' AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)
                  AND proname NOT IN ('job_run_batch', 'job_sql', 'cache_warm', 'summary_create',
                                      'hot_index_create', 'hot_index_alter', 'fidelity_component_run', 'fidelity_component_job',
                                      'model_query', 'model_path', 'model_create', 'model_look', 'model_alter', 'model_train_now', 'model_train', 'model_train_job', 'model_changed', 'model_check', 'recovery_job_run', 'embedding_fill_job', 'prompt_fetch')$$,
                'a function that is not in C fixes its search_path, with pg_temp last; a procedure that commits can not, nor what runs what users wrote');
SELECT set_eq(
    $$SELECT DISTINCT proname::text FROM member WHERE provolatile = 's'$$,
    ARRAY['ambiguity', 'ambiguity_scores', 'ambiguity_findings', 'lexicon_phrases', 'partition_key', 'profile_score',
          'migration_is_deployed', 'migration_require', 'principle_score', 'principle_draft_score',
          'principle_pending', 'jobs_may_run', 'jobs_next_at', 'job_kind_option', 'doctor_server', 'doctor_rights', 'schedule_next', 'schedule_times',
          'cache_key', 'cache_lower_sizes', 'cache_grade', 'summary_partitions', 'summary_obstacle', 'summary_settings', 'summary_stamps', 'summary_is_deaf',
          'summary_is_below', 'fidelity_values', 'fidelity_is_due', 'fidelity_current', 'fidelity_history', 'fidelity_history_summary', 'config_import',
          'ivf_stats', 'ivf_check', 'vector_type', 'vector_column', 'vector_condition', 'vector_key', 'vector_operator', 'text_document', 'embed', 'semantic_score', 'embedding_hash', 'embedding_parts', 'embedding_query', 'rate_limit_own', 'prompt_version', 'prompt_dimension', 'prompt_cache_own', 'prompt_text_key', 'prompt_scope_key', 'prompt_vector', 'prompt_found', 'prompt_same', 'prompt_call', 'model_query', 'model_predict', 'model_predict_detail', 'model_probability', 'model_labels', 'model_explain', 'model_features', 'failure_type_of',
          'strategy_propensities', 'strategy_policy', 'strategy_policy_odds', 'strategy_value', 'recovery_unavailable', 'recovery_queues',
          'metric_check', 'metric_window', 'metric_compare', 'metric_values', 'metric_points', 'metric_measures', 'metric_measure', 'slower_since',
          'statement_top', 'monitor_is_due', 'availability_of', 'prometheus_rules', 'bottlenecks', 'dashboard_measured',
          'dashboard_statements', 'dashboard', 'performance_summary', 'performance_report'],
    'only what looks something up by name is stable');
SELECT is((SELECT provolatile FROM member WHERE oid = 'steward.ambiguity(text)'::regprocedure), 'i'::"char",
          'ambiguity(text) is immutable');
SELECT is_empty($$SELECT name FROM member WHERE prosrc !~ '^steward_'
                  AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')$$,
                'C symbols carry the prefix of the extension');
SELECT is((SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
           WHERE e.extname = 'pg_steward'), 'steward'::name, 'the extension lives in schema steward');
SELECT is_empty(
    $$SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = 'steward'::regnamespace
      AND deptype = 'e'$$,
    'the schema is no member: DROP EXTENSION leaves it and the data in it');
SELECT * FROM finish();
ROLLBACK;
