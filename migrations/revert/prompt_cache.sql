-- Revert pg_steward:prompt_cache from pg
BEGIN;
SET LOCAL ROLE steward_owner;
DROP TABLE steward.prompt_label, steward.prompt_ring, steward.prompt_entry, steward.prompt_cache;
DROP FUNCTION steward.prompt_cache_place();
DROP FUNCTION steward.prompt_cache_index(text);
DROP FUNCTION steward.prompt_may_write(regrole, regrole[]);
COMMIT;
