-- What is to be seen of the cache.

CREATE FUNCTION cache_counts(
    OUT namespace text, OUT tier text, OUT hits bigint, OUT misses bigint, OUT negative_hits bigint, OUT stale_hits bigint, OUT early_refreshes bigint,
    OUT flight_waits bigint, OUT refused_hits bigint, OUT sets bigint, OUT refused_sets bigint, OUT evicted_for_entries bigint,
    OUT evicted_for_bytes bigint, OUT evicted_for_memory bigint, OUT expired bigint, OUT deleted bigint, OUT entries bigint,
    OUT bytes bigint, OUT unsaved bigint, OUT lost bigint, OUT hit_share_5min double precision, OUT saved_seconds double precision,
    OUT saved_cost double precision) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cache_counts'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 20;
REVOKE ALL ON FUNCTION cache_counts() FROM PUBLIC;
COMMENT ON FUNCTION cache_counts() IS 'what the server has counted of each cache of this database that holds memory, and of its tiers';

CREATE FUNCTION cache_entry_list(
    namespace text, OUT key text, OUT type text, OUT value_bytes bigint, OUT bytes bigint, OUT hits bigint, OUT cost_ms double precision,
    OUT expires_at timestamptz) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cache_entry_list'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000 ROWS 1000;
REVOKE ALL ON FUNCTION cache_entry_list(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_entry_list(text) IS 'the entries of a cache in memory, without their values';

CREATE FUNCTION cache_lower_entries(
    namespace text, OUT tier text, OUT key text, OUT type text, OUT bytes bigint, OUT cost_us bigint, OUT expires_at timestamptz,
    OUT saved_at timestamptz) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cache_lower_entries'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000 ROWS 1000;
REVOKE ALL ON FUNCTION cache_lower_entries(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_lower_entries(text) IS 'the entries of a cache in its table and archive, without their values';

CREATE FUNCTION cache_may_read(namespace text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'steward_cache_may_read'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_may_read(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_may_read(text) IS 'whether the caller may read a cache';

CREATE FUNCTION cache_all_entries(
    OUT namespace text, OUT tier text, OUT key text, OUT type text, OUT bytes bigint, OUT hits bigint, OUT cost_ms double precision,
    OUT expires_at timestamptz) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL RESTRICTED COST 100000 ROWS 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one text;
BEGIN
    IF to_regclass('steward.cache_namespace') IS NULL THEN
        RETURN;
    END IF;
    FOR one IN SELECT n.namespace FROM steward.cache_namespace AS n WHERE steward.cache_may_read(n.namespace) LOOP
        RETURN QUERY SELECT one, 'memory', e.key, e.type, e.bytes, e.hits, e.cost_ms, e.expires_at FROM steward.cache_entry_list(one) AS e;
        RETURN QUERY SELECT one, e.tier, e.key, e.type, e.bytes, NULL::bigint, e.cost_us / 1000.0::float8, e.expires_at
                     FROM steward.cache_lower_entries(one) AS e;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION cache_all_entries() FROM PUBLIC;
COMMENT ON FUNCTION cache_all_entries() IS 'the entries of all caches that the caller may read, in each of their tiers';

CREATE VIEW cache_entries AS SELECT * FROM cache_all_entries();
REVOKE ALL ON cache_entries FROM PUBLIC;
COMMENT ON VIEW cache_entries IS
    'what is in each cache, by tier and without the values: type, bytes, hits since it came into memory, what it cost, its end';

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

CREATE FUNCTION cache_lower_sizes(
    OUT namespace text, OUT tier text, OUT entries bigint, OUT bytes bigint, OUT expired bigint, OUT evicted bigint) RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('steward.cache_size') IS NOT NULL THEN
        RETURN QUERY
        SELECT coalesce(s.namespace, r.namespace), coalesce(s.tier, r.tier), s.entries, s.bytes, r.expired, r.evicted
        FROM (SELECT z.namespace, z.tier, sum(z.entries)::bigint AS entries, sum(z.bytes)::bigint AS bytes
              FROM steward.cache_size AS z GROUP BY 1, 2) AS s
             FULL JOIN steward.cache_removed AS r ON r.namespace = s.namespace AND r.tier = s.tier;
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_lower_sizes() FROM PUBLIC;
COMMENT ON FUNCTION cache_lower_sizes() IS 'how much of each cache lies below the memory, as the worker has last seen it, and how much it has removed there';

CREATE FUNCTION cache_grade(hit_share double precision) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('steward.cache_objective') IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT o.grade FROM steward.cache_objective AS o WHERE o.at_least <= hit_share ORDER BY o.at_least DESC LIMIT 1);
END $$;
REVOKE ALL ON FUNCTION cache_grade(double precision) FROM PUBLIC;
COMMENT ON FUNCTION cache_grade(double precision) IS
    'the grade of a hit share by table steward.cache_objective: alert below 0.5, warm from 0.95 on, unless changed there';

CREATE VIEW cache_stats AS
SELECT c.namespace, c.tier, c.hits, c.misses, c.negative_hits, c.stale_hits, c.early_refreshes, c.flight_waits, c.refused_hits, c.sets,
       c.refused_sets, c.evicted_for_entries, coalesce(c.evicted_for_bytes, s.evicted, 0) AS evicted_for_bytes, c.evicted_for_memory,
       coalesce(c.expired, s.expired, 0) AS expired, c.deleted, coalesce(c.entries, s.entries, 0) AS entries,
       coalesce(c.bytes, s.bytes, 0) AS bytes, c.unsaved, c.lost, c.hit_share_5min, cache_grade(c.hit_share_5min) AS grade, c.saved_seconds, c.saved_cost
FROM cache_counts() AS c LEFT JOIN cache_lower_sizes() AS s USING (namespace, tier);
REVOKE ALL ON cache_stats FROM PUBLIC;
COMMENT ON VIEW cache_stats IS
    'hits, misses, evictions, size and use of each cache of this database and its tiers since the start of the server';
