-- Deploy pg_steward:prompt_cache to pg
-- requires: embeddings
-- Prompt caches: answers that are found again by a prompt that says the same, or much the same. A partition a cache, so
-- that each has an index of its own vectors.
BEGIN;
SET LOCAL ROLE steward_owner;

CREATE TABLE steward.prompt_cache (
    cache text NOT NULL PRIMARY KEY CHECK (cache ~ '^[a-z0-9_]{1,32}$'),
    owner regrole NOT NULL,
    model text NOT NULL CHECK (octet_length(model) BETWEEN 1 AND 200),
    given boolean NOT NULL,
    model_version text NOT NULL DEFAULT '',
    dimension integer NOT NULL CHECK (dimension BETWEEN 1 AND 16000),
    similarity text NOT NULL CHECK (similarity IN ('cosine', 'hybrid')),
    threshold double precision NOT NULL CHECK (threshold BETWEEN 0 AND 1),
    verify boolean NOT NULL,
    max_entries integer NOT NULL CHECK (max_entries BETWEEN 1 AND 10000000),
    ttl interval CHECK (ttl > interval '0' AND ttl <= interval '100 years'),
    readers regrole[] NOT NULL DEFAULT '{}',
    writers regrole[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE steward.prompt_cache IS 'the prompt caches, which steward.prompt_cache_create() makes';
COMMENT ON COLUMN steward.prompt_cache.given IS 'whether callers give the vectors; otherwise the embedding model makes them';
COMMENT ON COLUMN steward.prompt_cache.model_version IS 'of a model whose vectors are given; others have a hash';
COMMENT ON COLUMN steward.prompt_cache.dimension IS 'of the vectors that the index is for';
COMMENT ON COLUMN steward.prompt_cache.threshold IS 'the least similarity of a hit; that itself is enough';
COMMENT ON COLUMN steward.prompt_cache.verify IS 'whether a prompt that alone denies something, or that has other numbers, is no hit';
COMMENT ON COLUMN steward.prompt_cache.ttl IS 'how long an answer is good; null is for ever';
COMMENT ON COLUMN steward.prompt_cache.readers IS 'roles whose members may read; 0 is everybody';
COMMENT ON COLUMN steward.prompt_cache.writers IS 'roles whose members may write, and read; 0 is everybody';

CREATE TABLE steward.prompt_entry (
    cache text NOT NULL,
    slot integer NOT NULL,
    scope_key bytea NOT NULL,
    prompt_key bytea NOT NULL,
    version bytea NOT NULL,
    scope jsonb NOT NULL,
    prompt text,
    answer text NOT NULL,
    vector real[],
    stored_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (cache, slot),
    UNIQUE (cache, scope_key, prompt_key)
) PARTITION BY LIST (cache);
-- Answers leave the row first: vectors are read for each entry that is compared, and nothing makes them smaller.
ALTER TABLE steward.prompt_entry ALTER COLUMN vector SET STORAGE MAIN;
COMMENT ON TABLE steward.prompt_entry IS 'prompts and their answers, a partition a cache';
COMMENT ON COLUMN steward.prompt_entry.slot IS 'one of as many places as the cache may have entries: who comes into a taken one pushes the other out';
COMMENT ON COLUMN steward.prompt_entry.scope_key IS 'hash of the version of the model and the scope: only entries with the same are looked at';
COMMENT ON COLUMN steward.prompt_entry.prompt_key IS 'hash of the prompt, or where there is none of the vector';
COMMENT ON COLUMN steward.prompt_entry.version IS 'of the model that made the vector';

CREATE TABLE steward.prompt_ring (
    cache text NOT NULL,
    shard integer NOT NULL CHECK (shard BETWEEN 0 AND 15),
    turn bigint NOT NULL CHECK (turn >= 0),
    places integer NOT NULL CHECK (places >= 0),
    PRIMARY KEY (cache, shard)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE steward.prompt_ring IS 'which place of a prompt cache is taken next: sixteen rings, so that as many transactions store at once';
COMMENT ON COLUMN steward.prompt_ring.turn IS 'how many were stored by it; its place number turn mod places comes next';

CREATE TABLE steward.prompt_label (
    cache text NOT NULL,
    label_id uuid NOT NULL,
    version bytea NOT NULL,
    similarity text NOT NULL,
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    ok boolean NOT NULL,
    given_by regrole NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (cache, label_id)
);
CREATE INDEX prompt_label_given ON steward.prompt_label (cache, given_at);
COMMENT ON TABLE steward.prompt_label IS 'whether answers of a prompt cache were right, by which its threshold is calibrated';

-- Who may use a cache is said by its row; who sees no such row sees nothing of the cache.
ALTER TABLE steward.prompt_cache ENABLE ROW LEVEL SECURITY;
CREATE POLICY owners ON steward.prompt_cache USING (pg_has_role(owner, 'USAGE')) WITH CHECK (pg_has_role(owner, 'USAGE'));
CREATE POLICY readers ON steward.prompt_cache FOR SELECT
    USING (EXISTS (SELECT FROM unnest(readers || writers) AS r (role) WHERE r.role = 0::oid OR pg_has_role(r.role, 'USAGE')));
CREATE FUNCTION steward.prompt_may_write(owner regrole, writers regrole[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT pg_has_role(owner, 'USAGE') OR EXISTS (SELECT FROM unnest(writers) AS w (role) WHERE w.role = 0::oid OR pg_has_role(w.role, 'USAGE'))
$$;
COMMENT ON FUNCTION steward.prompt_may_write(regrole, regrole[]) IS 'whether the caller may store into a prompt cache of that owner and those writers';
REVOKE ALL ON FUNCTION steward.prompt_may_write(regrole, regrole[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION steward.prompt_may_write(regrole, regrole[]) TO steward_reader;
DO $$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY '{prompt_entry,prompt_ring,prompt_label}'::text[] LOOP
        EXECUTE format('ALTER TABLE steward.%I ENABLE ROW LEVEL SECURITY', part);
        EXECUTE format('CREATE POLICY readers ON steward.%I FOR SELECT USING (cache IN (SELECT c.cache FROM steward.prompt_cache AS c))', part);
        EXECUTE format($q$CREATE POLICY writers ON steward.%I
                          USING (cache IN (SELECT c.cache FROM steward.prompt_cache AS c WHERE steward.prompt_may_write(c.owner, c.writers)))
                          WITH CHECK (cache IN (SELECT c.cache FROM steward.prompt_cache AS c WHERE steward.prompt_may_write(c.owner, c.writers)))$q$, part);
    END LOOP;
END $$;

-- The functions below make what belongs to a row, as the owner of the tables: hence SECURITY DEFINER. A partition of
-- which the extension was dropped has no index until the grants have run again.
CREATE FUNCTION steward.prompt_cache_index(cache text) RETURNS void
    LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted steward.prompt_cache := (SELECT c FROM steward.prompt_cache AS c WHERE c.cache = prompt_cache_index.cache);
    index_name text := 'prompt_entry_' || cache || '_vector';
BEGIN
    IF wanted.cache IS NULL OR NOT EXISTS (SELECT FROM pg_am AS m WHERE m.amname = 'steward_ivf') THEN
        RETURN;
    END IF;
    IF to_regclass(format('steward.%I', index_name)) IS NOT NULL THEN
        EXECUTE format('DROP INDEX steward.%I', index_name);
    END IF;
    -- Vectors of another dimension, which a model of before has made, are out of it.
    EXECUTE format('CREATE INDEX %I ON steward.%I USING steward_ivf (vector) WHERE cardinality(vector) = %s',
                   index_name, 'prompt_entry_' || cache, wanted.dimension);
END $$;
COMMENT ON FUNCTION steward.prompt_cache_index(text) IS 'makes the index of a prompt cache anew';
REVOKE ALL ON FUNCTION steward.prompt_cache_index(text) FROM PUBLIC;

CREATE FUNCTION steward.prompt_cache_place() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms'
AS $$
DECLARE
    part text := 'prompt_entry_' || coalesce(NEW.cache, OLD.cache);
BEGIN
    IF TG_OP = 'INSERT' AND to_regclass(format('steward.%I', part)) IS NULL THEN
        -- Made alone and then attached: nobody who reads or writes other caches is waited for.
        EXECUTE format('CREATE TABLE steward.%I (LIKE steward.prompt_entry INCLUDING ALL) WITH (autovacuum_vacuum_scale_factor = 0.1)', part);
        EXECUTE format('ALTER TABLE steward.prompt_entry ATTACH PARTITION steward.%I FOR VALUES IN (%L)', part, NEW.cache);
    ELSIF TG_OP = 'UPDATE' AND NEW.cache <> OLD.cache THEN
        RAISE EXCEPTION 'a prompt cache keeps its name' USING ERRCODE = 'feature_not_supported';
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE format('DROP TABLE IF EXISTS steward.%I', part);
        DELETE FROM steward.prompt_ring AS r WHERE r.cache = OLD.cache;
        DELETE FROM steward.prompt_label AS l WHERE l.cache = OLD.cache;
        RETURN NULL;
    END IF;
    INSERT INTO steward.prompt_ring AS r (cache, shard, turn, places)
    SELECT NEW.cache, s, 0, (NEW.max_entries - s + 15) / 16 FROM generate_series(0, 15) AS s ON CONFLICT DO NOTHING;
    IF TG_OP = 'INSERT' OR NEW.dimension <> OLD.dimension THEN
        PERFORM steward.prompt_cache_index(NEW.cache);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION steward.prompt_cache_place() IS 'makes the partition, the index and the rings of a prompt cache, and drops them with it';
REVOKE ALL ON FUNCTION steward.prompt_cache_place() FROM PUBLIC;
CREATE TRIGGER place AFTER INSERT OR UPDATE OR DELETE ON steward.prompt_cache
    FOR EACH ROW EXECUTE FUNCTION steward.prompt_cache_place();

GRANT SELECT ON steward.prompt_cache, steward.prompt_entry, steward.prompt_ring, steward.prompt_label TO steward_reader;
GRANT INSERT, UPDATE, DELETE ON steward.prompt_cache, steward.prompt_entry, steward.prompt_ring, steward.prompt_label TO steward_writer;

COMMIT;
