-- Namespaces of the cache: made, altered, dropped, granted.

CREATE FUNCTION cache_namespace_check() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_cache_namespace_check'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_namespace_check() FROM PUBLIC;
COMMENT ON FUNCTION cache_namespace_check() IS
    'trigger of table steward.cache_namespace: only members of its owner change a namespace, and what is dropped leaves the memory';

CREATE FUNCTION cache_definition_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_cache_definition_changed'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_definition_changed() FROM PUBLIC;
COMMENT ON FUNCTION cache_definition_changed() IS
    'trigger of tables steward.cache_namespace and steward.cache_dependency: every session hears of a change';

CREATE FUNCTION cache_create(
    namespace text,
    max_entries integer DEFAULT 1000,
    max_bytes bigint DEFAULT NULL,
    ttl interval DEFAULT '1 hour',
    stale_for interval DEFAULT '0',
    tiers text[] DEFAULT NULL,
    kind text DEFAULT 'pure',
    compress boolean DEFAULT true,
    warm text DEFAULT 'popular',
    value_type text DEFAULT 'any',
    shared boolean DEFAULT NULL,
    negative_ttl interval DEFAULT '1 minute',
    early_beta double precision DEFAULT 1,
    archive_after interval DEFAULT '1 hour',
    price double precision DEFAULT 0) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('cache_tiers');
    PERFORM steward.cache_namespace_name(namespace);
    INSERT INTO steward.cache_namespace AS n (namespace, owner, kind, shared, value_type, max_entries, max_bytes, ttl, stale_for, negative_ttl,
                                              early_beta, tiers, compress, warm, archive_after, price)
    VALUES (namespace, quote_ident(current_user)::regrole, kind, coalesce(shared, kind = 'pure'), value_type,
            max_entries, max_bytes, ttl, stale_for, negative_ttl, early_beta,
            coalesce(steward.cache_tiers_sorted(tiers), CASE kind WHEN 'pure' THEN '{memory,table,archive}' ELSE '{memory}' END::text[]),
            compress, warm, archive_after, price)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cache namespace "%" already exists', namespace
            USING ERRCODE = 'duplicate_object', HINT = 'steward.cache_alter() changes it.';
    END IF;
EXCEPTION WHEN check_violation OR not_null_violation THEN
    PERFORM steward.cache_namespace_refuse(SQLERRM);
END $$;
REVOKE ALL ON FUNCTION cache_create(text, integer, bigint, interval, interval, text[], text, boolean, text, text, boolean, interval, double precision, interval, double precision)
    FROM PUBLIC;
COMMENT ON FUNCTION cache_create(text, integer, bigint, interval, interval, text[], text, boolean, text, text, boolean, interval, double precision, interval, double precision) IS
    'makes a cache that the caller owns';

CREATE FUNCTION cache_tiers_sorted(tiers text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(array_agg(t.tier ORDER BY array_position('{memory,table,archive}', t.tier), t.tier), '{}')
    FROM (SELECT DISTINCT unnest(tiers)) AS t (tier)
$$;
REVOKE ALL ON FUNCTION cache_tiers_sorted(text[]) FROM PUBLIC;
COMMENT ON FUNCTION cache_tiers_sorted(text[]) IS 'tiers of a cache from the fastest to the slowest, each once';

CREATE FUNCTION cache_namespace_name(namespace text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF octet_length(coalesce(namespace, '')) NOT BETWEEN 1 AND 63 THEN
        RAISE EXCEPTION 'the name of a cache namespace has 1 to 63 bytes' USING ERRCODE = 'invalid_name';
    END IF;
    IF namespace ~ '^test_?results?$' THEN
        RAISE EXCEPTION 'test results are not cached' USING ERRCODE = 'invalid_name',
            DETAIL = 'A result that comes from a cache says nothing about the run that asks for it.',
            HINT = 'Cache what the tests use: responses, embeddings, metadata of datasets.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_namespace_name(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_namespace_name(text) IS 'raises 42602 for a name that no cache may have';

CREATE FUNCTION cache_namespace_refuse(violation text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'invalid definition of a cache namespace' USING ERRCODE = 'invalid_parameter_value', DETAIL = violation || '.',
        HINT = 'kind is pure or dependent; max_entries is 2 or more; '
               'max_bytes, ttl, stale_for and negative_ttl are not negative, ttl not zero; early_beta is 0 to 10; '
               'value_type is any, jsonb, text or bytea; '
               'tiers are memory, table, memory and table, or one of the last two and archive, and memory alone for kind dependent; '
               'warm is none, popular or predicted; archive_after and price are not negative, nor endless.';
END $$;
REVOKE ALL ON FUNCTION cache_namespace_refuse(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_namespace_refuse(text) IS 'raises 22023 and says what a definition may be';

CREATE FUNCTION cache_alter(
    namespace text,
    max_entries integer DEFAULT NULL,
    max_bytes bigint DEFAULT NULL,
    ttl interval DEFAULT NULL,
    stale_for interval DEFAULT NULL,
    negative_ttl interval DEFAULT NULL,
    early_beta double precision DEFAULT NULL,
    owner regrole DEFAULT NULL,
    tiers text[] DEFAULT NULL,
    compress boolean DEFAULT NULL,
    warm text DEFAULT NULL,
    archive_after interval DEFAULT NULL,
    price double precision DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('cache_tiers');
    UPDATE steward.cache_namespace AS n
    SET max_entries = coalesce(max_entries, n.max_entries),
        max_bytes = coalesce(max_bytes, n.max_bytes),
        ttl = coalesce(ttl, n.ttl),
        stale_for = coalesce(stale_for, n.stale_for),
        negative_ttl = coalesce(negative_ttl, n.negative_ttl),
        early_beta = coalesce(early_beta, n.early_beta),
        owner = coalesce(owner, n.owner),
        tiers = coalesce(steward.cache_tiers_sorted(tiers), n.tiers),
        compress = coalesce(compress, n.compress),
        warm = coalesce(warm, n.warm),
        archive_after = coalesce(archive_after, n.archive_after),
        price = coalesce(price, n.price),
        created_at = CASE WHEN coalesce(steward.cache_tiers_sorted(tiers), n.tiers) = n.tiers THEN n.created_at ELSE clock_timestamp() END
    WHERE n.namespace = cache_alter.namespace;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cache namespace "%" does not exist', namespace USING ERRCODE = 'undefined_object';
    END IF;
EXCEPTION WHEN check_violation THEN
    PERFORM steward.cache_namespace_refuse(SQLERRM);
END $$;
REVOKE ALL ON FUNCTION cache_alter(text, integer, bigint, interval, interval, interval, double precision, regrole, text[], boolean, text, interval, double precision) FROM PUBLIC;
COMMENT ON FUNCTION cache_alter(text, integer, bigint, interval, interval, interval, double precision, regrole, text[], boolean, text, interval, double precision) IS
    'changes a cache; what is not named stays as it is; other tiers begin empty';

CREATE FUNCTION cache_drop(namespace text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('cache');
    PERFORM steward.cache_undepend(d.namespace, d.relation) FROM steward.cache_dependency AS d WHERE d.namespace = cache_drop.namespace;
    DELETE FROM steward.cache_namespace AS n WHERE n.namespace = cache_drop.namespace;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cache namespace "%" does not exist', namespace USING ERRCODE = 'undefined_object';
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_drop(text) IS 'drops a cache and all that is in it';

CREATE FUNCTION cache_grant(namespace text, role regrole, "right" text DEFAULT 'read') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('cache');
    IF "right" IS NULL OR "right" NOT IN ('read', 'write') OR role IS NULL THEN
        RAISE EXCEPTION 'a role and a right, read or write, are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE steward.cache_namespace AS n
    SET readers = CASE "right" WHEN 'read' THEN array_append(array_remove(n.readers, role), role) ELSE n.readers END,
        writers = CASE "right" WHEN 'write' THEN array_append(array_remove(n.writers, role), role) ELSE n.writers END
    WHERE n.namespace = cache_grant.namespace;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cache namespace "%" does not exist', namespace USING ERRCODE = 'undefined_object';
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_grant(text, regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_grant(text, regrole, text) IS
    'lets the members of a role read a cache, or write and read it; role 0 is everybody';

CREATE FUNCTION cache_revoke(namespace text, role regrole, "right" text DEFAULT 'read') RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM steward.migration_require('cache');
    IF "right" IS NULL OR "right" NOT IN ('read', 'write') OR role IS NULL THEN
        RAISE EXCEPTION 'a role and a right, read or write, are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Whoever may write may read: without the one there is no other.
    UPDATE steward.cache_namespace AS n
    SET readers = CASE "right" WHEN 'read' THEN array_remove(n.readers, role) ELSE n.readers END,
        writers = array_remove(n.writers, role)
    WHERE n.namespace = cache_revoke.namespace;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cache namespace "%" does not exist', namespace USING ERRCODE = 'undefined_object';
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_revoke(text, regrole, text) FROM PUBLIC;
COMMENT ON FUNCTION cache_revoke(text, regrole, text) IS 'takes a right back that cache_grant has given; with the right to read goes that to write';
