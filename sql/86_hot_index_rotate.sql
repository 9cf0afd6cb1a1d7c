-- The rotation of hot indexes. PREFIX_new is built beside PREFIX_idx, takes its name, and PREFIX_old is dropped. What bears
-- the first or the last of these names is a left-over, whenever it is met: each statement can be run again after a crash.

CREATE FUNCTION hot_index_is_bereft(relation regclass, view regclass) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$ SELECT count(*) < 2 FROM pg_class AS c WHERE c.oid IN (relation, view) $$;
REVOKE ALL ON FUNCTION hot_index_is_bereft(regclass, regclass) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_is_bereft(regclass, regclass) IS 'whether the table or the view of a hot index is gone';

CREATE FUNCTION hot_index_plan(name text) RETURNS text[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    h record;
    schema name;
BEGIN
    SELECT d.* INTO STRICT h FROM steward.hot_index AS d WHERE d.name = hot_index_plan.name;
    SELECT n.nspname INTO schema FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = h.relation;
    IF steward.hot_index_is_bereft(h.relation, h.view) THEN
        RAISE EXCEPTION 'table or view of hot index "%" does not exist', h.name
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'steward.hot_index_drop() drops what is left.';
    END IF;
    RETURN ARRAY[
        format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', schema, h.prefix || '_new'),
        format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', schema, h.prefix || '_old'),
        -- IF NOT EXISTS: a second attempt finds what the first one has left, which is then not put into use.
        format('CREATE INDEX CONCURRENTLY IF NOT EXISTS %I ON %s USING %s WHERE %s', h.prefix || '_new', h.relation, h.columns,
               steward.hot_index_predicate(h.time_column, h.condition, h.period)),
        format('SELECT steward.hot_index_switch(%L)', h.name),
        format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', schema, h.prefix || '_old')];
END $$;
REVOKE ALL ON FUNCTION hot_index_plan(text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_plan(text) IS 'the statements of a rotation';

-- Whoever became the owner by SET ROLE would hand himself over by running them.
CREATE FUNCTION hot_index_statements(name text) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 5 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    of_name text := steward.hot_index_name(name);
BEGIN
    IF session_user <> current_user THEN
        RAISE EXCEPTION 'statements of a hot index are run only in a session of its owner'
            USING ERRCODE = 'insufficient_privilege', DETAIL = 'They hold what the owner wrote.',
                  HINT = 'Connect as the owner, or SET SESSION AUTHORIZATION.';
    END IF;
    RETURN QUERY SELECT unnest(steward.hot_index_plan(of_name));
END $$;
REVOKE ALL ON FUNCTION hot_index_statements(text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_statements(text) IS
    'the statements that make a hot index anew as of now, to be run one after the other, each as a statement of its own';

CREATE FUNCTION hot_index_stop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    left_over bigint;
BEGIN
    -- What is to begin a rotation, unless it is what calls this.
    PERFORM steward.job_cancel(j.queue, j.id) FROM steward.jobs AS j
    WHERE j.queue = 'hot_index' AND j.unique_key = 'hot index ' || name AND j.pid IS DISTINCT FROM pg_backend_pid();
    -- The others wait for the first, and are cancelled with it: by the session that runs it, if one does.
    FOR left_over IN
        SELECT j.id FROM steward.hot_index AS h JOIN steward.job AS j ON j.queue = 'hot_index' AND j.id = ANY (h.jobs)
        WHERE h.name = hot_index_stop.name ORDER BY j.id
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM steward.job AS j WHERE j.queue = 'hot_index' AND j.id = left_over);
        EXIT WHEN steward.job_cancel('hot_index', left_over) = 'cancelling';
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION hot_index_stop(text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_stop(text) IS 'cancels what is left of the jobs of a hot index';

CREATE FUNCTION hot_index_rotate(name text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s'
AS $$
#variable_conflict use_variable
DECLARE
    h record;
    statement text;
    enqueued bigint[] := '{}';
BEGIN
    name := steward.hot_index_name(name);
    SELECT d.* INTO STRICT h FROM steward.hot_index AS d WHERE d.name = name FOR UPDATE;
    IF steward.hot_index_is_bereft(h.relation, h.view) THEN
        PERFORM steward.hot_index_drop(h.name);
        RETURN NULL;
    ELSIF EXISTS (SELECT FROM steward.jobs AS j WHERE j.queue = 'hot_index' AND j.id = ANY (h.jobs) AND j.state IN ('running', 'leased')) THEN
        RETURN h.jobs[cardinality(h.jobs)];
    END IF;
    PERFORM steward.hot_index_stop(h.name); -- what did not come to an end is begun anew
    FOREACH statement IN ARRAY steward.hot_index_plan(h.name) LOOP
        enqueued := enqueued || steward.job_enqueue(
            CASE WHEN steward.job_command_is_toplevel(statement) THEN 'statement' ELSE 'sql' END,
            jsonb_build_object('command', CASE WHEN statement LIKE 'SELECT %' THEN format('SELECT steward.hot_index_switch(%L, true)', h.name)
                                               ELSE statement END),
            queue => 'hot_index', timeout => '1 day',
            depends_on => (SELECT array_agg(('hot_index', i)::steward.job_name) FROM unnest(enqueued[cardinality(enqueued) : ]) AS i));
    END LOOP;
    UPDATE steward.hot_index AS d SET jobs = enqueued WHERE d.name = h.name;
    RETURN enqueued[cardinality(enqueued)];
END $$;
REVOKE ALL ON FUNCTION hot_index_rotate(text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_rotate(text) IS
    'enqueues the statements that make a hot index anew as of now, and returns the id of the last, also of a rotation that is under way';

CREATE FUNCTION hot_index_view(view regclass, relation regclass, predicate text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    columns text;
BEGIN
    -- The columns of the view stay, whatever those of the table are called by now; what the table has got stands behind.
    WITH part AS (
        SELECT a.attrelid, a.attname, row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS place
        FROM pg_attribute AS a WHERE a.attrelid IN (view, relation) AND a.attnum > 0 AND NOT a.attisdropped
    )
    SELECT string_agg(format('%I AS %I', r.attname, coalesce(v.attname, r.attname)), ', ' ORDER BY r.place) INTO columns
    FROM part AS r LEFT JOIN part AS v ON v.attrelid = view AND v.place = r.place
    WHERE r.attrelid = relation;
    EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS SELECT %s FROM %s WHERE %s', view, columns, relation, predicate);
END $$;
REVOKE ALL ON FUNCTION hot_index_view(regclass, regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_view(regclass, regclass, text) IS 'has the view of a hot index show the rows of another predicate';

CREATE FUNCTION hot_index_again(name text, failures integer) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE steward.hot_index AS h SET failures = h.failures + 1 WHERE h.name = hot_index_again.name;
    PERFORM steward.job_enqueue('sql', jsonb_build_object('command', format('SELECT steward.hot_index_rotate(%L)', name)), queue => 'hot_index',
                                unique_key => 'hot index ' || name,
                                run_at => steward.worker_clock() + interval '1 minute' * 2 ^ least(failures, 10));
END $$;
REVOKE ALL ON FUNCTION hot_index_again(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_again(text, integer) IS 'has a rotation that failed tried again, in a minute at first and then later and later';

CREATE FUNCTION hot_index_switch(name text, again boolean DEFAULT false) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET lock_timeout = '1s'
AS $$
#variable_conflict use_variable
DECLARE
    h record;
    built record;
    current regclass;
    hot_since timestamptz;
BEGIN
    name := steward.hot_index_name(name);
    SELECT d.* INTO STRICT h FROM steward.hot_index AS d WHERE d.name = name FOR UPDATE;
    SELECT i.indexrelid::regclass AS index, pg_get_expr(i.indpred, i.indrelid) AS predicate INTO built
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = h.relation AND c.relname = h.prefix || '_new' AND i.indisvalid AND i.indpred IS NOT NULL;
    IF built.index IS NULL AND again THEN
        PERFORM steward.hot_index_again(h.name, h.failures);
        RETURN NULL;
    ELSIF built.index IS NULL THEN
        RAISE EXCEPTION 'index "%" does not exist or is not valid', h.prefix || '_new'
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'The index that was there before stays in use.',
                  HINT = 'Run the statements of steward.hot_index_statements() again.';
    END IF;
    -- The cut-off is what the index says that it is: its view cannot show rows that the index does not have.
    hot_since := substring(built.predicate FROM ' >= ''([^'']+)''::timestamp with time zone');
    PERFORM steward.hot_index_view(h.view, h.relation, built.predicate);
    SELECT i.indexrelid::regclass INTO current FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = h.relation AND c.relname = h.prefix || '_idx';
    IF FOUND THEN
        EXECUTE format('ALTER INDEX %s RENAME TO %I', current, h.prefix || '_old');
    END IF;
    EXECUTE format('ALTER INDEX %s RENAME TO %I', built.index, h.prefix || '_idx');
    UPDATE steward.hot_index AS d SET cut_off = hot_since, rotated_at = steward.worker_clock(), failures = 0 WHERE d.name = h.name;
    RETURN hot_since;
END $$;
REVOKE ALL ON FUNCTION hot_index_switch(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_switch(text, boolean) IS
    'has a hot index use the index that was built, and its view show the rows that are in it; returns the cut-off';

CREATE FUNCTION hot_index_drop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    h record;
    index regclass;
BEGIN
    name := steward.hot_index_name(name);
    SELECT d.* INTO STRICT h FROM steward.hot_index AS d WHERE d.name = name FOR UPDATE;
    PERFORM steward.hot_index_stop(h.name);
    PERFORM steward.hot_index_schedule(h.name, '');
    IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = h.view) THEN
        EXECUTE format('DROP VIEW %s', h.view);
    END IF;
    IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = h.relation) THEN
        -- One that is being built comes to its end first, or its index would be left.
        EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', h.relation);
    END IF;
    FOR index IN
        SELECT c.oid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = h.relation AND c.relname IN (h.prefix || '_idx', h.prefix || '_new', h.prefix || '_old')
    LOOP
        EXECUTE format('DROP INDEX %s', index);
    END LOOP;
    DELETE FROM steward.hot_index AS d WHERE d.name = h.name;
END $$;
REVOKE ALL ON FUNCTION hot_index_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION hot_index_drop(text) IS 'drops a hot index: the view, its indexes and its schedule; also what is left of one whose table is gone';
