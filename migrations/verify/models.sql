-- Verify pg_steward:models on pg
BEGIN;
SELECT name, owner, source, path, label, text_column, features, method, max_features, confidence, retrain_rows, retrain_cron, retrain_drift, check_every,
       shadow_rows, seed, batch_size, version, replaced, shadow, held, promoted_at, created_at FROM steward.model WHERE false;
SELECT name, version, owner, trained_at, duration, because, outcome, reason, coefficients, hash, metrics, sketch, gained, gained_low
FROM steward.model_version WHERE false;
SELECT name, owner, trained_at, trained_rows, labelled_rows, signature, served, checked_at, check_took, live_rows, live_log_loss, seen, error, error_at FROM steward.model_state WHERE false;
SELECT name, version, closed_at, owner, inputs, labels, stability FROM steward.model_window WHERE false;
SELECT name, learned_at, example_id, owner, input, labels, is_set FROM steward.model_example WHERE false;
SELECT name, learned_at, example_id, features, labels FROM steward.model_learnt WHERE false;
SELECT name, version, confidence, coefficients FROM steward.model_champion WHERE false;
SELECT name, owner, version, held, live_rows, live_log_loss, shadow, drift, examples, new_rows, error FROM steward.models WHERE false;
SELECT name, version, closed_at, inputs, label, drift, verdict FROM steward.model_drift WHERE false;
SELECT name, version, serves, outcome, reason, log_loss, gained_low, labels, hash FROM steward.model_versions WHERE false;
SELECT principle_id, statement, category, formality, criteria, complexity, attempts, success_rate FROM steward.principle_inputs WHERE false;
SELECT principle_id, attempted_at, statement, attempts, success_rate, failures FROM steward.principle_failures WHERE false;
SELECT error, failure_type FROM steward.failure_errors WHERE false;
SELECT 'steward.model_serves()'::regprocedure, 'steward.model_learns()'::regprocedure;
ROLLBACK;
