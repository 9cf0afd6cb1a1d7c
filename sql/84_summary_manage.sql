-- Summaries: looked at, changed, dropped.

CREATE FUNCTION summary_own(name text) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_summary_own'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
REVOKE ALL ON FUNCTION summary_own(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_own(text) IS 'the full name of a summary that the caller owns; without a schema it is that of any';

CREATE FUNCTION summary_run_as_owner(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    owner regrole := (SELECT s.owner FROM steward.summary AS s WHERE s.name = name);
BEGIN
    -- The query, and functions in it, are those of its owner.
    IF owner <> quote_ident(current_user)::regrole AND owner::text <> 'steward_owner' AND (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user)
       AND NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.oid = owner) THEN
        RAISE EXCEPTION 'the query of summary % would run with the rights of a superuser', name
            USING ERRCODE = 'insufficient_privilege', HINT = format('SET ROLE %s first.', owner);
    END IF;
END $$;
REVOKE ALL ON FUNCTION summary_run_as_owner(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_run_as_owner(text) IS 'raises if a superuser is about to run what somebody else has written';

CREATE FUNCTION summary_backlog(name text, OUT changes bigint, OUT oldest timestamptz) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_summary_backlog'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000;
REVOKE ALL ON FUNCTION summary_backlog(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_backlog(text) IS 'how many changes of a summary wait, counted up to a million, and since when';

CREATE FUNCTION summary_mark_rows(relation regclass) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_summary_mark_rows'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;
REVOKE ALL ON FUNCTION summary_mark_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_mark_rows(regclass) IS 'notes the keys of all rows of a table or partition, as if they were deleted; how many rows';

CREATE FUNCTION summary_mark(relation regclass) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    marked bigint := steward.summary_mark_rows(relation);
BEGIN
    UPDATE steward.summary_source AS s
    SET partitions = array_remove(s.partitions, relation),
        stamps = ARRAY(SELECT t FROM unnest(s.stamps) AS t WHERE split_part(t, ':', 1)::oid <> relation)
    WHERE s.relation <> relation AND relation = ANY (s.partitions);
    RETURN marked;
END $$;
REVOKE ALL ON FUNCTION summary_mark(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_mark(regclass) IS
    'notes the keys of all rows of a table or partition that is about to be detached or dropped, which nobody hears of; how many rows';

CREATE FUNCTION summary_pause(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    full_name text := steward.summary_own(name); -- which is asked for also where row security shows no row
BEGIN
    UPDATE steward.summary AS s SET paused_at = coalesce(s.paused_at, clock_timestamp()) WHERE s.name = full_name;
END $$;
REVOKE ALL ON FUNCTION summary_pause(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_pause(text) IS 'the worker leaves a summary alone; changes are still noted, and summary_refresh still works';

CREATE FUNCTION summary_resume(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    full_name text := steward.summary_own(name); -- which is asked for also where row security shows no row
BEGIN
    UPDATE steward.summary AS s SET paused_at = NULL WHERE s.name = full_name;
    PERFORM steward.worker_wake();
END $$;
REVOKE ALL ON FUNCTION summary_resume(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_resume(text) IS 'the worker refreshes a summary again';

CREATE FUNCTION summary_rebuild(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
    given jsonb;
BEGIN
    name := steward.summary_own(name); -- which is asked also where there is no row
    PERFORM steward.summary_run_as_owner(name);
    SELECT * INTO s FROM steward.summary AS y WHERE y.name = name;
    SELECT jsonb_object_agg(g.relation::text, to_jsonb(g.keys)) INTO given
    FROM steward.summary_source AS g WHERE g.name = s.name AND g.is_given;
    PERFORM steward.summary_read_sources(s.name, s.source, s.changes, s.key, given, s.states IS NOT NULL);
    UPDATE steward.summary_source AS g SET timers = s.timers WHERE g.name = s.name;
    UPDATE steward.summary AS y SET mode = steward.summary_mode(s.name, s.wanted_mode, s.expires) WHERE y.name = s.name;
    PERFORM steward.summary_fill_timers(s.name);
    UPDATE steward.summary_state AS t SET rebuild = format('its owner has asked for it at %s', clock_timestamp()), error = NULL, error_at = NULL, failures = 0 WHERE t.name = s.name;
    PERFORM steward.worker_wake();
END $$;
REVOKE ALL ON FUNCTION summary_rebuild(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_rebuild(text) IS 'looks again at what a summary reads, and has all of it computed at the next refresh';

CREATE FUNCTION summary_alter(name text, mode text DEFAULT NULL, expires text DEFAULT NULL, schedule text DEFAULT NULL, max_staleness interval DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
BEGIN
    IF name IS NULL OR mode NOT IN ('auto', 'keyed', 'delta', 'full') THEN
        RAISE EXCEPTION 'invalid mode of a summary: "%"', mode USING ERRCODE = 'invalid_parameter_value', HINT = 'It may be auto, keyed, delta or full.';
    END IF;
    name := steward.summary_own(name); -- which is asked also where there is no row
    SELECT * INTO s FROM steward.summary AS y WHERE y.name = name;
    IF s.states IS NOT NULL AND (mode IN ('keyed', 'full') OR expires IS NOT NULL) OR s.states IS NULL AND mode = 'delta' THEN
        PERFORM steward.summary_refuse('mode delta cannot be changed', 'The table of rows has sums in it.', 'Drop the summary and create it anew.');
    END IF;
    IF expires IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS steward_expires_at timestamptz', s.stored);
        EXECUTE format('SELECT (%s)::timestamptz FROM %s AS v LIMIT 0', expires, s.source); -- that it is one
        IF s.expires IS NULL THEN
            EXECUTE format('CREATE INDEX ON %s (steward_expires_at) WHERE steward_expires_at IS NOT NULL', s.stored);
        END IF;
        UPDATE steward.summary_state AS t SET rebuild = 'its rows expire at other times' WHERE t.name = s.name;
    END IF;
    UPDATE steward.summary AS y
    SET wanted_mode = coalesce(mode, y.wanted_mode), expires = coalesce(expires, y.expires),
        schedule = nullif(coalesce(schedule, y.schedule), ''), max_staleness = coalesce(max_staleness, y.max_staleness)
    WHERE y.name = s.name;
    UPDATE steward.summary AS y SET mode = steward.summary_mode(y.name, y.wanted_mode, y.expires) WHERE y.name = s.name;
    IF schedule IS NOT NULL THEN
        UPDATE steward.summary_state AS t SET next_at = steward.schedule_next(nullif(schedule, ''), steward.worker_clock()) WHERE t.name = s.name;
    END IF;
    PERFORM steward.worker_wake();
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION 'invalid definition of a summary' USING ERRCODE = 'invalid_parameter_value', DETAIL = SQLERRM;
END $$;
REVOKE ALL ON FUNCTION summary_alter(text, text, text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION summary_alter(text, text, text, text, interval) IS
    'changes how a summary is refreshed; what is null stays, an empty schedule means none';

CREATE FUNCTION summary_unwatch(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    part regclass;
BEGIN
    IF EXISTS (SELECT FROM steward.summary_source AS s WHERE s.relation = summary_unwatch.relation) THEN
        RETURN;
    END IF;
    FOR part IN SELECT t.tgrelid FROM pg_trigger AS t WHERE t.tgrelid = ANY (steward.summary_partitions(relation)) AND t.tgname = 'steward_summary_truncate' LOOP
        EXECUTE format('DROP TRIGGER steward_summary_truncate ON %s', part);
    END LOOP;
    IF EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = 'steward_summary' AND t.tgparentid = 0) THEN -- not that of its root
        EXECUTE format('DROP TRIGGER steward_summary ON %s', relation);
    END IF;
END $$;
REVOKE ALL ON FUNCTION summary_unwatch(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_unwatch(regclass) IS 'drops the triggers of a table that no summary reads any more';

CREATE FUNCTION summary_drop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
    sources regclass[];
    part record;
BEGIN
    name := steward.summary_own(name); -- which is asked also where there is no row
    SELECT * INTO s FROM steward.summary AS y WHERE y.name = name;
    SELECT array_agg(DISTINCT g.relation ORDER BY g.relation) INTO sources FROM steward.summary_source AS g JOIN pg_class AS c ON c.oid = g.relation
    WHERE g.name = s.name AND g.partitions <> '{}';
    -- Writers have these before they come to the table of changes.
    FOR part IN SELECT p.relation FROM unnest(sources) AS p (relation) ORDER BY p.relation::oid LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', part.relation);
    END LOOP;
    -- Some may have been dropped by hand.
    FOR part IN SELECT c.relkind, c.oid::regclass AS relation
                FROM unnest(ARRAY[s.view, s.stored, s.changes, s.timers, s.states, s.source]::oid[]) WITH ORDINALITY AS p (oid, ordinality) JOIN pg_class AS c USING (oid)
                ORDER BY p.ordinality LOOP
        EXECUTE format('DROP %s %s', CASE part.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, part.relation);
    END LOOP;
    DELETE FROM steward.summary_source AS g WHERE g.name = s.name;
    DELETE FROM steward.summary_state AS t WHERE t.name = s.name;
    DELETE FROM steward.summary AS y WHERE y.name = s.name;
    PERFORM steward.summary_unwatch(g) FROM unnest(sources) AS g;
END $$;
REVOKE ALL ON FUNCTION summary_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_drop(text) IS 'drops a summary with its view, its rows and its triggers';

CREATE FUNCTION summary_condition(name text, "left" text, "right" text) RETURNS text
    AS 'MODULE_PATHNAME', 'steward_summary_condition'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
REVOKE ALL ON FUNCTION summary_condition(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_condition(text, text, text) IS 'the SQL that compares the keys of two tables of rows of a summary, given their aliases';

CREATE FUNCTION summary_without_own("row" jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10 SET search_path = pg_catalog, pg_temp
AS $$ SELECT "row" - ARRAY(SELECT k FROM jsonb_object_keys("row") AS k WHERE k ~ '^steward_(expires_at|[0-9]+)$') $$;
REVOKE ALL ON FUNCTION summary_without_own(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION summary_without_own(jsonb) IS 'a stored row of a summary without the columns that its query does not have';

CREATE FUNCTION summary_verify(name text, sample bigint DEFAULT NULL) RETURNS TABLE (key jsonb, stored jsonb, computed jsonb, pending boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
    setting text;
    before text[] := '{}';
    columns text[];
    changed text;
BEGIN
    name := steward.summary_own(name); -- which is asked also where there is no row
    PERFORM steward.summary_run_as_owner(name);
    SELECT * INTO s FROM steward.summary AS y WHERE y.name = name;
    FOREACH setting IN ARRAY s.settings LOOP -- values are to have the text that refreshes give them
        before := before || format('%s=%s', split_part(setting, '=', 1), current_setting(split_part(setting, '=', 1)));
        PERFORM set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true);
    END LOOP;
    columns := (SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = s.source AND a.attnum > 0 AND NOT a.attisdropped);
    changed := format('EXISTS (SELECT FROM %s AS steward_w WHERE %s OR steward_w.%I IS NULL)', s.changes, steward.summary_condition(s.name, 'steward_w', 'steward_k'), s.key[1]);
    IF s.timers IS NOT NULL THEN
        changed := changed || format(' OR EXISTS (SELECT FROM %s AS steward_w WHERE steward_w.steward_at <= now() AND %s)', s.timers, steward.summary_condition(s.name, 'steward_w', 'steward_k'));
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH steward_t AS MATERIALIZED (%s), steward_c AS (%s)
         SELECT jsonb_build_object(%s), steward.summary_without_own(to_jsonb(steward_t)), to_jsonb(steward_c), %s
         FROM steward_c FULL JOIN steward_t ON %s CROSS JOIN LATERAL (SELECT %s) AS steward_k
         WHERE ROW(%s)::record *<> ROW(%s)::record',
        CASE WHEN sample IS NULL THEN format('SELECT * FROM %s', s.stored) ELSE format('SELECT * FROM %s ORDER BY random() LIMIT %s', s.stored, sample) END,
        CASE WHEN sample IS NULL THEN format('SELECT * FROM %s AS steward_v WHERE steward_v.%s IS NOT NULL', s.source,
                                              (SELECT string_agg(quote_ident(k), ' IS NOT NULL AND steward_v.') FROM unnest(s.key) AS k))
             ELSE format('SELECT steward_q.* FROM steward_t CROSS JOIN LATERAL (SELECT * FROM %s AS steward_v WHERE %s OFFSET 0) AS steward_q', s.source, steward.summary_condition(s.name, 'steward_v', 'steward_t')) END,
        (SELECT string_agg(format('%L, steward_k.%I', k, k), ', ') FROM unnest(s.key) AS k),
        changed || CASE WHEN s.expires IS NOT NULL THEN ' OR coalesce(steward_t.steward_expires_at <= now(), false)' ELSE '' END,
        steward.summary_condition(s.name, 'steward_c', 'steward_t'),
        (SELECT string_agg(format('coalesce(steward_c.%1$I, steward_t.%1$I) AS %1$I', k), ', ') FROM unnest(s.key) AS k),
        (SELECT string_agg('steward_c.' || a, ', ') FROM unnest(columns) AS a), (SELECT string_agg('steward_t.' || a, ', ') FROM unnest(columns) AS a));
    FOREACH setting IN ARRAY before LOOP
        PERFORM set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION summary_verify(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION summary_verify(text, bigint) IS
    'the rows of a summary, or of a sample of them, that differ from what its query gives now; pending says that a change of them waits, so that they may';

CREATE FUNCTION summary_explain(name text) RETURNS TABLE (part text, relation regclass, mode text, detail text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
BEGIN
    name := steward.summary_own(name);
    SELECT y.*, t.rebuild, t.key_us, t.full_us, t.error INTO s FROM steward.summary AS y JOIN steward.summary_state AS t USING (name)
    WHERE y.name = name;
    RETURN QUERY SELECT 'summary', s.view, s.mode,
        CASE s.mode WHEN 'delta' THEN 'What each change adds to the sums of its key is added up; no row is computed again.'
             WHEN 'full' THEN 'All rows are computed at each refresh, and those that differ are written.'
             ELSE format('The keys that changed are computed; all of them from about %s keys on.', greatest(1, round((s.full_us / coalesce(s.key_us, 50))::numeric))) END;
    RETURN QUERY SELECT g.part, g.relation,
        CASE WHEN g.part = 'clock' THEN 'window' WHEN g.deltas IS NOT NULL THEN 'delta' WHEN g.keys IS NOT NULL AND s.mode <> 'full' THEN 'keyed' ELSE 'full' END,
        CASE WHEN g.part = 'clock' THEN concat_ws(' ', g.reason, 'A row is computed again at: ' || s.expires)
             WHEN g.keys IS NOT NULL THEN concat_ws(' ', 'A row belongs to the key ' || array_to_string(g.keys, ', ') || '.',
                                                    'Read are: ' || array_to_string(g.columns, ', ') || '.')
             WHEN g.part = 'relation' AND s.mode <> 'full' THEN g.reason || ' A change of it has all computed: join it when you read, if it changes often.'
             ELSE g.reason END
    FROM steward.summary_source AS g WHERE g.name = s.name ORDER BY g.place;
    RETURN QUERY SELECT 'clock', g.relation, 'window', 'The key of a row is computed again at: ' || array_to_string(g.instants, ', ')
    FROM steward.summary_source AS g WHERE g.name = s.name AND cardinality(g.instants) > 0 AND s.mode = 'keyed' ORDER BY g.place;
    RETURN QUERY SELECT 'index', g.relation, 'keyed', format('No index of it begins with %s: each key reads all of it.', g.keys[1])
    FROM steward.summary_source AS g
    WHERE g.name = s.name AND g.keys IS NOT NULL AND s.mode = 'keyed' AND NOT EXISTS (
        SELECT FROM pg_index AS i WHERE i.indrelid = g.relation
            AND regexp_replace(pg_get_indexdef(i.indexrelid, 1, true), '^\((.*)\)$', '\1') = ANY (ARRAY(SELECT regexp_replace(k, '^\((.*)\)::.*$', '\1') FROM unnest(g.keys) AS k)));
    RETURN QUERY SELECT 'rebuild', NULL::regclass, 'full', 'The next refresh computes all: ' || s.rebuild || '.' WHERE s.rebuild IS NOT NULL;
    RETURN QUERY SELECT 'error', NULL::regclass, s.mode, s.error WHERE s.error IS NOT NULL;
END $$;
REVOKE ALL ON FUNCTION summary_explain(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_explain(text) IS 'how each part of a summary is brought up to date, and why';

CREATE FUNCTION summary_refresh_keys(name text, keys jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
BEGIN
    name := steward.summary_own(name); -- which is asked also where there is no row
    SELECT * INTO s FROM steward.summary AS y WHERE y.name = name;
    IF s.mode = 'delta' THEN
        PERFORM steward.summary_refuse(format('changes of summary %s are added up', s.name), 'No key is computed alone.', 'Use summary_refresh.');
    ELSIF jsonb_typeof(keys) <> 'array' THEN
        RAISE EXCEPTION 'an array of keys is needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- A key of one column may be written as its value.
    RETURN steward.summary_refresh_objects(s.name, (SELECT coalesce(jsonb_agg(CASE jsonb_typeof(k) WHEN 'object' THEN k ELSE jsonb_build_object(s.key[1], k) END), '[]')
                                                    FROM jsonb_array_elements(keys) AS k));
END $$;
REVOKE ALL ON FUNCTION summary_refresh_keys(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION summary_refresh_keys(text, jsonb) IS
    'computes those keys now, whether or not they have changed: [1, 2] or [{"a": 1, "b": 2}]; how many rows were written or removed; null if another session refreshes';

CREATE FUNCTION summary_refresh_objects(name text, keys jsonb) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_summary_refresh_objects'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;
REVOKE ALL ON FUNCTION summary_refresh_objects(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION summary_refresh_objects(text, jsonb) IS 'what summary_refresh_keys does, given an array of objects';

CREATE FUNCTION summary_adopt(matview regclass, expires text DEFAULT NULL) RETURNS regclass
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    view_name text := matview::text; -- with its schema: the search_path is the catalog's
    query text;
    key text[];
    grants text[];
    grantee text;
    adopted regclass;
BEGIN
    PERFORM steward.migration_require('summaries');
    IF (SELECT c.relkind FROM pg_class AS c WHERE c.oid = matview) IS DISTINCT FROM 'm' THEN
        RAISE EXCEPTION '"%" is not a materialized view', matview USING ERRCODE = 'wrong_object_type';
    END IF;
    SELECT array_agg(a.attname ORDER BY k.ordinality) INTO key
    FROM (SELECT * FROM pg_index AS i WHERE i.indrelid = matview AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
          ORDER BY i.indnkeyatts, i.indexrelid LIMIT 1) AS i
         CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, ordinality)
         JOIN pg_attribute AS a ON a.attrelid = matview AND a.attnum = k.attnum
    WHERE k.ordinality <= i.indnkeyatts;
    IF key IS NULL THEN
        RAISE EXCEPTION 'materialized view "%" has no key', matview USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Create a unique index on columns of it.';
    END IF;
    query := rtrim(pg_get_viewdef(matview), '; ');
    grants := ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
                    FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS a
                    WHERE c.oid = matview AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner);
    EXECUTE format('DROP MATERIALIZED VIEW %s', matview);
    adopted := steward.summary_create(view_name, query, key, expires => expires);
    FOREACH grantee IN ARRAY grants LOOP
        EXECUTE format('GRANT SELECT ON %s, %s TO %s', adopted, (SELECT s.stored FROM steward.summary AS s WHERE s.view = adopted), grantee);
    END LOOP;
    RETURN adopted;
END $$;
REVOKE ALL ON FUNCTION summary_adopt(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION summary_adopt(regclass, text) IS
    'makes a summary of a materialized view, which it replaces: of the same name, query, and rights to read; its key is that of its smallest unique index';
