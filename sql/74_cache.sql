-- Values of the cache: read and stored.

CREATE FUNCTION cache_get(namespace text, key text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'steward_cache_get'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_get(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_get(text, text) IS 'the jsonb value under a key; null if there is none';

CREATE FUNCTION cache_get_many(namespace text, keys text[]) RETURNS jsonb[]
    AS 'MODULE_PATHNAME', 'steward_cache_get_many'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_get_many(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_get_many(text, text[]) IS 'the jsonb values under keys, in their order; null for each that is not there';

CREATE FUNCTION cache_set(namespace text, key text, value jsonb, ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_set'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_set(text, text, jsonb, interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_set(text, text, jsonb, interval, text[]) IS
    'stores a jsonb value under a key, for the time of the namespace or one of its own; false if it could not be kept';

CREATE FUNCTION cache_set_many(namespace text, keys text[], items jsonb[], ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_set_many'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_set_many(text, text[], jsonb[], interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_set_many(text, text[], jsonb[], interval, text[]) IS 'stores jsonb values under keys; returns how many were kept';

CREATE FUNCTION cache_get_text(namespace text, key text) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_cache_get_text'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_get_text(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_get_text(text, text) IS 'the text value under a key; null if there is none';

CREATE FUNCTION cache_get_text_many(namespace text, keys text[]) RETURNS text[]
    AS 'MODULE_PATHNAME', 'steward_cache_get_text_many'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_get_text_many(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_get_text_many(text, text[]) IS 'the text values under keys, in their order; null for each that is not there';

CREATE FUNCTION cache_set_text(namespace text, key text, value text, ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_set_text'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_set_text(text, text, text, interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_set_text(text, text, text, interval, text[]) IS
    'stores a text value under a key, for the time of the namespace or one of its own; false if it could not be kept';

CREATE FUNCTION cache_set_text_many(namespace text, keys text[], items text[], ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_set_text_many'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_set_text_many(text, text[], text[], interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_set_text_many(text, text[], text[], interval, text[]) IS 'stores text values under keys; returns how many were kept';

CREATE FUNCTION cache_get_bytes(namespace text, key text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_cache_get_bytes'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_get_bytes(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_get_bytes(text, text) IS 'the bytea value under a key; null if there is none';

CREATE FUNCTION cache_get_bytes_many(namespace text, keys text[]) RETURNS bytea[]
    AS 'MODULE_PATHNAME', 'steward_cache_get_bytes_many'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_get_bytes_many(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_get_bytes_many(text, text[]) IS 'the bytea values under keys, in their order; null for each that is not there';

CREATE FUNCTION cache_set_bytes(namespace text, key text, value bytea, ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_set_bytes'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_set_bytes(text, text, bytea, interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_set_bytes(text, text, bytea, interval, text[]) IS
    'stores a bytea value under a key, for the time of the namespace or one of its own; false if it could not be kept';

CREATE FUNCTION cache_set_bytes_many(namespace text, keys text[], items bytea[], ttl interval DEFAULT NULL, tags text[] DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_set_bytes_many'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_set_bytes_many(text, text[], bytea[], interval, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_set_bytes_many(text, text[], bytea[], interval, text[]) IS 'stores bytea values under keys; returns how many were kept';
