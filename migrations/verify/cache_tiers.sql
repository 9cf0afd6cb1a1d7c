-- Verify pg_steward:cache_tiers on pg
SELECT tiers, archive_after, compress, warm, price, created_at FROM steward.cache_namespace WHERE false;
SELECT namespace, role, key, json, text, bytes, expires_at, saved_at, cost_us FROM steward.cache_table WHERE false;
SELECT namespace, role, key, kind, dictionary, body, expires_at, saved_at, cost_us, archived_at FROM steward.cache_archive WHERE false;
SELECT number, body, namespace, trained_at FROM steward.cache_dictionary WHERE false;
SELECT namespace, partition, tier, entries, bytes, measured_at FROM steward.cache_size WHERE false;
SELECT namespace, role, key, uses, hour_uses, seen_hits, seen_at FROM steward.cache_popular WHERE false;
SELECT namespace, tier, expired, evicted FROM steward.cache_removed WHERE false;
SELECT grade, at_least FROM steward.cache_objective WHERE false;
SELECT 'steward.cache_table_tend(integer, timestamptz, integer)'::regprocedure,
       'steward.cache_archive_tend(timestamptz)'::regprocedure, 'steward.cache_popular_note(timestamptz)'::regprocedure;
