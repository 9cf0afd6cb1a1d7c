-- Verify pg_steward:cache on pg
SELECT namespace, owner, kind, shared, value_type, max_entries, max_bytes, ttl, stale_for, negative_ttl, early_beta,
       readers, writers
FROM steward.cache_namespace WHERE false;
SELECT namespace, relation, key_column FROM steward.cache_dependency WHERE false;
