-- Revert pg_steward:cache_tiers from pg
BEGIN;
DROP FUNCTION steward.cache_table_tend(integer, timestamptz, integer), steward.cache_archive_tend(timestamptz),
              steward.cache_popular_note(timestamptz), steward.cache_measure(regclass, text, timestamptz),
              steward.cache_table_archive(regclass, timestamptz, integer), steward.cache_dictionary_train(text, regclass, timestamptz),
              steward.cache_bytes(jsonb, text, bytea), steward.cache_table_expire(regclass, timestamptz, integer, double precision);
DROP TABLE steward.cache_objective, steward.cache_removed, steward.cache_popular, steward.cache_size, steward.cache_dictionary, steward.cache_archive, steward.cache_table;
ALTER TABLE steward.cache_namespace
    DROP CONSTRAINT cache_namespace_dependent_in_memory, DROP COLUMN tiers, DROP COLUMN archive_after, DROP COLUMN compress,
    DROP COLUMN warm, DROP COLUMN price, DROP COLUMN created_at;
COMMIT;
