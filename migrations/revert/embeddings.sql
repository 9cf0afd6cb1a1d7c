-- Revert pg_steward:embeddings from pg
-- Columns of vectors belong to their tables, and stay.
BEGIN;
SET LOCAL ROLE steward_owner;
DROP VIEW steward.embeddings;
DELETE FROM steward.job_kind WHERE kind = 'embedding_fill';
DROP TABLE steward.embedding, steward.embedding_model;
DROP FUNCTION steward.embedding_model_check();
COMMIT;
