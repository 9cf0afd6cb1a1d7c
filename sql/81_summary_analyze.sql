-- What the rows of a summary are computed from, and how their changes are noted.

CREATE FUNCTION summary_analyze(source regclass, key text[], OUT part text, OUT relation regclass, OUT keys text[], OUT columns text[],
                                OUT begins text[], OUT ends text[], OUT reason text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_summary_analyze'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 10;
REVOKE ALL ON FUNCTION summary_analyze(regclass, text[]) FROM PUBLIC;
COMMENT ON FUNCTION summary_analyze(regclass, text[]) IS
    'what the rows of one key of a view are computed from: relations, with the expression over their rows that is the key, or why there is none, and when rows begin or cease to count by the clock; what else asks for the time; functions that may read anything';

CREATE FUNCTION summary_delta(source regclass, key text[], OUT reason text, OUT relation regclass, OUT condition text, OUT keys text[], OUT deltas text[],
                              OUT outputs text[], OUT columns text[]) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_summary_delta'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 1 SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION summary_delta(regclass, text[]) FROM PUBLIC;
COMMENT ON FUNCTION summary_delta(regclass, text[]) IS
    'how the rows of a view follow from adding up what each row of one table adds to the sums of its key, or why they do not';

CREATE FUNCTION summary_capture() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_summary_capture'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10;
REVOKE ALL ON FUNCTION summary_capture() FROM PUBLIC;
COMMENT ON FUNCTION summary_capture() IS 'trigger of the tables that summaries read: notes which keys change';

CREATE FUNCTION summary_definition_changed() RETURNS trigger
    AS 'MODULE_PATHNAME', 'steward_summary_definition_changed'
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10;
REVOKE ALL ON FUNCTION summary_definition_changed() FROM PUBLIC;
COMMENT ON FUNCTION summary_definition_changed() IS 'trigger of table steward.summary_source: every session hears of a change';

CREATE FUNCTION summary_flush() RETURNS void
    AS 'MODULE_PATHNAME', 'steward_summary_flush'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100;
REVOKE ALL ON FUNCTION summary_flush() FROM PUBLIC;
COMMENT ON FUNCTION summary_flush() IS 'writes down now which keys this transaction has changed, as its commit does';

-- All that a trigger of the tables of a summary is: for each row, also of partitions that come later, and for TRUNCATE,
-- which fires those of each partition. ALWAYS: what a subscription applies changes rows as well.
CREATE FUNCTION summary_watch_table(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    part regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = relation AND t.tgname = 'steward_summary' AND t.tgenabled = 'A') THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER steward_summary AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION steward.summary_capture()', relation);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER steward_summary', relation);
    END IF;
    FOR part IN SELECT relation UNION SELECT p.relid FROM pg_partition_tree(relation) AS p LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = part AND t.tgname = 'steward_summary_truncate') THEN
            EXECUTE format('CREATE TRIGGER steward_summary_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION steward.summary_capture()', part);
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER steward_summary_truncate', part);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = part AND t.tgname = 'steward_summary' AND t.tgenabled = 'A') THEN
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER steward_summary', part);
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION summary_watch_table(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_watch_table(regclass) IS 'makes the triggers of a table that a summary reads, and of its partitions';

CREATE FUNCTION summary_partitions(relation regclass) RETURNS regclass[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_agg(r.part ORDER BY r.part)
    FROM (SELECT relation AS part UNION SELECT p.relid FROM pg_partition_tree(relation) AS p) AS r
$$;
REVOKE ALL ON FUNCTION summary_partitions(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_partitions(regclass) IS 'a table and all of its partitions';

CREATE FUNCTION summary_stamps(relation regclass) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(array_agg(format('%s:%s', i.inhrelid, i.xmin) ORDER BY i.inhrelid), '{}')
    FROM pg_partition_tree(relation) AS p JOIN pg_inherits AS i ON i.inhrelid = p.relid WHERE p.relid <> relation
$$;
REVOKE ALL ON FUNCTION summary_stamps(regclass) FROM PUBLIC;
COMMENT ON FUNCTION summary_stamps(regclass) IS 'the partitions of a table, as they were attached: one that was detached and attached again has another stamp';

-- Whether what is watched of a table is still there: dropped, or disabled while much was loaded, a trigger hears nothing.
CREATE FUNCTION summary_is_deaf(partitions regclass[]) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM unnest(partitions) AS p (part) JOIN pg_class AS c ON c.oid = p.part
                   LEFT JOIN pg_trigger AS t ON t.tgrelid = p.part AND t.tgname = 'steward_summary' WHERE t.tgenabled IS DISTINCT FROM 'A')
$$;
REVOKE ALL ON FUNCTION summary_is_deaf(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION summary_is_deaf(regclass[]) IS 'whether one of these tables has lost the trigger of summaries, or it is disabled';

CREATE FUNCTION summary_watch(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    watched record;
    now_there regclass[];
    now_stamps text[];
    part regclass;
    has_rows boolean;
    why constant text := format('partitions or triggers of its tables have come or gone at %s', clock_timestamp());
BEGIN
    -- Expressions over columns that were given other names are made anew.
    IF EXISTS (SELECT FROM steward.summary_source AS s CROSS JOIN ROWS FROM (unnest(s.named), unnest(s.numbers)) AS c (name, number)
               WHERE s.name = summary_watch.name AND s.partitions <> '{}'
                     AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = s.relation AND a.attnum = c.number AND a.attname = c.name)) THEN
        PERFORM steward.summary_rebuild(name);
    END IF;
    FOR watched IN SELECT s.* FROM steward.summary_source AS s WHERE s.name = summary_watch.name AND s.partitions <> '{}' LOOP
        IF NOT (SELECT pg_has_role(watched.owner, c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = watched.relation) THEN
            PERFORM steward.summary_refuse(format('changes of "%s" are not heard of any more', watched.relation), 'It belongs to another role.');
        END IF;
        IF steward.summary_obstacle(watched.relation) IS NOT NULL THEN
            PERFORM steward.summary_refuse(format('changes of "%s" are not heard of any more', watched.relation), steward.summary_obstacle(watched.relation));
        END IF;
        now_there := steward.summary_partitions(watched.relation);
        now_stamps := steward.summary_stamps(watched.relation);
        IF steward.summary_is_deaf(ARRAY(SELECT unnest(watched.partitions) INTERSECT SELECT unnest(now_there))) THEN -- and so it was for all that read the table
            PERFORM steward.summary_watch_table(watched.relation);
            UPDATE steward.summary_state AS t SET rebuild = why
            WHERE t.name IN (SELECT o.name FROM steward.summary_source AS o WHERE o.relation = watched.relation);
        END IF;
        CONTINUE WHEN now_stamps = watched.stamps;
        PERFORM steward.summary_watch_table(watched.relation);
        -- What has gone has taken rows along; what was made empty has got its rows through the triggers.
        has_rows := NOT watched.stamps <@ now_stamps;
        FOREACH part IN ARRAY now_there LOOP
            EXIT WHEN has_rows;
            CONTINUE WHEN part = ANY (watched.partitions) OR (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = part);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', part) INTO has_rows;
        END LOOP;
        UPDATE steward.summary_source AS s SET partitions = now_there, stamps = now_stamps WHERE s.name = watched.name AND s.place = watched.place;
        UPDATE steward.summary_state AS t SET rebuild = why WHERE has_rows AND t.name = summary_watch.name;
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'summary % cannot watch a partition of another role', name
        USING ERRCODE = 'insufficient_privilege', DETAIL = SQLERRM, HINT = 'Give the partition the owner of its table.';
END $$;
REVOKE ALL ON FUNCTION summary_watch(text) FROM PUBLIC;
COMMENT ON FUNCTION summary_watch(text) IS
    'watches the partitions that tables of a summary have by now; where one came with rows or went, all is computed at the next refresh';
