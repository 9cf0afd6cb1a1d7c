-- What is in prompt caches: stored, found by the same prompt or by a similar one, computed where it is not there.

CREATE FUNCTION prompt_count(cache text, outcome text) RETURNS void
    AS 'MODULE_PATHNAME', 'steward_prompt_count'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 50;
REVOKE ALL ON FUNCTION prompt_count(text, text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_count(text, text) IS 'counts a lookup in memory: exact, similar, refused or missed';

CREATE FUNCTION prompt_count_forget(cache text) RETURNS void
    AS 'MODULE_PATHNAME', 'steward_prompt_count_forget'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 50;
REVOKE ALL ON FUNCTION prompt_count_forget(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_count_forget(text) IS 'sets the counts of a prompt cache to zero';

CREATE FUNCTION prompt_counts(OUT cache text, OUT exact_hits bigint, OUT similar_hits bigint, OUT refused bigint, OUT missed bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_prompt_counts'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 5;
REVOKE ALL ON FUNCTION prompt_counts() FROM PUBLIC;
COMMENT ON FUNCTION prompt_counts() IS 'how lookups of each prompt cache of this database ended, since the server has started';

CREATE FUNCTION prompt_text_key(prompt text) RETURNS bytea
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 500 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN sha256(convert_to(btrim(regexp_replace(CASE getdatabaseencoding() WHEN 'UTF8' THEN normalize(prompt) ELSE prompt END, '\s+', ' ', 'g')),
                             getdatabaseencoding()));
END $$;
REVOKE ALL ON FUNCTION prompt_text_key(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_text_key(text) IS 'by which a prompt is found exactly: blanks count as one, and equivalent characters as the same';

CREATE FUNCTION prompt_scope_key(version bytea, scope jsonb) RETURNS bytea
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN substr(sha256(version || sha256(convert_to(scope::text, getdatabaseencoding()))), 1, 16);
END $$;
REVOKE ALL ON FUNCTION prompt_scope_key(bytea, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION prompt_scope_key(bytea, jsonb) IS 'what entries have to have in common: the version of the model, and the scope';

CREATE FUNCTION prompt_vector(cache text, prompt text, vector real[]) RETURNS real[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of record;
BEGIN
    SELECT CASE c.similarity WHEN 'hybrid' THEN 'hashed' ELSE c.model END AS model, c.given, c.dimension INTO of FROM steward.prompt_cache AS c WHERE c.cache = cache;
    IF vector IS NULL THEN
        RETURN CASE WHEN NOT of.given THEN steward.embed(prompt, of.model) END;
    ELSIF NOT of.given THEN
        RAISE EXCEPTION 'prompt cache "%" makes its vectors itself', cache
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A cache that was made with a dimension takes vectors.';
    ELSIF array_ndims(vector) <> 1 OR cardinality(vector) <> of.dimension OR array_position(vector, NULL) IS NOT NULL
          OR 'NaN' = ANY (vector) OR 'Infinity' = ANY (vector) OR '-Infinity' = ANY (vector) OR NOT 0 <> ANY (vector) THEN
        RAISE EXCEPTION 'prompt cache "%" takes vectors of % dimensions, finite and not all zero', cache, of.dimension USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN vector;
END $$;
REVOKE ALL ON FUNCTION prompt_vector(text, text, real[]) FROM PUBLIC;
COMMENT ON FUNCTION prompt_vector(text, text, real[]) IS 'the vector of a prompt: the given one, or that of the model; null if there is none';

CREATE FUNCTION prompt_found(cache text) RETURNS bytea
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    version bytea;
BEGIN
    PERFORM steward.migration_require('prompt_cache');
    SELECT steward.prompt_version(c.model, c.given, c.model_version, c.similarity) INTO version FROM steward.prompt_cache AS c WHERE c.cache = prompt_found.cache;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'prompt cache "%" does not exist', cache
            USING ERRCODE = 'undefined_object', HINT = 'steward.prompt_cache_create() makes one; those of others, who have granted nothing, are not seen.';
    ELSIF version IS NULL THEN
        RAISE EXCEPTION 'the embedding model of prompt cache "%" does not exist', cache
            USING ERRCODE = 'undefined_object', HINT = 'Import it again, or name another one in steward.prompt_cache_alter().';
    END IF;
    RETURN version;
END $$;
REVOKE ALL ON FUNCTION prompt_found(text) FROM PUBLIC;
COMMENT ON FUNCTION prompt_found(text) IS 'the version of the model of a prompt cache; raises 42704 if there is none';

-- The index gives the order; the settings see to it, whatever statistics a young table has.
CREATE FUNCTION prompt_candidates(cache text, scope_key bytea, prompt text, vector real[], k integer, bound double precision, at timestamptz,
                                  OUT slot integer, OUT similarity double precision, OUT cosine double precision, OUT refused text,
                                  OUT matched_prompt text, OUT answer text, OUT stored_at timestamptz) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 ROWS 20
    SET search_path = pg_catalog, pg_temp SET enable_sort = off SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    of record;
    few boolean;
BEGIN
    SELECT c.* INTO of FROM steward.prompt_cache AS c WHERE c.cache = prompt_candidates.cache;
    -- The entries of a small scope are compared one by one: the index would have to pass those of all others.
    EXECUTE format('SELECT count(*) < 100 FROM (SELECT FROM steward.prompt_entry AS e WHERE e.cache = %L AND e.scope_key = $1 LIMIT 100) AS s', cache)
    INTO few USING scope_key;
    RETURN QUERY EXECUTE format(
        $q$WITH near AS MATERIALIZED (
               SELECT e.slot, e.prompt, e.answer, e.stored_at, e.vector OPERATOR(steward.<=>) $1 AS distance
               FROM (SELECT * FROM steward.prompt_entry AS e
                     WHERE e.cache = %1$L AND cardinality(e.vector) = %2$s AND e.scope_key = $2 AND (e.expires_at IS NULL OR e.expires_at > $3) %3$s) AS e
               ORDER BY e.vector OPERATOR(steward.<=>) $1 LIMIT $4),
           seen AS (SELECT n.*, CASE WHEN n.distance = 'NaN' THEN 0 ELSE round(greatest(1 - n.distance, 0)::numeric, 6)::float8 END AS cosine FROM near AS n),
           likely AS (SELECT s.* FROM seen AS s WHERE $8 OR s.cosine >= $5),
           scored AS (SELECT s.*, c.score IS NOT NULL AS compared, c.negation, c.numbers,
                             CASE WHEN NOT $8 OR c.score IS NULL THEN s.cosine ELSE round((CASE WHEN $9 THEN (s.cosine + c.score) / 2 ELSE c.score END)::numeric, 6)::float8 END AS similarity
                      FROM likely AS s LEFT JOIN LATERAL (SELECT nullif(p.score, 'NaN') AS score, p.negation, p.numbers
                           FROM steward.semantic_score(CASE WHEN $7 OR $8 THEN $6 END, s.prompt, %4$L) AS p) AS c ON true)
           SELECT s.slot, s.similarity, s.cosine, CASE WHEN NOT $7 OR NOT s.compared THEN NULL WHEN s.negation THEN 'negation' WHEN s.numbers THEN 'numbers' END,
                  s.prompt, s.answer, s.stored_at
           FROM scored AS s ORDER BY s.similarity DESC, s.stored_at DESC, s.slot$q$,
        cache, of.dimension, CASE WHEN few THEN 'OFFSET 0' ELSE '' END, CASE WHEN of.given THEN 'hashed' ELSE of.model END)
    USING vector, scope_key, at, k, bound, prompt, of.verify, of.similarity = 'hybrid', of.given;
END $$;
REVOKE ALL ON FUNCTION prompt_candidates(text, bytea, text, real[], integer, double precision, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION prompt_candidates(text, bytea, text, real[], integer, double precision, timestamptz) IS
    'the entries of a scope that are nearest to a vector, how similar each is, and why it is none for all that';

CREATE FUNCTION prompt_nearest(cache text, prompt text, k integer DEFAULT 5, scope jsonb DEFAULT '{}', vector real[] DEFAULT NULL,
                               OUT similarity double precision, OUT refused text, OUT matched_prompt text, OUT answer text, OUT stored_at timestamptz)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    version bytea := steward.prompt_found(cache);
    sought real[] := steward.prompt_vector(cache, prompt, vector);
BEGIN
    IF k IS NULL OR k NOT BETWEEN 1 AND 1000 OR scope IS NULL OR cache IS NULL THEN
        RAISE EXCEPTION 'a cache, a scope and 1 <= k <= 1000 are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT c.similarity, c.refused, c.matched_prompt, c.answer, c.stored_at
    FROM steward.prompt_candidates(cache, steward.prompt_scope_key(version, scope), prompt, sought, greatest(k, 20), 0, clock_timestamp()) AS c
    WHERE sought IS NOT NULL LIMIT k;
END $$;
REVOKE ALL ON FUNCTION prompt_nearest(text, text, integer, jsonb, real[]) FROM PUBLIC;
COMMENT ON FUNCTION prompt_nearest(text, text, integer, jsonb, real[]) IS
    'the entries of a prompt cache that are most similar to a prompt, whatever the threshold';

CREATE FUNCTION prompt_get(cache text, prompt text, scope jsonb DEFAULT '{}', vector real[] DEFAULT NULL, threshold double precision DEFAULT NULL,
                           OUT answer text, OUT similarity double precision, OUT exact boolean, OUT matched_prompt text, OUT stored_at timestamptz,
                           OUT hit_id text) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    version bytea := steward.prompt_found(cache);
    at timestamptz := clock_timestamp();
    measured bigint := steward.operation_begin('prompt', 'prompt_get');
    within bytea := steward.prompt_scope_key(version, scope);
    outcome text := 'missed';
    sought real[];
    bound double precision;
    kind text;
    found_entry record;
BEGIN
    IF cache IS NULL OR scope IS NULL OR prompt IS NULL AND vector IS NULL THEN
        RAISE EXCEPTION 'a cache, a prompt or a vector, and a scope are needed' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT e.answer, e.prompt, e.stored_at INTO found_entry FROM steward.prompt_entry AS e
    WHERE e.cache = prompt_get.cache AND e.scope_key = within AND e.prompt_key = steward.prompt_text_key(prompt_get.prompt)
          AND (e.expires_at IS NULL OR e.expires_at > at);
    IF FOUND THEN
        outcome := 'exact';
        RETURN QUERY SELECT found_entry.answer, 1::double precision, true, found_entry.prompt, found_entry.stored_at, steward.prompt_hit_id('exact', 1, version);
    ELSE
        SELECT coalesce(prompt_get.threshold, c.threshold), c.similarity INTO bound, kind FROM steward.prompt_cache AS c WHERE c.cache = prompt_get.cache;
        sought := steward.prompt_vector(cache, prompt, vector);
        IF sought IS NOT NULL THEN
            FOR found_entry IN SELECT * FROM steward.prompt_candidates(cache, within, prompt, sought, 20, bound, at) AS c WHERE c.similarity >= bound LOOP
                outcome := CASE WHEN found_entry.refused IS NULL THEN 'similar' ELSE 'refused' END;
                EXIT WHEN outcome = 'similar';
            END LOOP;
        END IF;
        IF outcome = 'similar' THEN
            RETURN QUERY SELECT found_entry.answer, found_entry.similarity, false, found_entry.matched_prompt, found_entry.stored_at,
                                steward.prompt_hit_id(kind, found_entry.similarity, version);
        END IF;
    END IF;
    PERFORM steward.prompt_count(cache, outcome);
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION prompt_get(text, text, jsonb, real[], double precision) FROM PUBLIC;
COMMENT ON FUNCTION prompt_get(text, text, jsonb, real[], double precision) IS
    'the answer to the same prompt, or else to the most similar one if that is similar enough; no row if there is none';

CREATE FUNCTION prompt_set(cache text, prompt text, answer text, scope jsonb DEFAULT '{}', vector real[] DEFAULT NULL, ttl interval DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    version bytea := steward.prompt_found(cache);
    at timestamptz := clock_timestamp();
    within bytea := steward.prompt_scope_key(version, scope);
    key bytea := coalesce(steward.prompt_text_key(prompt), sha256(array_send(vector)));
    made real[];
    until timestamptz;
    ring record;
BEGIN
    IF cache IS NULL OR answer IS NULL OR scope IS NULL OR key IS NULL THEN
        RAISE EXCEPTION 'a cache, a prompt or a vector, an answer and a scope are needed' USING ERRCODE = 'null_value_not_allowed';
    ELSIF ttl <= interval '0' THEN
        RAISE EXCEPTION 'ttl must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    made := steward.prompt_vector(cache, prompt, vector);
    until := at + coalesce(ttl, (SELECT c.ttl FROM steward.prompt_cache AS c WHERE c.cache = cache));
    UPDATE steward.prompt_entry AS e SET prompt = prompt, answer = answer, vector = coalesce(made, e.vector), stored_at = at, expires_at = until
    WHERE e.cache = cache AND e.scope_key = within AND e.prompt_key = key;
    IF FOUND THEN
        RETURN;
    END IF;
    -- The place that was taken longest ago, of the rings that no other transaction holds.
    SELECT r.shard, r.turn, r.places INTO ring FROM steward.prompt_ring AS r
    WHERE r.cache = cache AND r.places > 0 ORDER BY r.turn / r.places, r.turn % r.places, r.shard LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        SELECT r.shard, r.turn, r.places INTO ring FROM steward.prompt_ring AS r
        WHERE r.cache = cache AND r.places > 0 ORDER BY random() LIMIT 1 FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'permission denied to store into prompt cache "%"', cache
                USING ERRCODE = 'insufficient_privilege', HINT = 'Its owner may call steward.prompt_cache_grant(cache, role, ''write'').';
        END IF;
    END IF;
    UPDATE steward.prompt_ring AS r SET turn = r.turn + 1 WHERE r.cache = cache AND r.shard = ring.shard;
    DELETE FROM steward.prompt_entry AS e WHERE e.cache = cache AND e.slot = ring.shard + 16 * (ring.turn % ring.places);
    -- Where another transaction has just stored the same prompt, that one stays.
    INSERT INTO steward.prompt_entry (cache, slot, scope_key, prompt_key, version, scope, prompt, answer, vector, stored_at, expires_at)
    VALUES (cache, ring.shard + 16 * (ring.turn % ring.places), within, key, version, scope, prompt, answer, made, at, until)
    ON CONFLICT DO NOTHING;
END $$;
REVOKE ALL ON FUNCTION prompt_set(text, text, text, jsonb, real[], interval) FROM PUBLIC;
COMMENT ON FUNCTION prompt_set(text, text, text, jsonb, real[], interval) IS
    'stores the answer to a prompt; in a full cache it takes the place of the one that was stored longest ago';

CREATE FUNCTION prompt_delete(cache text, prompt text, scope jsonb DEFAULT '{}') RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.prompt_found(cache);
    DELETE FROM steward.prompt_entry AS e
    WHERE e.cache = prompt_delete.cache AND e.prompt_key = steward.prompt_text_key(prompt_delete.prompt) AND e.scope = prompt_delete.scope;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION prompt_delete(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION prompt_delete(text, text, jsonb) IS 'removes the answer to exactly that prompt; false if there was none';

CREATE FUNCTION prompt_clear(cache text, scope jsonb DEFAULT NULL, expired boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM steward.prompt_found(cache);
    DELETE FROM steward.prompt_entry AS e
    WHERE e.cache = prompt_clear.cache AND (prompt_clear.scope IS NULL OR e.scope = prompt_clear.scope)
          AND (NOT coalesce(expired, false) OR e.expires_at <= clock_timestamp());
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION prompt_clear(text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION prompt_clear(text, jsonb, boolean) IS 'removes all entries of a prompt cache, or those of a scope, or those whose time is over; and says how many';

CREATE FUNCTION prompt_call(function regprocedure, arguments regtype[]) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    called text := (SELECT format('%I.%I', n.nspname, p.proname) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
                    WHERE p.oid = function AND p.prokind = 'f' AND NOT p.proretset AND p.prorettype = 'text'::regtype
                          AND ARRAY(SELECT unnest(p.proargtypes)) = arguments::oid[]);
BEGIN
    IF called IS NULL THEN
        RAISE EXCEPTION '% is no function (%) that returns text', function, array_to_string(arguments, ', ') USING ERRCODE = 'invalid_function_definition';
    END IF;
    RETURN called;
END $$;
REVOKE ALL ON FUNCTION prompt_call(regprocedure, regtype[]) FROM PUBLIC;
COMMENT ON FUNCTION prompt_call(regprocedure, regtype[]) IS 'the name by which such a function is called; raises 42P13 if it is another one';

CREATE FUNCTION prompt_same(cache text, prompt text, scope jsonb) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT e.answer FROM steward.prompt_entry AS e
            WHERE e.cache = prompt_same.cache AND e.scope_key = steward.prompt_scope_key(steward.prompt_found(prompt_same.cache), prompt_same.scope)
                  AND e.prompt_key = steward.prompt_text_key(prompt_same.prompt) AND (e.expires_at IS NULL OR e.expires_at > clock_timestamp()));
END $$;
REVOKE ALL ON FUNCTION prompt_same(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION prompt_same(text, text, jsonb) IS 'the answer to exactly that prompt, not counted; null if there is none';

-- No SET: what the caller names runs as he would run it.
CREATE FUNCTION prompt_fetch(cache text, prompt text, compute regprocedure, scope jsonb DEFAULT '{}', adapter regprocedure DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
DECLARE
    computed text := steward.prompt_call(compute, '{pg_catalog.text,pg_catalog.jsonb}');
    adapted text := steward.prompt_call(adapter, '{pg_catalog.text,pg_catalog.text,pg_catalog.text}');
    hit record;
    result text;
BEGIN
    IF cache IS NULL OR prompt IS NULL OR compute IS NULL OR scope IS NULL THEN
        RAISE EXCEPTION 'a cache, a prompt, a function and a scope are needed' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO hit FROM steward.prompt_get(cache, prompt, scope);
    IF NOT FOUND THEN
        -- Whoever asks the same meanwhile waits, and finds it.
        PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.jsonb_build_array('prompt_fetch', cache, prompt, scope)::pg_catalog.text, 0));
        result := steward.prompt_same(cache, prompt, scope);
        IF result IS NOT NULL THEN
            RETURN result;
        END IF;
        EXECUTE pg_catalog.format('SELECT %s($1, $2)', computed) INTO result USING prompt, scope;
        IF result IS NOT NULL THEN
            PERFORM steward.prompt_set(cache, prompt, result, scope);
        END IF;
        RETURN result;
    ELSIF adapted IS NULL OR hit.exact THEN
        RETURN hit.answer;
    END IF;
    EXECUTE pg_catalog.format('SELECT %s($1, $2, $3)', adapted) INTO result USING prompt, hit.matched_prompt, hit.answer;
    RETURN result;
END $$;
REVOKE ALL ON FUNCTION prompt_fetch(text, text, regprocedure, jsonb, regprocedure) FROM PUBLIC;
COMMENT ON FUNCTION prompt_fetch(text, text, regprocedure, jsonb, regprocedure) IS
    'the answer of a prompt cache, or else what a function makes of the prompt and the scope, which is stored; an adapter, if there is one, rewrites what a similar prompt has got';
