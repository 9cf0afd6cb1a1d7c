-- Verify pg_steward:prompt_cache on pg
BEGIN;
SELECT cache, owner, model, given, model_version, dimension, similarity, threshold, verify, max_entries, ttl, readers, writers, created_at
FROM steward.prompt_cache WHERE false;
SELECT cache, slot, scope_key, prompt_key, version, scope, prompt, answer, vector, stored_at, expires_at FROM steward.prompt_entry WHERE false;
SELECT cache, shard, turn, places FROM steward.prompt_ring WHERE false;
SELECT cache, label_id, version, similarity, score, ok, given_by, given_at FROM steward.prompt_label WHERE false;
SELECT 'steward.prompt_cache_place()'::regprocedure, 'steward.prompt_cache_index(text)'::regprocedure, 'steward.prompt_may_write(regrole, regrole[])'::regprocedure;
ROLLBACK;
