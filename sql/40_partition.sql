-- Day partitions of history tables: made before they are needed, dropped when they are past keeping. A day is
-- one of UTC, so that every caller means the same. Partitions belong to their maker, who owns the parent.

CREATE FUNCTION partition_key(parent regclass) RETURNS name
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key name;
BEGIN
    SELECT a.attname INTO key
    FROM pg_partitioned_table AS p JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = parent AND p.partstrat = 'r' AND p.partnatts = 1 AND a.atttypid = 'timestamptz'::regtype;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" is not partitioned by range over one timestamptz column', parent
            USING ERRCODE = 'wrong_object_type';
    END IF;
    RETURN key;
END $$;
REVOKE ALL ON FUNCTION partition_key(regclass) FROM PUBLIC;
COMMENT ON FUNCTION partition_key(regclass) IS 'the column whose day decides the partition of a history table';

CREATE FUNCTION partition_create(parent regclass, day date) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    measured bigint := steward.operation_begin('partition', 'partition_create');
    key name := steward.partition_key(parent);
    default_partition oid := (SELECT partdefid FROM pg_partitioned_table WHERE partrelid = parent);
    owner regrole := (SELECT relowner FROM pg_class WHERE oid = parent);
    first text := day::timestamptz::text;
    past text := (day + 1)::timestamptz::text;
    -- What is generated is so again.
    columns text := (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
                     WHERE a.attrelid = parent AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
    partition text;
BEGIN
    -- Against another session that makes the same one; readers and writers are not kept waiting.
    EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
    SELECT format('%I.%I', n.nspname, left(c.relname, 53) || to_char(day, '"_p"YYYYMMDD')) INTO partition
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = parent;
    IF to_regclass(partition) IS NOT NULL THEN
        PERFORM steward.operation_end(measured);
        RETURN false;
    END IF;
    -- Made alone and then attached: CREATE TABLE ... PARTITION OF would keep every reader of the parent waiting.
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)', partition, parent);
    IF owner <> quote_ident(current_user)::regrole THEN -- whoever owns the whole is to own its parts
        EXECUTE format('ALTER TABLE %s OWNER TO %s', partition, owner);
    END IF;
    IF default_partition <> 0 THEN
        -- Rows that came before their partition move into it, or it could not be attached.
        EXECUTE format('WITH moved AS (DELETE FROM %s WHERE %I >= %L AND %I < %L RETURNING %s)
                        INSERT INTO %s (%s) SELECT * FROM moved',
                       default_partition::regclass, key, first, key, past, columns, partition, columns);
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, partition, first, past);
    PERFORM steward.operation_end(measured);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION partition_create(regclass, date) FROM PUBLIC;
COMMENT ON FUNCTION partition_create(regclass, date) IS
    'makes the partition of a history table for one day of UTC; false if it is there';

CREATE FUNCTION partition_drop(parent regclass, before timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    measured bigint := steward.operation_begin('partition', 'partition_drop');
    key name := steward.partition_key(parent);
    partition regclass;
    default_partition oid := (SELECT partdefid FROM pg_partitioned_table WHERE partrelid = parent);
    dropped integer := 0;
BEGIN
    IF default_partition <> 0 THEN -- what came too late for its own day
        EXECUTE format('DELETE FROM %s WHERE %I < %L', default_partition::regclass, key, before::date);
    END IF;
    FOR partition IN
        SELECT c.oid
        FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = parent
              AND substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz <= before
    LOOP
        IF steward.migration_is_deployed('summaries') THEN -- nobody hears of rows that go with their table
            PERFORM steward.summary_mark(partition);
        END IF;
        EXECUTE format('DROP TABLE %s', partition);
        dropped := dropped + 1;
    END LOOP;
    PERFORM steward.operation_end(measured);
    RETURN dropped;
END $$;
REVOKE ALL ON FUNCTION partition_drop(regclass, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION partition_drop(regclass, timestamptz) IS
    'drops the partitions of a history table that hold nothing from that time on, and says how many; deletes such rows of the DEFAULT partition';

CREATE FUNCTION partition_maintain(parent regclass, days_ahead integer DEFAULT 7, retention interval DEFAULT NULL,
                                   at timestamptz DEFAULT clock_timestamp(),
                                   OUT created integer, OUT dropped integer)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 100000
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    measured bigint := steward.operation_begin('partition', 'partition_maintain');
BEGIN
    IF parent IS NULL OR at IS NULL OR days_ahead IS NULL OR days_ahead NOT BETWEEN 0 AND 366 THEN
        RAISE EXCEPTION 'a table, a time and 0 to 366 days ahead are needed' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF retention <= interval '0' THEN
        RAISE EXCEPTION 'retention must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT count(*) FILTER (WHERE steward.partition_create(parent, at::date + ahead)) INTO created
    FROM generate_series(0, days_ahead) AS ahead;
    dropped := coalesce(steward.partition_drop(parent, at - retention), 0);
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON FUNCTION partition_maintain(regclass, integer, interval, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION partition_maintain(regclass, integer, interval, timestamptz) IS
    'makes the day partitions of a history table from today on and drops those that ended longer than retention ago';
