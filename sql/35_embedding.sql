-- Columns of vectors that are kept in step with columns of texts: by a trigger from the moment on when they are made, and
-- by jobs for the rows that were there before, or that another version of the model has made.

CREATE FUNCTION embedding_keep() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_embedding_keep'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 3000;
REVOKE ALL ON FUNCTION embedding_keep() FROM PUBLIC;
COMMENT ON FUNCTION embedding_keep() IS 'trigger of tables that embedding_create() was called for';

CREATE FUNCTION embedding_own(relation regclass, vector_column name) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('embeddings');
    IF NOT pg_has_role((SELECT c.relowner FROM pg_class AS c WHERE c.oid = relation), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM steward.embedding AS e WHERE e.relation = embedding_own.relation AND e.vector_column = embedding_own.vector_column) THEN
        RAISE EXCEPTION '% has no embedding "%"', relation, vector_column
            USING ERRCODE = 'undefined_object', HINT = 'View steward.embeddings has all of them.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION embedding_own(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION embedding_own(regclass, name) IS 'raises 42704 if a table has no such embedding, 42501 if it is another one''s';

CREATE FUNCTION embedding_hash(model text) RETURNS bytea
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE model WHEN 'hashed' THEN 'hashed-1'::bytea ELSE (SELECT m.hash FROM steward.embedding_model AS m WHERE m.name = model) END
$$;
REVOKE ALL ON FUNCTION embedding_hash(text) FROM PUBLIC;
COMMENT ON FUNCTION embedding_hash(text) IS 'what names the version of an embedding model';

CREATE FUNCTION embedding_parts(relation regclass) RETURNS regclass[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(array_agg(c.oid::regclass ORDER BY c.oid), '{}') FROM pg_class AS c
    WHERE c.relkind = 'r' AND (c.oid = relation OR c.oid IN (SELECT t.relid FROM pg_partition_tree(relation) AS t WHERE t.isleaf))
$$;
REVOKE ALL ON FUNCTION embedding_parts(regclass) FROM PUBLIC;
COMMENT ON FUNCTION embedding_parts(regclass) IS 'the tables that hold the rows of a table: its partitions, or itself';

CREATE FUNCTION embedding_enqueue(relation regclass, vector_column name, round bigint, place text) RETURNS bigint
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT steward.job_enqueue('embedding_fill', jsonb_build_object('relation', relation::oid::bigint, 'column', vector_column, 'round', round),
                               queue => 'embeddings', unique_key => format('%s %s %s %s', relation::oid, vector_column, round, place))
$$;
REVOKE ALL ON FUNCTION embedding_enqueue(regclass, name, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION embedding_enqueue(regclass, name, bigint, text) IS 'enqueues the next batch of rows to be embedded';

CREATE FUNCTION embedding_refresh(relation regclass, vector_column name DEFAULT 'embedding') RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    begun bigint;
BEGIN
    PERFORM steward.embedding_own(relation, vector_column);
    UPDATE steward.embedding AS e SET hash = steward.embedding_hash(e.model), round = e.round + 1, part = NULL, page = 0, filled_at = NULL, written = 0
    WHERE e.relation = relation AND e.vector_column = vector_column RETURNING e.round INTO begun;
    PERFORM steward.embedding_enqueue(relation, vector_column, begun, 'start');
END $$;
REVOKE ALL ON FUNCTION embedding_refresh(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION embedding_refresh(regclass, name) IS 'has jobs look at every row, and embed those anew whose vector is not that of their text';

CREATE FUNCTION embedding_watch(relation regclass, vector_column name, text_column name, model text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- The last of its kind, so that it sees the text as it will be.
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION steward.embedding_keep(%L, %L, %L)',
                   'zz_steward_embedding_' || vector_column, relation, text_column, vector_column, model);
END $$;
REVOKE ALL ON FUNCTION embedding_watch(regclass, name, name, text) FROM PUBLIC;
COMMENT ON FUNCTION embedding_watch(regclass, name, name, text) IS 'makes the trigger of a table that has an embedding';

CREATE FUNCTION embedding_create(relation regclass, text_column name, model text DEFAULT 'hashed', vector_column name DEFAULT 'embedding') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = relation);
    text_type regtype := (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = text_column AND a.attnum > 0 AND NOT a.attisdropped);
    vector_type regtype := (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = vector_column AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
    PERFORM steward.migration_require('embeddings');
    IF relation IS NULL OR text_column IS NULL OR model IS NULL OR vector_column IS NULL THEN
        RAISE EXCEPTION 'a relation, a column, a model and a vector column are needed' USING ERRCODE = 'null_value_not_allowed';
    ELSIF of.relkind NOT IN ('r', 'p') OR of.relpersistence = 't' OR relation < 16384::oid THEN
        RAISE EXCEPTION 'cannot keep an embedding in "%"', relation USING ERRCODE = 'wrong_object_type', DETAIL = 'It is not a table that stays, or one of the system.';
    ELSIF NOT pg_has_role(of.relowner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
    ELSIF text_type IS NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', text_column, relation USING ERRCODE = 'undefined_column';
    ELSIF text_type NOT IN ('text'::regtype, 'varchar'::regtype) THEN
        RAISE EXCEPTION 'column "%" is of type %, not text', text_column, text_type USING ERRCODE = 'datatype_mismatch';
    ELSIF coalesce(vector_type, 'real[]'::regtype) <> 'real[]'::regtype THEN
        RAISE EXCEPTION 'column "%" is of type %, not real[]', vector_column, vector_type USING ERRCODE = 'datatype_mismatch';
    END IF;
    PERFORM steward.embed('model', model); -- raises what is wrong with it
    INSERT INTO steward.embedding (relation, vector_column, text_column, model, owner, hash)
    VALUES (relation, vector_column, text_column, model, of.relowner, steward.embedding_hash(model)) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% already has an embedding "%"', relation, vector_column USING ERRCODE = 'duplicate_object';
    END IF;
    IF vector_type IS NULL THEN
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I real[]', relation, vector_column);
    END IF;
    PERFORM steward.embedding_watch(relation, vector_column, text_column, model);
    IF (SELECT coalesce(sum(pg_relation_size(p)), 0) FROM unnest(steward.embedding_parts(relation)) AS p) = 0 THEN
        UPDATE steward.embedding AS e SET filled_at = clock_timestamp() WHERE e.relation = relation AND e.vector_column = vector_column;
    ELSE
        PERFORM steward.embedding_enqueue(relation, vector_column, 0, 'start');
    END IF;
END $$;
REVOKE ALL ON FUNCTION embedding_create(regclass, name, text, name) FROM PUBLIC;
COMMENT ON FUNCTION embedding_create(regclass, name, text, name) IS
    'keeps a column of vectors in step with a column of texts, by an embedding model; jobs bring in the rows that are there';

CREATE FUNCTION embedding_drop(relation regclass, vector_column name DEFAULT 'embedding') RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    trigger_name name := 'zz_steward_embedding_' || vector_column;
BEGIN
    PERFORM steward.embedding_own(relation, vector_column);
    DELETE FROM steward.embedding AS e WHERE e.relation = relation AND e.vector_column = vector_column;
    IF EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = trigger_name) THEN
        EXECUTE format('DROP TRIGGER %I ON %s', trigger_name, relation);
    END IF;
END $$;
REVOKE ALL ON FUNCTION embedding_drop(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION embedding_drop(regclass, name) IS 'ends what embedding_create() began; the column and its vectors stay';

CREATE FUNCTION embedding_take(relation regclass, vector_column name, round bigint) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
#variable_conflict use_variable
DECLARE
    todo steward.embedding;
BEGIN
    SELECT e.* INTO todo FROM steward.embedding AS e
    WHERE e.relation = relation AND e.vector_column = vector_column AND e.round = round AND e.filled_at IS NULL FOR UPDATE;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation) THEN
        RETURN NULL; -- dropped, or begun anew
    END IF;
    IF todo.part IS NULL THEN
        -- Whoever began to write before does so with the version of before, and is waited for.
        EXECUTE format('LOCK TABLE %s IN SHARE MODE', relation);
        RETURN '';
    END IF;
    -- A row that somebody else changes meanwhile is embedded by its trigger, and left out here.
    RETURN format($q$UPDATE ONLY %1$s AS t SET %2$I = NULL
        FROM (SELECT c.ctid AS place, steward.embed(c.%3$I, %4$L) AS vector FROM ONLY %1$s AS c
              WHERE c.ctid OPERATOR(pg_catalog.>=) '(%5$s,0)' AND c.ctid OPERATOR(pg_catalog.<) '(%6$s,0)' OFFSET 0) AS n
        WHERE t.ctid OPERATOR(pg_catalog.=) n.place AND t.ctid OPERATOR(pg_catalog.>=) '(%5$s,0)' AND t.ctid OPERATOR(pg_catalog.<) '(%6$s,0)'
              AND CASE WHEN n.vector IS NULL THEN t.%2$I IS NOT NULL ELSE t.%2$I IS NULL OR t.%2$I OPERATOR(pg_catalog.<>) n.vector END$q$,
        todo.part, vector_column, todo.text_column, todo.model, todo.page, least(todo.page + 256, todo.pages));
END $$;
REVOKE ALL ON FUNCTION embedding_take(regclass, name, bigint) FROM PUBLIC;
COMMENT ON FUNCTION embedding_take(regclass, name, bigint) IS 'the statement for the next batch of rows to be embedded; null if there is none';

CREATE FUNCTION embedding_advance(relation regclass, vector_column name, written bigint) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    todo steward.embedding := (SELECT e FROM steward.embedding AS e WHERE e.relation = relation AND e.vector_column = vector_column);
BEGIN
    todo.page := CASE WHEN todo.part IS NULL THEN 0 ELSE todo.page + 256 END;
    IF todo.part IS NULL OR todo.page >= todo.pages THEN
        todo.part := (SELECT p FROM unnest(steward.embedding_parts(relation)) WITH ORDINALITY AS l (p, n)
                      WHERE p::oid > coalesce(todo.part::oid, 0::oid) ORDER BY n LIMIT 1);
        todo.page := 0;
        todo.pages := coalesce(pg_relation_size(todo.part) / current_setting('block_size')::integer, 0);
    END IF;
    UPDATE steward.embedding AS e
    SET part = todo.part, page = todo.page, pages = todo.pages, written = e.written + written, filled_at = CASE WHEN todo.part IS NULL THEN clock_timestamp() END
    WHERE e.relation = relation AND e.vector_column = vector_column;
    IF todo.part IS NOT NULL THEN
        PERFORM steward.embedding_enqueue(relation, vector_column, todo.round, format('%s %s', todo.part::oid, todo.page));
    END IF;
    RETURN jsonb_build_object('written', written, 'done', todo.part IS NULL);
END $$;
REVOKE ALL ON FUNCTION embedding_advance(regclass, name, bigint) FROM PUBLIC;
COMMENT ON FUNCTION embedding_advance(regclass, name, bigint) IS 'writes down that a batch is done, and enqueues the next';

-- No SET: the triggers of the table are its owner's.
CREATE FUNCTION embedding_fill_job(job_id bigint, payload jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
DECLARE
    of regclass := (payload OPERATOR(pg_catalog.->>) 'relation')::pg_catalog.oid::pg_catalog.regclass;
    vector_column name := payload OPERATOR(pg_catalog.->>) 'column';
    command text := steward.embedding_take(of, vector_column, (payload OPERATOR(pg_catalog.->>) 'round')::bigint);
    written bigint := 0;
BEGIN
    IF command IS NULL THEN
        RETURN pg_catalog.jsonb_build_object('skipped', true);
    ELSIF command OPERATOR(pg_catalog.<>) '' THEN
        EXECUTE command;
        GET DIAGNOSTICS written = ROW_COUNT;
    END IF;
    RETURN steward.embedding_advance(of, vector_column, written);
END $$;
REVOKE ALL ON FUNCTION embedding_fill_job(bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION embedding_fill_job(bigint, jsonb) IS
    'handler of kind embedding_fill: embeds a batch of the rows of {"relation": oid, "column": ..., "round": ...} whose vector is not that of their text';

CREATE FUNCTION embedding_query(relation regclass, query text, "column" text, OUT vector_column text, OUT text_column text, OUT vector real[]) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    models text[];
    columns text[];
    texts text[];
BEGIN
    vector_column := "column";
    IF query ~ '^\s*\{[-+0-9.eE,\s]*\}\s*$' THEN
        vector := query::real[]; -- a vector without a type
        RETURN;
    END IF;
    PERFORM steward.migration_require('embeddings');
    SELECT array_agg(e.model ORDER BY e.vector_column), array_agg(e.vector_column ORDER BY e.vector_column), array_agg(e.text_column ORDER BY e.vector_column)
    INTO models, columns, texts
    FROM steward.embedding AS e WHERE e.relation = embedding_query.relation AND e.vector_column = coalesce(embedding_query."column", e.vector_column);
    IF models IS NULL THEN
        RAISE EXCEPTION '% has no embedding, by which it could be searched for a text', relation
            USING ERRCODE = 'undefined_object', HINT = 'Make one with steward.embedding_create(), or search for a vector.';
    ELSIF cardinality(models) > 1 THEN
        RAISE EXCEPTION '% has % embeddings', relation, cardinality(models) USING ERRCODE = 'ambiguous_column', HINT = 'Say which one: "column" => ''...''.';
    END IF;
    vector_column := columns[1];
    text_column := texts[1];
    vector := steward.embed(query, models[1]);
END $$;
REVOKE ALL ON FUNCTION embedding_query(regclass, text, text) FROM PUBLIC;
COMMENT ON FUNCTION embedding_query(regclass, text, text) IS 'the vector that a text is searched by in a table, and the column in which';

CREATE FUNCTION vector_search(relation regclass, query text, k integer DEFAULT 5, "column" text DEFAULT NULL, matching jsonb DEFAULT '{}',
                              rerank integer DEFAULT NULL, diversity float8 DEFAULT 0.5, OUT key jsonb, OUT distance float8, OUT "row" jsonb) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    wanted record;
BEGIN
    IF relation IS NULL OR query IS NULL THEN
        RAISE EXCEPTION 'a relation, a query, 1 <= k <= 10000 and 0 <= diversity <= 1 are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT q.vector_column, q.vector INTO wanted FROM steward.embedding_query(relation, query, vector_search."column") AS q;
    IF wanted.vector IS NOT NULL THEN -- else the text has no word that the model knows
        RETURN QUERY SELECT s.key, s.distance, s."row"
                     FROM steward.vector_search(relation, wanted.vector, k, wanted.vector_column, matching, rerank, diversity) AS s;
    END IF;
END $$;
REVOKE ALL ON FUNCTION vector_search(regclass, text, integer, text, jsonb, integer, float8) FROM PUBLIC;
COMMENT ON FUNCTION vector_search(regclass, text, integer, text, jsonb, integer, float8) IS
    'the same for a text, by the embedding of the table';
