-- Verify pg_steward:summary_views on pg
SELECT name, owner, view, mode, state, backlog, oldest_change, lag, refreshed_at, last_mode, last_keys, last_written, last_duration,
       refreshes, schedule, max_staleness, next_at, error, error_at FROM steward.summaries WHERE false;
