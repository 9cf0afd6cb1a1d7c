-- Values that are computed when they are needed, once.

CREATE FUNCTION cache_fetch(
    namespace text, key text, compute regprocedure, args jsonb DEFAULT NULL, ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'steward_cache_fetch'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_fetch(text, text, regprocedure, jsonb, interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_fetch(text, text, regprocedure, jsonb, interval, text[]) IS
    'the jsonb value under a key, or else what a function of the caller computes of args: once, however many ask at the same time';

CREATE FUNCTION cache_fetch_text(
    namespace text, key text, compute regprocedure, args jsonb DEFAULT NULL, ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_cache_fetch_text'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_fetch_text(text, text, regprocedure, jsonb, interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_fetch_text(text, text, regprocedure, jsonb, interval, text[]) IS
    'the text value under a key, or else what a function of the caller computes of args: once, however many ask at the same time';

CREATE FUNCTION cache_fetch_bytes(
    namespace text, key text, compute regprocedure, args jsonb DEFAULT NULL, ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_cache_fetch_bytes'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_fetch_bytes(text, text, regprocedure, jsonb, interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_fetch_bytes(text, text, regprocedure, jsonb, interval, text[]) IS
    'the bytea value under a key, or else what a function of the caller computes of args: once, however many ask at the same time';

CREATE FUNCTION cached_query(query text, args text[] DEFAULT NULL, ttl interval DEFAULT NULL) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cached_query'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 100;
REVOKE ALL ON FUNCTION cached_query(text, text[], interval) FROM PUBLIC;
COMMENT ON FUNCTION cached_query(text, text[], interval) IS
    'the rows of a query, computed once until a table that it reads changes, with the rights of the caller and for that role alone';
