-- Deploy pg_steward:embeddings to pg
-- requires: api_tokens
-- Embedding models, which are vectors of words, and the columns of vectors that are kept in step with texts.
BEGIN;
GRANT EXECUTE ON FUNCTION steward.lexicon_invalidate() TO steward_owner;
SET LOCAL ROLE steward_owner;

-- What every session reads: hence no row security, but a check of who may change a row.
CREATE TABLE steward.embedding_model (
    name text NOT NULL PRIMARY KEY CHECK (name NOT IN ('', 'hashed')),
    owner regrole NOT NULL,
    dimension integer NOT NULL CHECK (dimension > 0),
    words integer NOT NULL CHECK (words > 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    bytes bytea NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now()
);
-- Numbers that nothing becomes smaller by.
ALTER TABLE steward.embedding_model ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE steward.embedding_model IS 'models that make vectors of texts: vectors of words, the most common ones';
COMMENT ON COLUMN steward.embedding_model.hash IS 'SHA-256 of the bytes: names the copy that all sessions share';
COMMENT ON COLUMN steward.embedding_model.bytes IS 'the words and their vectors in 8 bits a dimension';

CREATE FUNCTION steward.embedding_model_check() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND NOT pg_has_role(OLD.owner, 'USAGE') OR TG_OP <> 'DELETE' AND NOT pg_has_role(NEW.owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of embedding model "%"', coalesce(OLD.name, NEW.name) USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION steward.embedding_model_check() IS 'lets nobody but members of its owner change an embedding model';
REVOKE ALL ON FUNCTION steward.embedding_model_check() FROM PUBLIC;
CREATE TRIGGER b_check BEFORE INSERT OR UPDATE OR DELETE ON steward.embedding_model
    FOR EACH ROW EXECUTE FUNCTION steward.embedding_model_check();
CREATE TRIGGER a_invalidate AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON steward.embedding_model
    FOR EACH STATEMENT EXECUTE FUNCTION steward.lexicon_invalidate();

CREATE TABLE steward.embedding (
    relation regclass NOT NULL,
    vector_column name NOT NULL,
    text_column name NOT NULL,
    model text NOT NULL,
    owner regrole NOT NULL,
    hash bytea NOT NULL,
    round bigint NOT NULL DEFAULT 0,
    part regclass,
    page bigint NOT NULL DEFAULT 0,
    pages bigint NOT NULL DEFAULT 0,
    written bigint NOT NULL DEFAULT 0,
    filled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (relation, vector_column)
);
COMMENT ON TABLE steward.embedding IS 'columns of vectors that are kept in step with columns of texts';
COMMENT ON COLUMN steward.embedding.hash IS 'the version of the model by which its rows were looked at';
COMMENT ON COLUMN steward.embedding.round IS 'how often that was begun';
COMMENT ON COLUMN steward.embedding.part IS 'how far that is: the table or partition';
COMMENT ON COLUMN steward.embedding.page IS 'and the page of it that comes next';
COMMENT ON COLUMN steward.embedding.pages IS 'how many it had when its turn came: what came later went through the trigger';
COMMENT ON COLUMN steward.embedding.written IS 'rows that were embedded anew by then';
COMMENT ON COLUMN steward.embedding.filled_at IS 'when all had been looked at; null until then';

ALTER TABLE steward.embedding ENABLE ROW LEVEL SECURITY;
CREATE POLICY members ON steward.embedding USING (pg_has_role(owner, 'USAGE')) WITH CHECK (pg_has_role(owner, 'USAGE'));
CREATE POLICY readers ON steward.embedding FOR SELECT USING (true);

-- Without functions of the extension, with which it would go.
CREATE VIEW steward.embeddings WITH (security_invoker = true) AS
SELECT e.relation, e.text_column, e.vector_column, e.model, e.owner, e.state,
       CASE WHEN e.state = 'current' THEN 0 ELSE
           (SELECT coalesce(sum(CASE WHEN e.state = 'filling' AND e.part = c.oid THEN greatest(e.pages - e.page, 0)
                                     ELSE pg_relation_size(c.oid) / current_setting('block_size')::integer END
                                * coalesce(CASE WHEN c.reltuples >= 0 THEN c.reltuples / nullif(c.relpages, 0) END, 50)), 0)::bigint
            FROM pg_class AS c
            WHERE c.relkind = 'r' AND (c.oid = e.relation OR c.oid IN (SELECT t.relid FROM pg_partition_tree(e.relation) AS t WHERE t.isleaf))
                  AND (e.state = 'stale' OR e.part IS NULL OR c.oid >= e.part)) END AS backlog,
       e.written, e.filled_at,
       (SELECT j.error_message FROM steward.job AS j
        WHERE j.queue = 'embeddings' AND j.kind = 'embedding_fill' AND j.payload ->> 'relation' = e.relation::oid::text
              AND j.payload ->> 'column' = e.vector_column AND j.error_message IS NOT NULL ORDER BY j.error_at DESC LIMIT 1) AS error
FROM (SELECT e.*, CASE WHEN e.filled_at IS NULL THEN 'filling'
                       WHEN e.hash = CASE e.model WHEN 'hashed' THEN 'hashed-1'::bytea ELSE m.hash END THEN 'current' ELSE 'stale' END AS state
      FROM steward.embedding AS e LEFT JOIN steward.embedding_model AS m ON m.name = e.model) AS e;
COMMENT ON VIEW steward.embeddings IS 'columns of vectors: by which model, and about how many rows are still to be looked at';

INSERT INTO steward.job_kind (kind, owner, runner, handler, max_attempts, timeout, backoff, backoff_cap)
VALUES ('embedding_fill', 'steward_owner', 'd', 'steward.embedding_fill_job(bigint,jsonb)', 10, '10 minutes', '5 seconds', '10 minutes');

GRANT SELECT ON steward.embedding_model, steward.embedding, steward.embeddings TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.embedding_model, steward.embedding TO steward_writer;

COMMIT;
