-- Prompt caches: made, altered, granted, dropped. Their tables are those of migration prompt_cache.

CREATE FUNCTION prompt_version(model text, given boolean, model_version text, similarity text) RETURNS bytea
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 500 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN given THEN sha256(convert_to(model || E'\n' || model_version, getdatabaseencoding()))
                WHEN model = 'hashed' THEN 'hashed-1'::bytea
                ELSE (SELECT m.hash FROM steward.embedding_model AS m WHERE m.name = model) || CASE similarity WHEN 'hybrid' THEN 'hashed-1'::bytea ELSE '' END END;
END $$;
REVOKE ALL ON FUNCTION prompt_version(text, boolean, text, text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_version(text, boolean, text, text) IS 'what names the version of the model of a prompt cache: entries of another one are never compared';

CREATE FUNCTION prompt_dimension(model text, similarity text) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN model = 'hashed' OR similarity = 'hybrid' THEN 384 ELSE (SELECT m.dimension FROM steward.embedding_model AS m WHERE m.name = model) END
$$;
REVOKE ALL ON FUNCTION prompt_dimension(text, text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_dimension(text, text) IS 'how many dimensions the vectors have that a prompt cache makes: by the embedding model, or by the built-in one where it ranks by another score';

CREATE FUNCTION prompt_cache_own(cache text) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner regrole;
BEGIN
    PERFORM steward.migration_require('prompt_cache');
    owner := (SELECT c.owner FROM steward.prompt_cache AS c WHERE c.cache = prompt_cache_own.cache);
    IF owner IS NULL THEN
        RAISE EXCEPTION 'prompt cache "%" does not exist', cache
            USING ERRCODE = 'undefined_object', HINT = 'steward.prompt_cache_create() makes one; those of others, who have granted nothing, are not seen.';
    ELSIF NOT pg_has_role(owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of prompt cache "%"', cache USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
REVOKE ALL ON FUNCTION prompt_cache_own(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_own(text) IS 'raises 42704 if there is no such prompt cache, 42501 if it is another one''s';

CREATE FUNCTION prompt_cache_refuse(violation text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'invalid definition of a prompt cache' USING ERRCODE = 'invalid_parameter_value', DETAIL = violation || '.',
        HINT = 'The name has 1 to 32 lower-case letters, digits and underscores; threshold is 0 to 1; max_entries is 1 to 10000000; ttl is positive; '
               'similarity is cosine or hybrid; dimension is 1 to 16000.';
END $$;
REVOKE ALL ON FUNCTION prompt_cache_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_refuse(text) IS 'raises 22023 and says what a definition may be';

CREATE FUNCTION prompt_cache_create(
    cache text,
    model text DEFAULT 'hashed',
    threshold double precision DEFAULT 0.95,
    max_entries integer DEFAULT 10000,
    ttl interval DEFAULT '24 hours',
    verify boolean DEFAULT true,
    similarity text DEFAULT 'cosine',
    dimension integer DEFAULT NULL,
    model_version text DEFAULT '') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('prompt_cache');
    IF dimension IS NULL THEN
        PERFORM steward.embed('model', model); -- raises what is wrong with it
    END IF;
    INSERT INTO steward.prompt_cache AS c (cache, owner, model, given, model_version, dimension, similarity, threshold, verify, max_entries, ttl)
    VALUES (cache, quote_ident(current_user)::regrole, model, dimension IS NOT NULL, model_version, coalesce(dimension, steward.prompt_dimension(model, similarity)),
            similarity, threshold, verify, max_entries, ttl)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'prompt cache "%" already exists', cache USING ERRCODE = 'duplicate_object', HINT = 'steward.prompt_cache_alter() changes it.';
    END IF;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    PERFORM steward.prompt_cache_refuse(SQLERRM);
END $$;
REVOKE ALL ON FUNCTION prompt_cache_create(text, text, double precision, integer, interval, boolean, text, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_create(text, text, double precision, integer, interval, boolean, text, integer, text) IS
    'makes a cache of answers that are found by similar prompts; with a dimension, for vectors that callers give';

CREATE FUNCTION prompt_cache_resize(cache text, max_entries integer) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    -- Whoever stores holds one of these rows: from here on nobody does.
    UPDATE steward.prompt_ring AS r SET turn = least(r.turn, r.places, p.places), places = p.places
    FROM (SELECT s AS shard, (max_entries - s + 15) / 16 AS places FROM generate_series(0, 15) AS s) AS p
    WHERE r.cache = cache AND r.shard = p.shard;
    DELETE FROM steward.prompt_entry AS e WHERE e.cache = cache AND e.slot IN
        (SELECT o.slot FROM steward.prompt_entry AS o WHERE o.cache = cache ORDER BY o.stored_at DESC, o.slot DESC OFFSET max_entries);
    -- What is left goes into places that are left.
    UPDATE steward.prompt_entry AS e SET slot = f.slot
    FROM (SELECT o.slot, row_number() OVER (ORDER BY o.slot) AS n FROM steward.prompt_entry AS o WHERE o.cache = cache AND o.slot >= max_entries) AS o
    JOIN (SELECT s AS slot, row_number() OVER (ORDER BY s) AS n FROM generate_series(0, max_entries - 1) AS s
          WHERE NOT EXISTS (SELECT FROM steward.prompt_entry AS t WHERE t.cache = cache AND t.slot = s)) AS f ON f.n = o.n
    WHERE e.cache = cache AND e.slot = o.slot;
END $$;
REVOKE ALL ON FUNCTION prompt_cache_resize(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_resize(text, integer) IS 'gives a prompt cache another number of places; of too many entries the newest stay';

CREATE FUNCTION prompt_cache_refresh(cache text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of record;
    current bytea;
    refreshed bigint;
BEGIN
    PERFORM steward.prompt_cache_own(cache);
    SELECT c.* INTO of FROM steward.prompt_cache AS c WHERE c.cache = cache FOR UPDATE;
    current := steward.prompt_version(of.model, of.given, of.model_version, of.similarity);
    IF of.given THEN
        -- Nobody here can make these vectors: what another version has made goes.
        DELETE FROM steward.prompt_entry AS e WHERE e.cache = cache AND e.version <> current;
        RETURN 0;
    END IF;
    IF steward.prompt_dimension(of.model, of.similarity) <> of.dimension THEN
        UPDATE steward.prompt_cache AS c SET dimension = steward.prompt_dimension(of.model, of.similarity) WHERE c.cache = cache;
    END IF;
    DELETE FROM steward.prompt_entry AS e WHERE e.cache = cache AND e.version <> current AND
        (e.prompt IS NULL OR EXISTS (SELECT FROM steward.prompt_entry AS n WHERE n.cache = cache AND n.prompt_key = e.prompt_key
                                                                              AND n.scope_key = steward.prompt_scope_key(current, e.scope)));
    UPDATE steward.prompt_entry AS e SET vector = steward.prompt_vector(cache, e.prompt, NULL), version = current, scope_key = steward.prompt_scope_key(current, e.scope)
    WHERE e.cache = cache AND e.version <> current;
    GET DIAGNOSTICS refreshed = ROW_COUNT;
    RETURN refreshed;
END $$;
REVOKE ALL ON FUNCTION prompt_cache_refresh(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_refresh(text) IS 'embeds prompts anew whose vectors another version of the model has made; given vectors of another version go';

CREATE FUNCTION prompt_cache_alter(
    cache text,
    model text DEFAULT NULL,
    threshold double precision DEFAULT NULL,
    max_entries integer DEFAULT NULL,
    ttl interval DEFAULT NULL,
    verify boolean DEFAULT NULL,
    similarity text DEFAULT NULL,
    dimension integer DEFAULT NULL,
    model_version text DEFAULT NULL,
    owner regrole DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.prompt_cache_own(cache);
    IF dimension IS NOT NULL AND model IS NULL THEN
        RAISE EXCEPTION 'a dimension is that of a model, which has to be named too' USING ERRCODE = 'invalid_parameter_value';
    ELSIF model IS NOT NULL AND dimension IS NULL THEN
        PERFORM steward.embed('model', model);
    END IF;
    UPDATE steward.prompt_cache AS c
    SET given = CASE WHEN model IS NULL THEN c.given ELSE dimension IS NOT NULL END,
        dimension = CASE WHEN dimension IS NOT NULL THEN dimension WHEN c.given AND model IS NULL THEN c.dimension
                         ELSE steward.prompt_dimension(coalesce(model, c.model), coalesce(similarity, c.similarity)) END,
        model = coalesce(model, c.model),
        model_version = coalesce(model_version, c.model_version),
        threshold = coalesce(threshold, c.threshold),
        max_entries = coalesce(max_entries, c.max_entries),
        ttl = coalesce(ttl, c.ttl),
        verify = coalesce(verify, c.verify),
        similarity = coalesce(similarity, c.similarity)
    WHERE c.cache = cache;
    IF max_entries IS NOT NULL THEN
        PERFORM steward.prompt_cache_resize(cache, max_entries);
    END IF;
    IF model IS NOT NULL OR model_version IS NOT NULL OR similarity IS NOT NULL THEN
        PERFORM steward.prompt_cache_refresh(cache);
    END IF;
    IF owner IS NOT NULL THEN
        UPDATE steward.prompt_cache AS c SET owner = owner WHERE c.cache = cache;
    END IF;
EXCEPTION WHEN check_violation THEN
    PERFORM steward.prompt_cache_refuse(SQLERRM);
END $$;
REVOKE ALL ON FUNCTION prompt_cache_alter(text, text, double precision, integer, interval, boolean, text, integer, text, regrole) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_alter(text, text, double precision, integer, interval, boolean, text, integer, text, regrole) IS
    'changes a prompt cache; what is not named stays as it is; by another model the prompts are embedded anew';

CREATE FUNCTION prompt_cache_drop(cache text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.prompt_cache_own(cache);
    DELETE FROM steward.prompt_cache AS c WHERE c.cache = prompt_cache_drop.cache;
    PERFORM steward.prompt_count_forget(cache);
END $$;
REVOKE ALL ON FUNCTION prompt_cache_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_drop(text) IS 'drops a prompt cache and all that is in it';

CREATE FUNCTION prompt_cache_grant(cache text, role regrole, "right" text DEFAULT 'read') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF "right" IS NULL OR "right" NOT IN ('read', 'write') OR role IS NULL THEN
        RAISE EXCEPTION 'a role and a right, read or write, are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM steward.prompt_cache_own(cache);
    UPDATE steward.prompt_cache AS c
    SET readers = CASE "right" WHEN 'read' THEN array_append(array_remove(c.readers, role), role) ELSE c.readers END,
        writers = CASE "right" WHEN 'write' THEN array_append(array_remove(c.writers, role), role) ELSE c.writers END
    WHERE c.cache = cache;
END $$;
REVOKE ALL ON FUNCTION prompt_cache_grant(text, regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_grant(text, regrole, text) IS
    'lets the members of a role read a prompt cache, or write and read it; role 0 is everybody';

CREATE FUNCTION prompt_cache_revoke(cache text, role regrole, "right" text DEFAULT 'read') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF "right" IS NULL OR "right" NOT IN ('read', 'write') OR role IS NULL THEN
        RAISE EXCEPTION 'a role and a right, read or write, are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM steward.prompt_cache_own(cache);
    UPDATE steward.prompt_cache AS c
    SET readers = CASE "right" WHEN 'read' THEN array_remove(c.readers, role) ELSE c.readers END,
        writers = array_remove(c.writers, role)
    WHERE c.cache = cache;
END $$;
REVOKE ALL ON FUNCTION prompt_cache_revoke(text, regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_cache_revoke(text, regrole, text) IS 'takes a right back that prompt_cache_grant has given; with the right to read goes that to write';
