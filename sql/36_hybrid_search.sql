-- Search by words and by nearness at once.

CREATE FUNCTION hybrid_search(relation regclass, query text, vector real[] DEFAULT NULL, k integer DEFAULT 10, "column" text DEFAULT NULL, vector_column text DEFAULT NULL,
                              matching jsonb DEFAULT '{}', config regconfig DEFAULT 'english', OUT key jsonb, OUT score float8, OUT "row" jsonb) RETURNS SETOF record
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 200000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
    -- Reciprocal ranks of both lists, five times as long. Source: Cormack, Clarke, Buettcher, SIGIR 2009.
    WITH asked AS MATERIALIZED (
        SELECT vector_column AS place, "column" AS text, vector AS near WHERE vector IS NOT NULL
        UNION ALL
        SELECT e.vector_column, coalesce("column", e.text_column), e.vector FROM steward.embedding_query(relation, query, hybrid_search.vector_column) AS e
        WHERE hybrid_search.vector IS NULL),
    ranked AS (
        SELECT s.key, s."row", row_number() OVER () AS rank FROM asked AS a, LATERAL steward.text_search(relation, query, 5 * k, a.text, matching, config) AS s
        UNION ALL
        SELECT s.key, s."row", row_number() OVER ()
        FROM asked AS a, LATERAL steward.vector_search(relation, a.near, 5 * k, a.place, matching, diversity => 0) AS s
        WHERE a.near IS NOT NULL) -- else the text has no word that the model knows
    SELECT r.key, sum(1.0::float8 / (60 + r.rank)) AS score, (array_agg(r."row" ORDER BY r.rank))[1]
    FROM ranked AS r GROUP BY r.key ORDER BY 2 DESC, 1 LIMIT k
$$;
REVOKE ALL ON FUNCTION hybrid_search(regclass, text, real[], integer, text, text, jsonb, regconfig) FROM PUBLIC;
COMMENT ON FUNCTION hybrid_search(regclass, text, real[], integer, text, text, jsonb, regconfig) IS
    'the rows of a table that fit words, or are near to a vector or to the embedding of the words, or both: by their ranks in either';
