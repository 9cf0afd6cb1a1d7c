-- Verify pg_steward:embeddings on pg
BEGIN;
SELECT name, owner, dimension, words, hash, bytes, imported_at FROM steward.embedding_model WHERE false;
SELECT relation, vector_column, text_column, model, owner, hash, round, part, page, pages, written, filled_at, created_at FROM steward.embedding WHERE false;
SELECT relation, text_column, vector_column, model, owner, state, backlog, written, filled_at, error FROM steward.embeddings WHERE false;
SELECT 'steward.embedding_model_check()'::regprocedure;
ROLLBACK;
