-- Verify pg_steward:summaries on pg
SELECT name, owner, view, source, stored, changes, key, wanted_mode, mode, expires, schedule, max_staleness, timers, states, outputs, settings, paused_at, created_at
FROM steward.summary WHERE false;
SELECT name, place, owner, part, relation, changes, keys, columns, is_given, condition, deltas, timers, instants, partitions, reason FROM steward.summary_source WHERE false;
SELECT name, owner, rebuild, refreshed_at, next_at, mode, keys, written, duration, key_us, full_us, refreshes, failures, error, error_at
FROM steward.summary_state WHERE false;
SELECT principle_id, name, category, composite_score, score_updated_at, overall_risk_score, prediction_timestamp, synthesis_attempts,
       finished_attempts, success_rate FROM steward.qec_performance WHERE false;
