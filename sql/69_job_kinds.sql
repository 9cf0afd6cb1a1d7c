-- The kinds of jobs that come with the product.

-- No SET: a command means what it would mean in a session of its owner.
CREATE FUNCTION job_sql(job_id bigint, payload jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
DECLARE
    affected bigint;
BEGIN
    EXECUTE payload OPERATOR(pg_catalog.->>) 'command';
    GET DIAGNOSTICS affected = ROW_COUNT;
    RETURN pg_catalog.jsonb_build_object('rows', affected);
END $$;
REVOKE ALL ON FUNCTION job_sql(bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION job_sql(bigint, jsonb) IS 'handler of kind sql: runs the command of the payload with the rights of the owner';

CREATE FUNCTION matview_sources(view regclass) RETURNS regclass[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sources regclass[];
    pure boolean;
BEGIN
    WITH RECURSIVE seen (rel, kind) AS (
        SELECT c.oid, c.relkind FROM pg_class AS c WHERE c.oid = view
        UNION
        SELECT c.oid, c.relkind
        FROM seen AS s
             JOIN pg_rewrite AS r ON r.ev_class = s.rel AND (s.kind = 'v' OR s.rel = view)
             JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
             JOIN pg_class AS c ON c.oid = d.refobjid AND c.oid <> s.rel
    ), leaf (rel, kind) AS (
        SELECT s.rel, s.kind FROM seen AS s WHERE s.rel <> view
        UNION
        SELECT i.inhrelid, c.relkind FROM leaf AS l JOIN pg_inherits AS i ON i.inhparent = l.rel JOIN pg_class AS c ON c.oid = i.inhrelid
    )
    SELECT coalesce(array_agg(l.rel::regclass ORDER BY l.rel) FILTER (WHERE l.kind IN ('r', 'm')), '{}'),
           coalesce(bool_and(CASE l.kind WHEN 'v' THEN steward.view_is_pure(l.rel) ELSE l.kind IN ('r', 'm', 'p') END), true)
           AND steward.view_is_pure(view)
    INTO sources, pure FROM leaf AS l;
    RETURN CASE WHEN pure THEN sources END;
END $$;
REVOKE ALL ON FUNCTION matview_sources(regclass) FROM PUBLIC;
COMMENT ON FUNCTION matview_sources(regclass) IS
    'the tables that a materialized view reads, through views and partitions; null if it depends on more than their rows';

CREATE FUNCTION matview_signature(view regclass) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sources regclass[] := steward.matview_sources(view);
BEGIN
    IF sources IS NULL OR NOT current_setting('track_counts')::boolean
       OR NOT (SELECT c.relispopulated FROM pg_class AS c WHERE c.oid = view) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT md5(view::oid || ':' || string_agg(concat_ws(' ', c.oid, c.relfilenode, pg_stat_get_tuples_inserted(c.oid),
                                            pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid)),
                                  ',' ORDER BY c.oid))
            FROM pg_class AS c WHERE c.oid = ANY (sources));
END $$;
REVOKE ALL ON FUNCTION matview_signature(regclass) FROM PUBLIC;
COMMENT ON FUNCTION matview_signature(regclass) IS
    'changes with what the server has counted of changes in the tables of a materialized view; null where that says nothing';

CREATE FUNCTION job_refresh_matview(job_id bigint, payload jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    me regrole := quote_ident(current_user)::regrole;
    view regclass := (payload ->> 'name')::regclass;
    signature text := steward.matview_signature(view); -- before the snapshot of the refresh, which has to be newer
    online boolean := EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = view AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL)
        AND (SELECT c.relispopulated FROM pg_class AS c WHERE c.oid = view);
BEGIN
    IF view IS NULL THEN
        RAISE EXCEPTION 'the payload must have the member "name"' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF signature = (SELECT m.signature FROM steward.matview_refresh AS m WHERE m.view = view::text AND m.owner = me) THEN
        RETURN jsonb_build_object('skipped', true);
    END IF;
    EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', CASE WHEN online THEN 'CONCURRENTLY' ELSE '' END, view);
    DELETE FROM steward.matview_refresh AS m WHERE m.view = view::text AND m.owner = me;
    INSERT INTO steward.matview_refresh (view, owner, signature, refreshed_at)
    VALUES (view::text, me, signature, steward.worker_clock());
    RETURN jsonb_build_object('skipped', false, 'concurrently', online);
END $$;
REVOKE ALL ON FUNCTION job_refresh_matview(bigint, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION job_refresh_matview(bigint, jsonb) IS
    'handler of kind refresh_matview: refreshes the materialized view {"name": ...}, concurrently if it can be, unless none of its tables has changed since';
