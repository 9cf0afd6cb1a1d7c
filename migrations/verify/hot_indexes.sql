-- Verify pg_steward:hot_indexes on pg
SELECT name, owner, view, relation, prefix, columns, condition, time_column, period, jobs, cut_off, rotated_at, failures, created_at
FROM steward.hot_index WHERE false;
SELECT name, owner, relation, columns, condition, time_column, period, cut_off, index, bytes, valid, rotated_at, next_at, failures, error
FROM steward.hot_indexes WHERE false;
