-- The rows of a table that are nearest to a vector, or fit words best, or both.

CREATE FUNCTION vector_mmr(query real[], vectors real[], k integer DEFAULT 5, diversity float8 DEFAULT 0.5, OUT "position" integer, OUT score float8)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_vector_mmr'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
REVOKE ALL ON FUNCTION vector_mmr(real[], real[], integer, float8) FROM PUBLIC;
COMMENT ON FUNCTION vector_mmr(real[], real[], integer, float8) IS
    'chooses vectors that are like a query, and not all alike (maximal marginal relevance): their positions in a two-dimensional array';

CREATE FUNCTION vector_type() RETURNS oid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.oid FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_type'::regclass
           JOIN pg_type AS t ON t.oid = d.objid
    WHERE e.extname = 'vector' AND t.typname = 'vector' AND d.deptype = 'e'
$$;
REVOKE ALL ON FUNCTION vector_type() FROM PUBLIC;
COMMENT ON FUNCTION vector_type() IS 'the type of pgvector; null where that extension is not installed';

CREATE FUNCTION vector_column(relation regclass, wanted text, type regtype) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text[] := ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                            AND (a.atttypid = type OR (type = 'real[]'::regtype AND a.atttypid = steward.vector_type()))
                            AND (wanted IS NULL OR a.attname = wanted) ORDER BY a.attnum);
BEGIN
    IF cardinality(columns) = 1 THEN
        RETURN columns[1];
    ELSIF wanted IS NOT NULL THEN
        RAISE EXCEPTION '% has no column "%" of type %', relation, wanted, type USING ERRCODE = 'undefined_column';
    END IF;
    RAISE EXCEPTION '% has % columns of type %', relation, cardinality(columns), type
        USING ERRCODE = 'ambiguous_column', HINT = 'Say which one: "column" => ''...''.';
END $$;
REVOKE ALL ON FUNCTION vector_column(regclass, text, regtype) FROM PUBLIC;
COMMENT ON FUNCTION vector_column(regclass, text, regtype) IS 'the column of a type that is searched: the one that is named, or the only one';

CREATE FUNCTION vector_condition(relation regclass, matching jsonb) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named text;
    condition text := 'true';
BEGIN
    IF jsonb_typeof(matching) <> 'object' THEN
        RAISE EXCEPTION 'matching must be a JSON object' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is a JSON %s.', jsonb_typeof(matching));
    END IF;
    FOR named IN SELECT jsonb_object_keys(matching) LOOP
        IF NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = named) THEN
            RAISE EXCEPTION '% has no column "%"', relation, named USING ERRCODE = 'undefined_column';
        END IF;
        condition := condition || CASE WHEN matching -> named = 'null' THEN format(' AND t.%I IS NULL', named)
                                       ELSE format(' AND t.%1$I = (SELECT (jsonb_populate_record(NULL::%2$s, %3$L)).%1$I)', named, relation, matching) END;
    END LOOP;
    RETURN condition;
END $$;
REVOKE ALL ON FUNCTION vector_condition(regclass, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION vector_condition(regclass, jsonb) IS 'the condition that columns of row t have the values of an object';

CREATE FUNCTION vector_key(relation regclass) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT 'jsonb_build_object(' || string_agg(format('%L, t.%I', a.attname, a.attname), ', ' ORDER BY array_position(i.indkey::int2[], a.attnum)) || ')'
                     FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                     WHERE i.indrelid = relation AND i.indisprimary),
                    $q$jsonb_build_object('ctid', t.ctid::text)$q$)
$$;
REVOKE ALL ON FUNCTION vector_key(regclass) FROM PUBLIC;
COMMENT ON FUNCTION vector_key(regclass) IS 'the expression for what a row t is found by: its primary key, or else its place';

CREATE FUNCTION vector_operator(relation regclass, "column" text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce((SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
                     FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS m ON m.oid = c.relam
                          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                          JOIN pg_opclass AS s ON s.oid = i.indclass[0] JOIN pg_amop AS p ON p.amopfamily = s.opcfamily
                          JOIN pg_operator AS o ON o.oid = p.amopopr JOIN pg_namespace AS n ON n.oid = o.oprnamespace
                     WHERE i.indrelid = relation AND m.amname IN ('steward_ivf', 'hnsw', 'ivfflat') AND p.amoppurpose = 'o' AND a.attname = vector_operator."column" AND i.indisvalid
                     ORDER BY m.amname = 'steward_ivf' DESC, i.indpred IS NOT NULL, i.indexrelid LIMIT 1),
                    (SELECT format('OPERATOR(%I.<=>)', n.nspname)
                     FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid JOIN pg_namespace AS n ON n.oid = t.typnamespace
                     WHERE a.attrelid = relation AND a.attname = vector_operator."column" AND t.oid = steward.vector_type()),
                    'OPERATOR(steward.<=>)')
$$;
REVOKE ALL ON FUNCTION vector_operator(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION vector_operator(regclass, text) IS 'the distance that the index of a column is for; the cosine where there is none';

CREATE FUNCTION vector_search(relation regclass, query real[], k integer DEFAULT 5, "column" text DEFAULT NULL, matching jsonb DEFAULT '{}',
                              rerank integer DEFAULT NULL, diversity float8 DEFAULT 0.5, OUT key jsonb, OUT distance float8, OUT "row" jsonb) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    searched text;
    type text;
    most integer;
    before text := coalesce(current_setting('steward.rerank', true), '0'); -- unknown before the library is loaded
BEGIN
    IF relation IS NULL OR query IS NULL OR matching IS NULL OR NOT coalesce(k BETWEEN 1 AND 10000 AND diversity BETWEEN 0 AND 1 AND coalesce(rerank, 1) BETWEEN 1 AND 100000, false) THEN
        RAISE EXCEPTION 'a relation, a query, 1 <= k <= 10000 and 0 <= diversity <= 1 are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    searched := steward.vector_column(relation, vector_search."column", 'real[]');
    type := (SELECT format_type(a.atttypid, NULL) FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = searched);
    -- Of five times as many some can be left out for being like others.
    most := CASE WHEN diversity = 0 THEN k ELSE greatest(5 * k, 50) END;
    IF rerank IS NOT NULL THEN
        PERFORM set_config('steward.rerank', rerank::text, true);
    END IF;
    RETURN QUERY EXECUTE format(
        $q$WITH near AS MATERIALIZED (
               SELECT %1$s AS key, t.%2$I %3$s $1::%6$s AS distance, t.%2$I::real[] AS vector, to_jsonb(t) - %2$L AS "row", row_number() OVER () AS n
               FROM (SELECT t.*, t.ctid FROM %4$s AS t WHERE t.%2$I IS NOT NULL AND %5$s ORDER BY t.%2$I %3$s $1::%6$s LIMIT $2) AS t),
           chosen AS (SELECT c."position", row_number() OVER () AS rank
                      FROM (SELECT array_agg(n.vector ORDER BY n.n) AS vectors FROM near AS n) AS v, steward.vector_mmr($1, v.vectors, $3, $4) AS c
                      WHERE v.vectors IS NOT NULL)
           SELECT n.key, n.distance, n."row" - 'ctid' FROM near AS n JOIN chosen AS c ON c."position" = n.n ORDER BY c.rank$q$,
        steward.vector_key(relation), searched, steward.vector_operator(relation, searched), relation, steward.vector_condition(relation, matching), type)
    USING query, most, k, diversity;
    PERFORM set_config('steward.rerank', before, true);
END $$;
REVOKE ALL ON FUNCTION vector_search(regclass, real[], integer, text, jsonb, integer, float8) FROM PUBLIC;
COMMENT ON FUNCTION vector_search(regclass, real[], integer, text, jsonb, integer, float8) IS
    'the rows of a table that are nearest to a vector and not all alike, whose columns have the values of matching';

CREATE FUNCTION text_document(relation regclass, "column" text, config regconfig) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF "column" IS NULL AND 1 = (SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'tsvector'::regtype)
       OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = "column" AND a.atttypid = 'tsvector'::regtype) THEN
        RETURN format('t.%I', steward.vector_column(relation, "column", 'tsvector'));
    END IF;
    RETURN format('to_tsvector(%L::regconfig, t.%I)', config, steward.vector_column(relation, "column", 'text'));
END $$;
REVOKE ALL ON FUNCTION text_document(regclass, text, regconfig) FROM PUBLIC;
COMMENT ON FUNCTION text_document(regclass, text, regconfig) IS 'the expression for the words of a row t: its tsvector, or one of its text';

CREATE FUNCTION text_search(relation regclass, query text, k integer DEFAULT 10, "column" text DEFAULT NULL, matching jsonb DEFAULT '{}',
                            config regconfig DEFAULT 'english', OUT key jsonb, OUT score float8, OUT "row" jsonb) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    document text;
BEGIN
    IF relation IS NULL OR query IS NULL OR matching IS NULL OR config IS NULL OR NOT coalesce(k BETWEEN 1 AND 10000, false) THEN
        RAISE EXCEPTION 'a relation, a query and 1 <= k <= 10000 are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    document := steward.text_document(relation, text_search."column", config);
    RETURN QUERY EXECUTE format(
        $q$SELECT %1$s, ts_rank_cd(%2$s, f.words, 1)::float8 AS score, to_jsonb(t) FROM %3$s AS t, websearch_to_tsquery(%4$L::regconfig, $1) AS f (words)
           WHERE %2$s @@ f.words AND %5$s ORDER BY 2 DESC, 1 LIMIT $2$q$,
        steward.vector_key(relation), document, relation, config, steward.vector_condition(relation, matching))
    USING query, k;
END $$;
REVOKE ALL ON FUNCTION text_search(regclass, text, integer, text, jsonb, regconfig) FROM PUBLIC;
COMMENT ON FUNCTION text_search(regclass, text, integer, text, jsonb, regconfig) IS
    'the rows of a table whose words fit a query best: cover density, less for long texts';
