-- Hot indexes: a partial index of the rows of the last hours, and the view through which queries use it. A predicate must
-- be immutable: it has a time in it, not now(). Hence the index is made anew on a schedule, and the view with it.

-- Nobody acts for the owner, not even a superuser: what he wrote down may be meant for whoever has more rights.
CREATE FUNCTION hot_index_name(name text) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    parts text[];
    names text[];
    owner regrole;
BEGIN
    PERFORM steward.migration_require('hot_indexes');
    parts := parse_ident(name);
    SELECT array_agg(h.name), min(h.owner::oid) INTO names, owner FROM steward.hot_index AS h
    WHERE CASE cardinality(parts) WHEN 1 THEN h.prefix = parts[1]
               ELSE h.name = array_to_string(ARRAY(SELECT quote_ident(p) FROM unnest(parts) AS p), '.') END;
    IF names IS NULL THEN
        RAISE EXCEPTION 'hot index "%" does not exist', name
            USING ERRCODE = 'undefined_object', DETAIL = 'There is none of that name, or it is not yours.';
    ELSIF cardinality(names) > 1 THEN
        RAISE EXCEPTION 'name of a hot index "%" is ambiguous', name
            USING ERRCODE = 'invalid_name', DETAIL = format('There are %s.', array_to_string(names, ', ')), HINT = 'Name its schema.';
    ELSIF owner <> quote_ident(current_user)::regrole AND EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = owner) THEN
        RAISE EXCEPTION 'must be owner of hot index "%"', names[1]
            USING ERRCODE = 'insufficient_privilege', DETAIL = format('Its owner is %s.', owner), HINT = 'SET ROLE to the owner.';
    END IF;
    RETURN names[1];
END $$;
REVOKE ALL ON FUNCTION hot_index_name(text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_name(text) IS 'the name of a hot index with its schema; raises 42704 if there is none, 42501 if it is another one''s';

CREATE FUNCTION hot_index_relation_check(relation regclass, time_column name) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    r pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = relation);
    type regtype := (SELECT a.atttypid FROM pg_attribute AS a
                     WHERE a.attrelid = relation AND a.attname = time_column AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
    IF r.relkind = 'p' THEN
        RAISE EXCEPTION 'cannot make a hot index on partitioned table "%"', relation
            USING ERRCODE = 'feature_not_supported', DETAIL = 'An index of all its partitions cannot be created concurrently.',
                  HINT = 'Partition it by day: then the indexes of the newest partitions are small, and queries that say now() use them. steward.partition_maintain() makes and drops such partitions.';
    ELSIF r.relkind NOT IN ('r', 'm') OR r.relpersistence = 't' OR relation < 16384::oid THEN
        RAISE EXCEPTION 'cannot make a hot index on "%"', relation
            USING ERRCODE = 'wrong_object_type', DETAIL = 'It is not a table that stays, or one of the system.';
    ELSIF NOT pg_has_role(r.relowner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
    ELSIF type IS NULL THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', time_column, relation USING ERRCODE = 'undefined_column';
    ELSIF type <> 'timestamptz'::regtype THEN
        RAISE EXCEPTION 'column "%" is of type %, not timestamp with time zone', time_column, type
            USING ERRCODE = 'datatype_mismatch', DETAIL = 'What another type means depends on the time zone of whoever reads it.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION hot_index_relation_check(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_relation_check(regclass, name) IS 'raises why a table cannot have a hot index over that column';

-- As PostgreSQL understands what the owner wrote, names resolved: tried on an empty copy, so that no writer waits.
CREATE FUNCTION hot_index_normalise(relation regclass, prefix name, INOUT columns text, INOUT condition text, path text) RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
#variable_conflict use_variable
DECLARE
    copy text := (SELECT format('%I.%I', n.nspname, prefix || '_tmp') FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                  WHERE c.oid = relation);
    made record;
BEGIN
    EXECUTE format('CREATE TABLE %s (LIKE %s)', copy, relation);
    PERFORM set_config('search_path', path, true);
    EXECUTE format('CREATE INDEX ON %s (%s) %s', copy, columns, 'WHERE ' || condition);
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    SELECT pg_get_indexdef(i.indexrelid) AS definition, pg_get_expr(i.indpred, i.indrelid) AS predicate,
           format('CREATE INDEX %I ON %s USING ', c.relname, copy::regclass) AS head INTO STRICT made
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = copy::regclass;
    EXECUTE format('DROP TABLE %s', copy);
    condition := made.predicate;
    columns := substr(made.definition, length(made.head) + 1,
                      length(made.definition) - length(made.head) - coalesce(length(' WHERE ' || made.predicate), 0));
END $$;
REVOKE ALL ON FUNCTION hot_index_normalise(regclass, name, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_normalise(regclass, name, text, text, text) IS
    'columns and condition of an index as PostgreSQL writes them; raises what CREATE INDEX raises about them';

CREATE FUNCTION hot_index_predicate(time_column name, condition text, period interval) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
BEGIN
    RETURN format('%I >= %L', time_column, date_trunc('second', steward.worker_clock() - period)) || coalesce(' AND (' || condition || ')', '');
END $$;
REVOKE ALL ON FUNCTION hot_index_predicate(name, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_predicate(name, text, interval) IS 'what is hot from now on';

CREATE FUNCTION hot_index_schedule(name text, schedule text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of_name constant text := 'hot index ' || name;
    is_there boolean := EXISTS (SELECT FROM steward.schedule AS s WHERE s.name = of_name);
BEGIN
    IF schedule = '' AND is_there THEN
        PERFORM steward.schedule_drop(of_name);
    ELSIF schedule <> '' AND is_there THEN
        PERFORM steward.schedule_alter(of_name, schedule);
    ELSIF schedule <> '' THEN
        PERFORM steward.schedule_create(of_name, schedule, format('SELECT steward.hot_index_rotate(%L)', name), queue => 'hot_index');
    END IF;
END $$;
REVOKE ALL ON FUNCTION hot_index_schedule(text, text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_schedule(text, text) IS 'makes, changes or, where it is empty, drops the schedule of a hot index';

CREATE FUNCTION hot_index_name_check(view text, relation regclass, prefix name) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    taken text;
BEGIN
    IF EXISTS (SELECT FROM steward.hot_index AS h WHERE h.name = view) THEN
        RAISE EXCEPTION 'hot index "%" already exists', view USING ERRCODE = 'duplicate_object', HINT = 'steward.hot_index_alter() changes it.';
    END IF;
    SELECT min(c.relname) INTO taken FROM pg_class AS c JOIN pg_class AS r USING (relnamespace)
    WHERE r.oid = relation AND c.relname IN (prefix || '_idx', prefix || '_new', prefix || '_old', prefix || '_tmp');
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'relation "%" already exists', taken USING ERRCODE = 'duplicate_table',
            DETAIL = 'The indexes of a hot index are called as it is, with _idx, _new and _old behind it.', HINT = 'Choose another name.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION hot_index_name_check(text, regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_name_check(text, regclass, name) IS 'raises 42710 or 42P07 where a name of a hot index is taken';

CREATE FUNCTION hot_index_define(name text, relation regclass, columns text, time_column name, period interval, condition text, schedule text,
                                 path text, default_schema name) RETURNS regclass
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    parts text[] := parse_ident(name);
    prefix name := parts[cardinality(parts)];
    view text;
    normal record;
BEGIN
    PERFORM steward.migration_require('hot_indexes');
    IF parts IS NULL OR relation IS NULL OR coalesce(columns, '') = '' OR time_column IS NULL OR NOT coalesce(period > interval '0', false) THEN
        RAISE EXCEPTION 'a name, a table, columns, a time column and a positive period are needed' USING ERRCODE = 'invalid_parameter_value';
    ELSIF cardinality(parts) NOT IN (1, 2) OR octet_length(parts[cardinality(parts)]) > 59 OR (cardinality(parts) = 1 AND default_schema IS NULL) THEN
        RAISE EXCEPTION 'invalid name of a hot index: "%"', name
            USING ERRCODE = 'invalid_name', HINT = 'It may have 59 bytes, and a schema, which it needs where search_path has none.';
    END IF;
    view := format('%I.%I', CASE cardinality(parts) WHEN 1 THEN default_schema ELSE parts[1] END, prefix);
    PERFORM steward.hot_index_relation_check(relation, time_column);
    -- One whose table or view is gone is none any more.
    PERFORM steward.hot_index_drop(h.name) FROM steward.hot_index AS h
    WHERE h.name = view AND h.owner = quote_ident(current_user)::regrole AND steward.hot_index_is_bereft(h.relation, h.view);
    PERFORM steward.hot_index_name_check(view, relation, prefix);
    normal := steward.hot_index_normalise(relation, prefix, columns, condition, path);
    EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS SELECT * FROM %s WHERE %s', view, relation,
                   steward.hot_index_predicate(time_column, normal.condition, period));
    EXECUTE format('COMMENT ON VIEW %s IS %L', view, format('hot index: the newest rows of %s', relation));
    INSERT INTO steward.hot_index (name, owner, view, relation, prefix, columns, condition, time_column, period, created_at)
    VALUES (view, quote_ident(current_user)::regrole, view::regclass, relation, prefix, normal.columns, normal.condition, time_column, period,
            steward.worker_clock());
    IF schedule <> '' THEN
        PERFORM steward.hot_index_schedule(view, schedule);
        PERFORM steward.hot_index_rotate(view);
    END IF;
    RETURN view::regclass;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION 'hot index "%" already exists', view
        USING ERRCODE = 'duplicate_object', DETAIL = 'Another role or session has made it.', HINT = 'Choose another name.';
END $$;
REVOKE ALL ON FUNCTION hot_index_define(text, regclass, text, name, interval, text, text, text, name) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_define(text, regclass, text, name, interval, text, text, text, name) IS
    'what hot_index_create does, given the search_path of its caller';

-- Without SET search_path: names in columns and condition mean what they mean to the caller.
CREATE FUNCTION hot_index_create(name text, relation regclass, columns text, time_column name, period interval, condition text DEFAULT NULL,
                                 schedule text DEFAULT '@daily') RETURNS regclass
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
    SELECT steward.hot_index_define(name, relation, columns, time_column, period, condition, schedule,
                                    pg_catalog.current_setting('search_path'), pg_catalog.current_schema())
$$;
REVOKE ALL ON FUNCTION hot_index_create(text, regclass, text, name, interval, text, text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_create(text, regclass, text, name, interval, text, text) IS
    'makes a view of the rows of a table of at least the last period, and an index of no others that queries of the view use; a schedule makes both anew';

CREATE FUNCTION hot_index_change(name text, columns text, time_column name, period interval, condition text, schedule text, path text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    h record;
    new_columns text;
    new_condition text;
BEGIN
    IF name IS NULL OR columns = '' OR period <= interval '0' THEN
        RAISE EXCEPTION 'a name is needed, and columns and a positive period where they are given' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    name := steward.hot_index_name(name);
    SELECT d.* INTO STRICT h FROM steward.hot_index AS d WHERE d.name = name FOR UPDATE;
    time_column := coalesce(time_column, h.time_column);
    PERFORM steward.hot_index_relation_check(h.relation, time_column);
    IF columns IS NOT NULL OR condition <> '' THEN -- what is there already is not run again
        SELECT n.columns, n.condition INTO new_columns, new_condition
        FROM steward.hot_index_normalise(h.relation, h.prefix, coalesce(columns, quote_ident(time_column)), nullif(condition, ''), path) AS n;
    END IF;
    UPDATE steward.hot_index AS d
    SET columns = CASE WHEN columns IS NULL THEN d.columns ELSE new_columns END, time_column = time_column, period = coalesce(period, d.period),
        condition = CASE WHEN condition IS NULL THEN d.condition WHEN condition <> '' THEN new_condition END
    WHERE d.name = h.name;
    PERFORM steward.hot_index_schedule(h.name, schedule);
END $$;
REVOKE ALL ON FUNCTION hot_index_change(text, text, name, interval, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_change(text, text, name, interval, text, text, text) IS
    'what hot_index_alter does, given the search_path of its caller';

CREATE FUNCTION hot_index_alter(name text, columns text DEFAULT NULL, time_column name DEFAULT NULL, period interval DEFAULT NULL,
                                condition text DEFAULT NULL, schedule text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
    SELECT steward.hot_index_change(name, columns, time_column, period, condition, schedule, pg_catalog.current_setting('search_path'))
$$;
REVOKE ALL ON FUNCTION hot_index_alter(text, text, name, interval, text, text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_alter(text, text, name, interval, text, text) IS
    'changes what is given of a hot index, from its next rotation on; an empty condition or schedule ends it';
