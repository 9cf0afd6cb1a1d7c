-- What is to be seen of the cache.

CREATE FUNCTION cache_counts(
    OUT namespace text, OUT hits bigint, OUT misses bigint, OUT negative_hits bigint, OUT stale_hits bigint, OUT early_refreshes bigint,
    OUT flight_waits bigint, OUT refused_hits bigint, OUT sets bigint, OUT refused_sets bigint, OUT evicted_for_entries bigint,
    OUT evicted_for_bytes bigint, OUT evicted_for_memory bigint, OUT expired bigint, OUT deleted bigint, OUT entries bigint,
    OUT bytes bigint, OUT hit_share_5min double precision, OUT saved_seconds double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cache_counts'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 20;
REVOKE ALL ON FUNCTION cache_counts() FROM PUBLIC;
COMMENT ON FUNCTION cache_counts() IS 'what the server has counted of each cache of this database that holds memory';

CREATE FUNCTION cache_entry_list(
    namespace text, OUT key text, OUT type text, OUT value_bytes bigint, OUT bytes bigint, OUT hits bigint, OUT cost_ms double precision,
    OUT expires_at timestamptz) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cache_entry_list'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000 ROWS 1000;
REVOKE ALL ON FUNCTION cache_entry_list(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_entry_list(text) IS 'the entries of a cache in memory, without their values';

CREATE FUNCTION cache_memory(OUT total_bytes bigint, OUT free_bytes bigint, OUT namespaces bigint) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_cache_memory'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_memory() FROM PUBLIC;
COMMENT ON FUNCTION cache_memory() IS
    'the memory that all databases share for cached values; null in a server that does not preload the library';

CREATE FUNCTION cache_hot(namespace text, n integer DEFAULT 100, OUT key text, OUT hits bigint, OUT bytes bigint) RETURNS SETOF record
    LANGUAGE sql VOLATILE STRICT PARALLEL RESTRICTED COST 20000 ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT e.key, e.hits, e.bytes FROM steward.cache_entry_list(namespace) AS e ORDER BY e.hits DESC, e.key LIMIT n
$$;
REVOKE ALL ON FUNCTION cache_hot(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION cache_hot(text, integer) IS 'the entries of a cache that were used most';

CREATE VIEW cache_stats AS
SELECT c.namespace, 'memory'::text AS tier, c.hits, c.misses, c.negative_hits, c.stale_hits, c.early_refreshes, c.flight_waits, c.refused_hits, c.sets,
       c.refused_sets, c.evicted_for_entries, c.evicted_for_bytes, c.evicted_for_memory, c.expired, c.deleted, c.entries, c.bytes,
       c.hit_share_5min, c.saved_seconds
FROM cache_counts() AS c;
REVOKE ALL ON cache_stats FROM PUBLIC;
COMMENT ON VIEW cache_stats IS 'hits, misses, evictions, size and use of each cache of this database since the start of the server';
