-- What the values of dependent namespaces are computed from.

CREATE FUNCTION cache_row_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_cache_row_changed'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_row_changed() FROM PUBLIC;
COMMENT ON FUNCTION cache_row_changed() IS 'trigger of tables that cache_depend() was called for with a column';

CREATE FUNCTION cache_invalidate_tag(tag text) RETURNS void
    AS 'MODULE_PATHNAME', 'steward_cache_invalidate_tag'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_invalidate_tag(text) FROM PUBLIC;
COMMENT ON FUNCTION cache_invalidate_tag(text) IS
    'has the values of this database that were stored with the tag not found any more, for others when the transaction commits';

CREATE FUNCTION cache_depend(namespace text, relation regclass, key_column name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    kind text;
    wanted pg_class;
BEGIN
    PERFORM steward.migration_require('cache');
    SELECT n.kind INTO kind FROM steward.cache_namespace AS n WHERE n.namespace = cache_depend.namespace;
    IF kind IS NULL THEN
        RAISE EXCEPTION 'cache namespace "%" does not exist', namespace USING ERRCODE = 'undefined_object';
    ELSIF kind <> 'dependent' THEN
        RAISE EXCEPTION 'cache namespace "%" is pure', namespace USING ERRCODE = 'wrong_object_type',
            DETAIL = 'The values of a pure namespace follow from their keys alone.', HINT = 'Create it with kind => ''dependent''.';
    END IF;
    SELECT c.* INTO wanted FROM pg_class AS c WHERE c.oid = relation;
    IF wanted.relkind NOT IN ('r', 'p', 'm') OR wanted.relpersistence = 't' THEN
        RAISE EXCEPTION 'cached values cannot depend on "%"', relation USING ERRCODE = 'wrong_object_type',
            DETAIL = 'Changes are heard of tables and materialized views that are not temporary.',
            HINT = CASE wanted.relkind WHEN 'v' THEN 'Name the tables of the view.' ELSE 'Invalidate a tag instead.' END;
    END IF;
    IF NOT has_table_privilege(relation, 'SELECT') THEN
        RAISE EXCEPTION 'permission denied for table %', relation USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF wanted.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = relation) THEN
        RAISE EXCEPTION 'table "%" has children that inherit from it', relation USING ERRCODE = 'feature_not_supported',
            HINT = 'Depend on each of them, or use partitions.';
    END IF;
    IF key_column IS NOT NULL THEN
        PERFORM steward.cache_watch_rows(relation, key_column);
    END IF;
    INSERT INTO steward.cache_dependency AS d (namespace, relation, key_column) VALUES (namespace, relation, key_column)
    ON CONFLICT ON CONSTRAINT cache_dependency_pkey DO UPDATE SET key_column = excluded.key_column;
END $$;
REVOKE ALL ON FUNCTION cache_depend(text, regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION cache_depend(text, regclass, name) IS
    'has the values of a dependent namespace not found any more when a table changes; with a column, those alone whose key is its value in a row that changes';

CREATE FUNCTION cache_watch_rows(relation regclass, key_column name) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    trigger_name name := 'steward_cache_' || key_column;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attname = key_column AND a.attnum > 0 AND NOT a.attisdropped) THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', key_column, relation USING ERRCODE = 'undefined_column';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = trigger_name) THEN
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION steward.cache_row_changed(%L)',
                       trigger_name, relation, key_column);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', relation, trigger_name); -- what is replicated changes rows as well
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_watch_rows(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION cache_watch_rows(regclass, name) IS 'makes the trigger of a table that cached values depend on by rows';

CREATE FUNCTION cache_undepend(namespace text, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    watched name;
BEGIN
    PERFORM steward.migration_require('cache');
    DELETE FROM steward.cache_dependency AS d WHERE d.namespace = cache_undepend.namespace AND d.relation = cache_undepend.relation
    RETURNING d.key_column INTO watched;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cache namespace "%" does not depend on "%"', namespace, relation USING ERRCODE = 'undefined_object';
    END IF;
    IF watched IS NOT NULL AND NOT EXISTS (SELECT FROM steward.cache_dependency AS d
                                           WHERE d.relation = cache_undepend.relation AND d.key_column = watched)
       AND EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = 'steward_cache_' || watched) THEN
        EXECUTE format('DROP TRIGGER %I ON %s', 'steward_cache_' || watched, relation);
    END IF;
END $$;
REVOKE ALL ON FUNCTION cache_undepend(text, regclass) FROM PUBLIC;
COMMENT ON FUNCTION cache_undepend(text, regclass) IS 'ends what cache_depend() began';
