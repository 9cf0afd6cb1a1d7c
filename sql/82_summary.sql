-- Summaries: made, and what is refused.

-- The name as its owner wrote it, with the schema that it is in or will be.
CREATE FUNCTION summary_parts(name text, default_schema name, OUT schema name, OUT relation name) RETURNS record
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(name);
BEGIN
    IF cardinality(parts) > 2 OR octet_length(parts[cardinality(parts)]) > 55 THEN
        RAISE EXCEPTION 'invalid name of a summary: "%"', name
            USING ERRCODE = 'invalid_name', HINT = 'It may have a schema, and 55 bytes.';
    END IF;
    schema := CASE cardinality(parts) WHEN 2 THEN parts[1] ELSE default_schema END;
    relation := parts[cardinality(parts)];
    IF schema = '' THEN
        RAISE EXCEPTION 'no schema has been selected to create in' USING ERRCODE = 'invalid_schema_name';
    END IF;
END $$;
REVOKE ALL ON FUNCTION summary_parts(text, name) FROM PUBLIC;
COMMENT ON FUNCTION summary_parts(text, name) IS 'schema and name of the view of a summary';

CREATE FUNCTION summary_refuse(message text, detail text, hint text DEFAULT '') RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%', message USING ERRCODE = 'feature_not_supported', DETAIL = detail, HINT = hint;
END $$;
REVOKE ALL ON FUNCTION summary_refuse(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_refuse(text, text, text) IS 'raises that a query cannot be a summary';

-- Whether changes of a relation can be heard of, and why not.
CREATE FUNCTION summary_obstacle(relation regclass) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN c.relnamespace = 'pg_catalog'::regnamespace OR c.oid < 16384 THEN 'It is a table of the system.'
                WHEN c.relpersistence = 't' THEN 'It is temporary.'
                WHEN c.relpersistence = 'u' THEN 'It is not logged, so that a crash empties it.'
                WHEN c.relforcerowsecurity THEN 'Row security is forced on its owner.'
                WHEN c.relkind NOT IN ('r', 'p') THEN 'Its changes are heard of by nobody.'
                WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) THEN 'Tables inherit from it.' END
    FROM pg_class AS c WHERE c.oid = relation
$$;
REVOKE ALL ON FUNCTION summary_obstacle(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_obstacle(regclass) IS 'why changes of a table cannot be noted; null if they can';

-- The columns that a caller has given for the key of a table, as values of the type of the key.
CREATE FUNCTION summary_given_keys(source regclass, relation regclass, key text[], given jsonb) RETURNS text[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    keys text[];
BEGIN
    IF jsonb_typeof(given) = 'array' THEN
        SELECT array_agg(CASE WHEN g.atttypid = a.atttypid THEN quote_ident(g.attname) ELSE format('(%I)::%s', g.attname, format_type(a.atttypid, NULL)) END ORDER BY e.ordinality)
        INTO keys
        FROM jsonb_array_elements_text(given) WITH ORDINALITY AS e
             JOIN pg_attribute AS g ON g.attrelid = relation AND g.attname = e.value AND g.attnum > 0 AND NOT g.attisdropped
             JOIN pg_attribute AS a ON a.attrelid = source AND a.attname = key[e.ordinality]
        WHERE jsonb_array_length(given) = cardinality(key) AND (g.atttypid = a.atttypid
              OR (g.atttypid, a.atttypid) IN (('int2'::regtype, 'int4'::regtype), ('int2'::regtype, 'int8'::regtype), ('int4'::regtype, 'int8'::regtype),
                                              ('varchar'::regtype, 'text'::regtype)));
    END IF;
    IF cardinality(keys) IS DISTINCT FROM cardinality(key) THEN
        RAISE EXCEPTION 'invalid sources' USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Of "%s" a column of the same type is needed for each column of the key.', relation),
            HINT = 'They are written as {"schema.table": ["column"]}.';
    END IF;
    RETURN keys;
END $$;
REVOKE ALL ON FUNCTION summary_given_keys(regclass, regclass, text[], jsonb) FROM PUBLIC;
COMMENT ON FUNCTION summary_given_keys(regclass, regclass, text[], jsonb) IS 'which key a row of a table belongs to, as its caller says';

CREATE FUNCTION summary_delta_or_refuse(source regclass, key text[], mode text, is_bound boolean, OUT deltas text[], OUT outputs text[], OUT relation regclass,
                                        OUT keys text[], OUT condition text) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found record;
    reason text;
BEGIN
    SELECT * INTO found FROM steward.summary_delta(source, key);
    reason := coalesce(found.reason, steward.summary_obstacle(found.relation),
                       (SELECT 'Its table belongs to another role.' FROM pg_class AS c WHERE c.oid = found.relation AND NOT pg_has_role(c.relowner, 'USAGE')),
                       CASE WHEN is_bound THEN 'It was said how its keys change, or expire.' END);
    IF reason IS NULL THEN
        SELECT found.deltas, found.outputs, found.relation, found.keys, found.condition INTO deltas, outputs, relation, keys, condition;
    ELSIF mode = 'delta' THEN
        PERFORM steward.summary_refuse('changes of this query cannot be added up', reason, 'Use mode auto or keyed.');
    END IF;
END $$;
REVOKE ALL ON FUNCTION summary_delta_or_refuse(regclass, text[], text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION summary_delta_or_refuse(regclass, text[], text, boolean) IS
    'how changes of a query are added up; nulls if they cannot be, unless that was asked for';

CREATE FUNCTION summary_is_below(relation regclass, name text) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE below AS (
        SELECT s.name FROM steward.summary AS s WHERE s.stored = relation
        UNION
        SELECT s.name FROM below AS b JOIN steward.summary_source AS g ON g.name = b.name JOIN steward.summary AS s ON s.stored = g.relation
    )
    SELECT EXISTS (SELECT FROM below AS b WHERE b.name = summary_is_below.name)
$$;
REVOKE ALL ON FUNCTION summary_is_below(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_is_below(regclass, text) IS 'whether a table has the rows of a summary, or of one that is computed from it';

-- Writes down what a query reads, and which of it decides about keys.
CREATE FUNCTION summary_read_sources(name text, source regclass, changes regclass, key text[], sources jsonb, is_added_up boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found record;
    delta record;
    obstacle text;
    given jsonb;
    place integer := 0;
    owner regrole;
    is_expiring boolean;
    instants text[];
BEGIN
    SELECT s.owner, s.expires IS NOT NULL INTO owner, is_expiring FROM steward.summary AS s WHERE s.name = summary_read_sources.name;
    DELETE FROM steward.summary_source AS s WHERE s.name = summary_read_sources.name;
    SELECT d.condition, d.deltas, d.keys INTO delta
    FROM (SELECT) AS one LEFT JOIN LATERAL (SELECT * FROM steward.summary_delta(source, key)) AS d ON is_added_up;
    FOR found IN SELECT * FROM steward.summary_analyze(source, key) LOOP
        place := place + 1;
        obstacle := steward.summary_obstacle(found.relation);
        -- Its triggers run for whoever writes: who makes them must own it, whether or not they are there already.
        IF obstacle IS NULL AND found.part = 'relation' AND NOT (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = found.relation) THEN
            obstacle := 'It belongs to another role.';
        END IF;
        given := CASE WHEN obstacle IS NULL THEN (SELECT g.value FROM jsonb_each(sources) AS g WHERE to_regclass(g.key) = found.relation) END;
        IF steward.summary_is_below(found.relation, name) THEN
            PERFORM steward.summary_refuse('a summary cannot be computed from itself', format('It reads "%s".', found.relation));
        ELSIF EXISTS (SELECT FROM steward.summary AS s WHERE found.relation IN (s.changes, s.timers)) THEN
            PERFORM steward.summary_refuse('a summary cannot be computed from the changes of another one', format('It reads "%s".', found.relation),
                                           'Read that summary.');
        ELSIF obstacle IS NOT NULL THEN
            found.keys := NULL;
            found.reason := obstacle;
        ELSIF given IS NOT NULL THEN
            found.keys := steward.summary_given_keys(source, found.relation, key, given);
            found.columns := NULL;
            found.reason := NULL;
        END IF;
        -- Where it is said when rows expire, only those that begin to count are waited for.
        instants := found.begins || CASE WHEN is_expiring THEN '{}' ELSE found.ends END;
        IF found.part = 'relation' AND obstacle IS NULL THEN
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', found.relation); -- writers that are under way are waited for
            PERFORM steward.summary_watch_table(found.relation);
        END IF;
        IF cardinality(instants) > 0 AND found.keys IS NULL THEN
            found.reason := found.reason || ' Its rows count for a time.';
        END IF;
        INSERT INTO steward.summary_source (name, place, owner, part, relation, changes, keys, columns, named, numbers, is_given, condition, deltas, instants,
                                            partitions, stamps, reason)
        SELECT name, place, owner, found.part, found.relation, changes, coalesce(delta.keys, found.keys), found.columns, coalesce(a.names, '{}'), coalesce(a.numbers, '{}'),
               given IS NOT NULL, delta.condition, delta.deltas, instants,
               CASE WHEN found.part = 'relation' AND obstacle IS NULL THEN steward.summary_partitions(found.relation) ELSE '{}' END,
               CASE WHEN found.part = 'relation' AND obstacle IS NULL THEN steward.summary_stamps(found.relation) ELSE '{}' END, found.reason
        FROM (SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names, array_agg(a.attnum ORDER BY a.attnum) AS numbers FROM pg_attribute AS a
              WHERE a.attrelid = found.relation AND a.attnum > 0 AND NOT a.attisdropped AND (found.columns IS NULL OR a.attname = ANY (found.columns))) AS a;
    END LOOP;
    IF EXISTS (SELECT FROM jsonb_object_keys(sources) AS k WHERE NOT EXISTS (
                   SELECT FROM steward.summary_source AS s WHERE s.name = summary_read_sources.name AND s.is_given AND s.relation = to_regclass(k))) THEN
        RAISE EXCEPTION 'invalid sources' USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The query does not read one of the tables.',
            HINT = 'They are written as {"schema.table": ["column"]}.';
    END IF;
END $$;
REVOKE ALL ON FUNCTION summary_read_sources(text, regclass, regclass, text[], jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION summary_read_sources(text, regclass, regclass, text[], jsonb, boolean) IS
    'finds out what the query of a summary reads, writes it down, and watches those tables';

-- How a summary is refreshed, from what it reads.
CREATE FUNCTION summary_mode(name text, mode text, expires text) RETURNS text
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    clock text := (SELECT s.reason FROM steward.summary_source AS s
                   WHERE s.name = summary_mode.name AND (s.part = 'clock' OR cardinality(s.instants) > 0 AND s.keys IS NULL) LIMIT 1);
    unknown text := (SELECT s.reason FROM steward.summary_source AS s WHERE s.name = summary_mode.name AND s.part = 'function' LIMIT 1);
    deaf text := (SELECT format('"%s": %s', s.relation, s.reason) FROM steward.summary_source AS s
                  WHERE s.name = summary_mode.name AND s.part = 'relation' AND s.partitions = '{}' LIMIT 1);
    is_added_up boolean := EXISTS (SELECT FROM steward.summary_source AS s WHERE s.name = summary_mode.name AND s.deltas IS NOT NULL);
    is_keyed boolean := EXISTS (SELECT FROM steward.summary_source AS s WHERE s.name = summary_mode.name AND s.keys IS NOT NULL);
BEGIN
    IF is_added_up AND deaf IS NULL THEN
        RETURN 'delta';
    ELSIF mode = 'full' THEN
        RETURN 'full';
    ELSIF unknown IS NOT NULL THEN
        PERFORM steward.summary_refuse('the query reads what nobody hears of', unknown,
            'Declare the function IMMUTABLE if it is, or use mode => ''full'' with a schedule.');
    ELSIF deaf IS NOT NULL THEN
        PERFORM steward.summary_refuse('the query reads what nobody hears of', deaf, 'Use mode => ''full'' with a schedule.');
    ELSIF clock IS NOT NULL AND expires IS NULL THEN
        PERFORM steward.summary_refuse('the rows of the query change with the clock', clock,
            'Compare a timestamptz column of a table that has the key with now(), or say when a row changes next by an expression over its columns, as in expires => ''newest + interval ''''24 hours'''''', or use mode => ''full'' with a schedule.');
    ELSIF mode = 'keyed' AND NOT is_keyed THEN
        PERFORM steward.summary_refuse('no table of the query has the key',
            (SELECT format('"%s": %s', s.relation, s.reason) FROM steward.summary_source AS s WHERE s.name = summary_mode.name AND s.part = 'relation' LIMIT 1));
    END IF;
    RETURN CASE WHEN is_keyed THEN 'keyed' ELSE 'full' END;
END $$;
REVOKE ALL ON FUNCTION summary_mode(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_mode(text, text, text) IS 'how a summary can be refreshed: delta, keyed or full; raises why not as it was asked for';

CREATE FUNCTION summary_settings() RETURNS text[]
    AS 'MODULE_PATHNAME', 'steward_summary_settings'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
REVOKE ALL ON FUNCTION summary_settings() FROM PUBLIC;
COMMENT ON FUNCTION summary_settings() IS 'settings of this session that values of a query depend on';

CREATE FUNCTION summary_define(name text, query text, key text[], sources jsonb, mode text, expires text, schedule text, max_staleness interval,
                               path text, default_schema name) RETURNS regclass
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    me regrole := quote_ident(current_user)::regrole;
    parts record;
    full_name text;
    source text;
    stored text;
    changes text;
    states text;
    timers text;
    delta record;
    outputs text[];
    width integer := 0;
    before text;
    begun timestamptz;
    mode_used text;
    loaded interval;
    may_differ boolean;
BEGIN
    PERFORM steward.migration_require('summaries');
    IF name IS NULL OR query IS NULL OR coalesce(cardinality(key), 0) = 0 OR array_position(key, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a name, a query and a key are needed' USING ERRCODE = 'invalid_parameter_value';
    ELSIF mode IS NULL OR mode NOT IN ('auto', 'keyed', 'delta', 'full') THEN
        RAISE EXCEPTION 'invalid mode of a summary: "%"', mode USING ERRCODE = 'invalid_parameter_value', HINT = 'It may be auto, keyed, delta or full.';
    END IF;
    SELECT * INTO parts FROM steward.summary_parts(name, coalesce(default_schema, ''));
    full_name := format('%I.%I', parts.schema, parts.relation);
    source := format('%I.%I', parts.schema, parts.relation || '_source');
    stored := format('%I.%I', parts.schema, parts.relation || '_rows');
    changes := format('%I.%I', parts.schema, parts.relation || '_changes');
    IF EXISTS (SELECT FROM steward.summary AS s WHERE s.name = full_name) THEN
        RAISE EXCEPTION 'summary "%" already exists', full_name USING ERRCODE = 'duplicate_object', HINT = 'steward.summary_alter() changes it.';
    END IF;
    PERFORM pg_current_xact_id(); -- so that only others change the snapshot
    before := pg_current_snapshot();
    begun := clock_timestamp();
    PERFORM steward.summary_make_source(query, key, path, source);
    IF mode IN ('auto', 'delta') THEN
        SELECT * INTO delta FROM steward.summary_delta_or_refuse(source::regclass, key, mode, sources IS NOT NULL OR expires IS NOT NULL);
        width := coalesce(cardinality(delta.deltas), 0);
        outputs := delta.outputs;
        IF width > 0 THEN
            states := format('%I.%I', parts.schema, parts.relation || '_states');
            PERFORM steward.summary_make_states(states, key, delta.relation, delta.condition, delta.keys, delta.deltas);
        END IF;
    END IF;
    PERFORM steward.summary_make_tables(full_name, steward.summary_rows_query(source::regclass, expires, states, outputs, width), key, expires, width,
                                        full_name, source, stored, changes);
    loaded := clock_timestamp() - begun;
    INSERT INTO steward.summary (name, owner, view, source, stored, changes, key, wanted_mode, mode, expires, schedule, max_staleness, states, outputs, settings, created_at)
    VALUES (full_name, me, full_name::regclass, source::regclass, stored::regclass, changes::regclass, key, mode,
            CASE WHEN width > 0 THEN 'delta' ELSE 'keyed' END, expires, schedule, max_staleness, states::regclass, outputs,
            steward.summary_settings(), clock_timestamp());
    -- The tables are locked now: no writer is under way that the triggers do not see.
    PERFORM steward.summary_read_sources(full_name, source::regclass, changes::regclass, key, sources, width > 0);
    mode_used := steward.summary_mode(full_name, mode, expires);
    IF mode_used = 'keyed' AND EXISTS (SELECT FROM steward.summary_source AS s WHERE s.name = full_name AND cardinality(s.instants) > 0) THEN
        timers := format('%I.%I', parts.schema, parts.relation || '_timers');
        PERFORM steward.summary_make_timers(source, key, timers);
        UPDATE steward.summary_source AS s SET timers = timers::regclass WHERE s.name = full_name;
    END IF;
    UPDATE steward.summary AS s SET mode = mode_used, timers = timers::regclass WHERE s.name = full_name;
    PERFORM steward.summary_fill_timers(full_name);
    may_differ := pg_current_snapshot()::text <> before OR current_setting('transaction_isolation') <> 'read committed';
    INSERT INTO steward.summary_state (name, owner, rebuild, refreshed_at, next_at, mode, keys, full_us)
    VALUES (full_name, me,
            -- What was committed while the table was filled is found by comparing once.
            CASE WHEN may_differ THEN 'its tables may have changed while it was filled' END,
            begun, steward.schedule_next(schedule, clock_timestamp()), 'full', NULL, extract(epoch FROM loaded) * 1e6);
    -- Where that takes no time it is done at once: writers wait for the end of this transaction.
    IF may_differ AND loaded < interval '1 second' AND current_setting('transaction_isolation') = 'read committed' THEN
        PERFORM steward.summary_refresh(full_name, 'full', below => false);
        UPDATE steward.summary_state AS t SET refreshes = 0 WHERE t.name = full_name;
    END IF;
    PERFORM steward.worker_wake();
    RETURN full_name::regclass;
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION 'invalid definition of a summary' USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
END $$;
REVOKE ALL ON FUNCTION summary_define(text, text, text[], jsonb, text, text, text, interval, text, name) FROM PUBLIC;
COMMENT ON FUNCTION summary_define(text, text, text[], jsonb, text, text, text, interval, text, name) IS 'what summary_create does, given the search_path of its caller';

-- Without SET search_path: names in the query mean what they mean to the caller.
CREATE FUNCTION summary_create(name text, query text, key text[], sources jsonb DEFAULT NULL, mode text DEFAULT 'auto', expires text DEFAULT NULL,
                               schedule text DEFAULT NULL, max_staleness interval DEFAULT '5 seconds') RETURNS regclass
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 100000
AS $$
    SELECT steward.summary_define(name, query, key, sources, mode, expires, schedule, max_staleness,
                                  pg_catalog.current_setting('search_path'), pg_catalog.current_schema())
$$;
REVOKE ALL ON FUNCTION summary_create(text, text, text[], jsonb, text, text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION summary_create(text, text, text[], jsonb, text, text, text, interval) IS
    'makes a view whose rows are those of a query, kept in a table that refreshes bring up to date by computing the keys again that have changed';
