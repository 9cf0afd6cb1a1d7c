-- Keys of the cache: made, looked at, removed; and what keeps the memory tidy.

CREATE FUNCTION cache_key(version text, VARIADIC parts "any") RETURNS text
    AS 'MODULE_PATHNAME', 'steward_cache_key'
    LANGUAGE C STABLE PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION cache_key(text, "any") FROM PUBLIC;
COMMENT ON FUNCTION cache_key(text, "any") IS
    'one key of a version and any values: the same for the same values, whatever the settings and the order of JSON members';

CREATE FUNCTION cache_has(namespace text, key text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_has'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_has(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_has(text, text) IS 'whether there is a value, be it NULL, under a key; neither counted nor copied';

CREATE FUNCTION cache_ttl(namespace text, key text) RETURNS interval
    AS 'MODULE_PATHNAME', 'steward_cache_ttl'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_ttl(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_ttl(text, text) IS
    'how long the value under a key is good, less than zero if it is stale; null if there is none, or if it does not end';

CREATE FUNCTION cache_touch(namespace text, key text, ttl interval DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_touch'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_touch(text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION cache_touch(text, text, interval) IS
    'has the value under a key end so much later from now, or by the time of the namespace; false if there is none';

CREATE FUNCTION cache_delete(namespace text, key text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_delete'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_delete(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_delete(text, text) IS 'removes the value under a key; whether there was one';

CREATE FUNCTION cache_delete_many(namespace text, keys text[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_delete_many'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100;
REVOKE ALL ON FUNCTION cache_delete_many(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_delete_many(text, text[]) IS 'removes the values under keys; how many there were';

CREATE FUNCTION cache_delete_like(namespace text, pattern text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_delete_like'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000;
REVOKE ALL ON FUNCTION cache_delete_like(text, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_delete_like(text, text) IS 'removes the values whose keys a LIKE pattern fits; how many there were';

CREATE FUNCTION cache_clear(namespace text) RETURNS void
    AS 'MODULE_PATHNAME', 'steward_cache_clear'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000;
REVOKE ALL ON FUNCTION cache_clear(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_clear(text) IS 'removes all values of a cache, of all roles';

CREATE FUNCTION cache_expire(every interval DEFAULT '0') RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_expire'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000;
REVOKE ALL ON FUNCTION cache_expire(interval) FROM PUBLIC;
COMMENT ON FUNCTION cache_expire(interval) IS
    'gives back the memory of values that nobody finds any more, unless that was done in the time named; how many there were';
