-- The relations that a summary is made of.

-- The query as a view; `path` is how its owner writes names.
CREATE FUNCTION summary_make_source(query text, key text[], path text, source text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    statement text := format('CREATE VIEW %s AS %s', source, query);
BEGIN
    PERFORM set_config('search_path', path, true);
    EXECUTE statement;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    PERFORM steward.summary_analyze(source::regclass, key); -- refuses what is no query, or has not that key
END $$;
REVOKE ALL ON FUNCTION summary_make_source(text, text[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_make_source(text, text[], text, text) IS 'makes the view that is the query of a summary';

-- The sums of each key, by the same expressions that the triggers evaluate.
CREATE FUNCTION summary_make_states(states text, key text[], relation regclass, condition text, keys text[], deltas text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE VIEW %s AS SELECT %s, %s FROM %s%s GROUP BY %s', states,
                   (SELECT string_agg(format('%s AS %I', k.expression, k.name), ', ' ORDER BY k.ordinality)
                    FROM ROWS FROM (unnest(keys), unnest(key)) WITH ORDINALITY AS k (expression, name, ordinality)),
                   (SELECT string_agg(format('sum(%s) AS steward_%s', d.expression, d.ordinality), ', ' ORDER BY d.ordinality)
                    FROM unnest(deltas) WITH ORDINALITY AS d (expression, ordinality)),
                   relation, ' WHERE ' || condition, (SELECT string_agg(g::text, ', ') FROM generate_series(1, cardinality(key)) AS g));
END $$;
REVOKE ALL ON FUNCTION summary_make_states(text, text[], regclass, text, text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION summary_make_states(text, text[], regclass, text, text[], text[]) IS 'makes the view of the sums of a summary whose changes are added up';

CREATE FUNCTION summary_rows_query(source regclass, expires text, states text, outputs text[], width integer) RETURNS text
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN states IS NULL THEN format('SELECT v.*%s FROM %s AS v', ', (' || expires || ')::timestamptz AS steward_expires_at', source)
                ELSE format('SELECT %s, %s FROM %s AS v',
                            (SELECT string_agg(format('%s AS %I', outputs[a.place], a.attname), ', ' ORDER BY a.place)
                             FROM (SELECT attname, row_number() OVER (ORDER BY attnum) AS place FROM pg_attribute
                                   WHERE attrelid = source AND attnum > 0 AND NOT attisdropped) AS a),
                            (SELECT string_agg('v.steward_' || g, ', ' ORDER BY g) FROM generate_series(1, width) AS g), states) END
$$;
REVOKE ALL ON FUNCTION summary_rows_query(regclass, text, text, text[], integer) FROM PUBLIC;
COMMENT ON FUNCTION summary_rows_query(regclass, text, text, text[], integer) IS 'the query whose rows the table of a summary has';

CREATE FUNCTION summary_make_tables(name text, rows_query text, key text[], expires text, width integer, view text, source text, stored text, changes text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    column_names text := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
                          WHERE a.attrelid = source::regclass AND a.attnum > 0 AND NOT a.attisdropped);
    key_names text := (SELECT string_agg(quote_ident(k.name), ', ' ORDER BY k.ordinality) FROM unnest(key) WITH ORDINALITY AS k (name, ordinality));
    sums text := (SELECT string_agg(', NULL::numeric AS steward_' || g, '' ORDER BY g) FROM generate_series(1, width) AS g);
BEGIN
    EXECUTE format('CREATE TABLE %s WITH (fillfactor = 80) AS %s WITH NO DATA', stored, rows_query);
    EXECUTE format('INSERT INTO %s %s', stored, rows_query);
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%s)', stored, key_names);
    IF expires IS NOT NULL THEN
        EXECUTE format('CREATE INDEX ON %s (steward_expires_at) WHERE steward_expires_at IS NOT NULL', stored);
    END IF;
    EXECUTE format('CREATE TABLE %s AS SELECT %s%s, NULL::timestamptz AS steward_changed_at FROM %s WITH NO DATA', changes, key_names, sums, source);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL, SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0)', changes);
    EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS SELECT %s FROM %s', view, column_names, stored);
    EXECUTE format('ANALYZE %s', stored);
    EXECUTE format('COMMENT ON VIEW %s IS %L', source, 'the query of summary ' || name);
    EXECUTE format('COMMENT ON TABLE %s IS %L', stored, 'the rows of summary ' || name);
    EXECUTE format('COMMENT ON TABLE %s IS %L', changes, 'keys of summary ' || name || ' that have changed since its last refresh; a null key stands for all');
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'the query has several rows of one key' USING ERRCODE = 'unique_violation',
            DETAIL = format('Its key is (%s).', key_names), HINT = 'Name all the columns that tell its rows apart.';
    WHEN not_null_violation THEN
        RAISE EXCEPTION 'the query has rows without a key' USING ERRCODE = 'not_null_violation', DETAIL = SQLERRM,
            HINT = 'Leave them out by WHERE ... IS NOT NULL.';
END $$;
REVOKE ALL ON FUNCTION summary_make_tables(text, text, text[], text, integer, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_make_tables(text, text, text[], text, integer, text, text, text, text) IS
    'makes the table of rows, filled, the table of changes and the view of a summary';

-- Keys that change by the clock alone, and when. Whatever is there already when a summary is made, or a partition comes
-- with rows, has told no trigger.
CREATE FUNCTION summary_make_timers(source text, key text[], timers text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TABLE %s AS SELECT %s, NULL::timestamptz AS steward_at, NULL::timestamptz AS steward_changed_at FROM %s WITH NO DATA', timers,
                   (SELECT string_agg(quote_ident(k.name), ', ' ORDER BY k.ordinality) FROM unnest(key) WITH ORDINALITY AS k (name, ordinality)), source);
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL, SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0)', timers);
    EXECUTE format('CREATE INDEX ON %s (steward_at)', timers);
END $$;
REVOKE ALL ON FUNCTION summary_make_timers(text, text[], text) FROM PUBLIC;
COMMENT ON FUNCTION summary_make_timers(text, text[], text) IS 'makes the table of keys that change by the clock alone';

CREATE FUNCTION summary_fill_timers(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
    timers regclass := (SELECT y.timers FROM steward.summary AS y WHERE y.name = summary_fill_timers.name);
    instant text;
BEGIN
    IF timers IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('DELETE FROM %s', timers);
    FOR s IN SELECT * FROM steward.summary_source AS g WHERE g.name = summary_fill_timers.name AND g.keys IS NOT NULL LOOP
        FOREACH instant IN ARRAY s.instants LOOP
            EXECUTE format('INSERT INTO %s SELECT DISTINCT %s, %s, now() FROM %s WHERE %s > now() - interval ''1 minute'' AND (%s) IS NOT NULL',
                           timers, array_to_string(s.keys, ', '), instant, s.relation, instant, array_to_string(s.keys, ') IS NOT NULL AND ('));
        END LOOP;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION summary_fill_timers(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_fill_timers(text) IS 'finds out anew when which key of a summary changes by the clock alone';
