-- Metrics: what they are, and recording them. Histograms of durations are bytes that can be added.

CREATE FUNCTION histogram_add(first bytea, second bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_histogram_add'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION histogram_add(bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION histogram_add(bytea, bytea) IS 'the histogram of the durations of both';

CREATE AGGREGATE histogram_sum(bytea) (SFUNC = histogram_add, STYPE = bytea, COMBINEFUNC = histogram_add, PARALLEL = SAFE);
REVOKE ALL ON FUNCTION histogram_sum(bytea) FROM PUBLIC;
COMMENT ON AGGREGATE histogram_sum(bytea) IS 'the histogram of the durations of all';

CREATE FUNCTION histogram_of(seconds float8[], counts bigint[]) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_histogram_of'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION histogram_of(float8[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION histogram_of(float8[], bigint[]) IS 'a histogram of durations, each of them so many times';

CREATE FUNCTION histogram_quantile(histogram bytea, q float8) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_histogram_quantile'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION histogram_quantile(bytea, float8) FROM PUBLIC;
COMMENT ON FUNCTION histogram_quantile(bytea, float8) IS 'the duration in seconds that such a share of them does not exceed; null for none';

CREATE FUNCTION histogram_count(histogram bytea) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_histogram_count'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
REVOKE ALL ON FUNCTION histogram_count(bytea) FROM PUBLIC;
COMMENT ON FUNCTION histogram_count(bytea) IS 'how many durations are in a histogram';

CREATE FUNCTION histogram_total(histogram bytea) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_histogram_total'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
REVOKE ALL ON FUNCTION histogram_total(bytea) FROM PUBLIC;
COMMENT ON FUNCTION histogram_total(bytea) IS 'how many seconds the durations of a histogram are together, exactly';

CREATE FUNCTION histogram_counts(histogram bytea) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'steward_histogram_counts'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION histogram_counts(bytea) FROM PUBLIC;
COMMENT ON FUNCTION histogram_counts(bytea) IS 'how many durations are in each bucket of a histogram';

CREATE FUNCTION histogram_bounds() RETURNS float8[]
    AS 'MODULE_PATHNAME', 'steward_histogram_bounds'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION histogram_bounds() FROM PUBLIC;
COMMENT ON FUNCTION histogram_bounds() IS 'the longest duration of each bucket of a histogram, in seconds';

CREATE FUNCTION operation_snapshot() RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_operation_snapshot'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 5000;
REVOKE ALL ON FUNCTION operation_snapshot() FROM PUBLIC;
COMMENT ON FUNCTION operation_snapshot() IS 'what all operations of the server have counted up to now';

CREATE FUNCTION operation_since(before bytea, now bytea, OUT component text, OUT operation text, OUT ok bigint, OUT errors bigint,
                                OUT cancelled bigint, OUT bins bytea) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_operation_since'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 50;
REVOKE ALL ON FUNCTION operation_since(bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION operation_since(bytea, bytea) IS 'what came on top between two snapshots, of each operation that was called';

CREATE FUNCTION host_state(OUT cpu_busy float8, OUT cpu_total float8, OUT memory_bytes float8, OUT available_bytes float8,
                           OUT load float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_host_state'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000 ROWS 1;
REVOKE ALL ON FUNCTION host_state() FROM PUBLIC;
COMMENT ON FUNCTION host_state() IS 'processor time since the start of the machine, memory and load; nulls where the machine is no Linux';

CREATE FUNCTION host_process_bytes(pids integer[]) RETURNS float8
    AS 'MODULE_PATHNAME', 'steward_host_process_bytes'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000;
REVOKE ALL ON FUNCTION host_process_bytes(integer[]) FROM PUBLIC;
COMMENT ON FUNCTION host_process_bytes(integer[]) IS 'memory that processes have for themselves; null where the machine is no Linux';

CREATE FUNCTION metric_create(name text, kind text, description text, labels text[] DEFAULT '{}', unit text DEFAULT NULL,
                              max_label_sets integer DEFAULT 100) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('monitor');
    IF NOT coalesce(name ~ '^[a-z_][a-z0-9_]{0,62}$', false) THEN
        RAISE EXCEPTION 'invalid name of a metric: "%"', name
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Use 1 to 63 lower-case letters, digits and underscores.';
    ELSIF NOT coalesce(kind IN ('gauge', 'counter', 'histogram'), false) THEN
        RAISE EXCEPTION 'a metric must be a gauge, a counter or a histogram' USING ERRCODE = 'invalid_parameter_value';
    ELSIF coalesce(description, '') = '' THEN
        RAISE EXCEPTION 'a metric must have a description' USING ERRCODE = 'invalid_parameter_value';
    ELSIF labels IS NULL OR cardinality(labels) > 8 OR EXISTS (SELECT FROM unnest(labels) AS l WHERE l IS NULL OR l !~ '^[a-z_][a-z0-9_]{0,62}$')
          OR cardinality(labels) > (SELECT count(DISTINCT l) FROM unnest(labels) AS l) THEN
        RAISE EXCEPTION 'a metric may have 8 labels of different names'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Use 1 to 63 lower-case letters, digits and underscores.';
    ELSIF NOT coalesce(max_label_sets BETWEEN 1 AND 10000, false) THEN
        RAISE EXCEPTION 'max_label_sets must lie between 1 and 10000' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO steward.metric (name, owner, kind, unit, description, labels, max_label_sets)
    VALUES (name, quote_ident(current_user)::regrole, kind, CASE kind WHEN 'histogram' THEN 'seconds' ELSE unit END, description, labels,
            max_label_sets);
END $$;
REVOKE ALL ON FUNCTION metric_create(text, text, text, text[], text, integer) FROM PUBLIC;
COMMENT ON FUNCTION metric_create(text, text, text, text[], text, integer) IS
    'makes a metric of the caller''s: a gauge, a counter, or a histogram of seconds';

CREATE FUNCTION metric_drop(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner regrole;
BEGIN
    PERFORM steward.migration_require('monitor');
    SELECT m.owner INTO owner FROM steward.metric AS m WHERE m.name = metric_drop.name AND NOT m.built_in;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'metric "%" does not exist', left(name, 63)
            USING ERRCODE = 'undefined_object', HINT = 'Built-in metrics cannot be dropped.';
    ELSIF NOT pg_has_role(owner, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of metric "%"', name USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM steward.metric AS m WHERE m.name = metric_drop.name;
END $$;
REVOKE ALL ON FUNCTION metric_drop(text) FROM PUBLIC;
COMMENT ON FUNCTION metric_drop(text) IS 'ends a metric; what was recorded of it stays until it is past keeping';

CREATE FUNCTION metric_check(name text, labels jsonb) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    m record;
BEGIN
    PERFORM steward.migration_require('monitor');
    SELECT d.kind, d.labels INTO m FROM steward.metric AS d WHERE d.name = metric_check.name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'metric "%" does not exist', left(name, 63)
            USING ERRCODE = 'undefined_object', HINT = 'metric_create() makes it.';
    ELSIF jsonb_typeof(labels) <> 'object' OR NOT labels ?& m.labels OR (SELECT count(*) FROM jsonb_object_keys(labels)) <> cardinality(m.labels)
          OR EXISTS (SELECT FROM jsonb_each(labels) AS l WHERE jsonb_typeof(l.value) <> 'string' OR length(l.value #>> '{}') > 200) THEN
        RAISE EXCEPTION 'metric "%" needs these labels: %', name, coalesce(nullif(array_to_string(m.labels, ', '), ''), 'none')
            USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Each of them is a text of 200 characters at most.';
    END IF;
    RETURN m.kind;
END $$;
REVOKE ALL ON FUNCTION metric_check(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION metric_check(text, jsonb) IS 'the kind of a metric; raises an error unless it has just these labels';

CREATE FUNCTION metric_record(name text, value float8, labels jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    kind text := steward.metric_check(name, labels);
BEGIN
    IF value IN ('NaN', 'Infinity', '-Infinity') OR (kind <> 'gauge' AND value < 0) THEN
        RAISE EXCEPTION 'a % may not be %', kind, value USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF kind = 'histogram' THEN
        INSERT INTO steward.metric_sample (name, at, labels, bins)
        VALUES (name, clock_timestamp(), labels, steward.histogram_of(ARRAY[value], ARRAY[1::bigint]));
    ELSE
        INSERT INTO steward.metric_sample (name, at, labels, value) VALUES (name, clock_timestamp(), labels, value);
    END IF;
END $$;
REVOKE ALL ON FUNCTION metric_record(text, float8, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION metric_record(text, float8, jsonb) IS
    'records how a gauge stands, what comes on top of a counter, or a duration in seconds; with the transaction';

CREATE FUNCTION metric_record_many(name text, vals float8[], counts bigint[], labels jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF steward.metric_check(name, labels) <> 'histogram' THEN
        RAISE EXCEPTION 'metric "%" is no histogram', name USING ERRCODE = 'wrong_object_type';
    END IF;
    INSERT INTO steward.metric_sample (name, at, labels, bins) VALUES (name, clock_timestamp(), labels, steward.histogram_of(vals, counts));
END $$;
REVOKE ALL ON FUNCTION metric_record_many(text, float8[], bigint[], jsonb) FROM PUBLIC;
COMMENT ON FUNCTION metric_record_many(text, float8[], bigint[], jsonb) IS 'records many durations in seconds, each of them so many times';

CREATE FUNCTION heartbeat(source text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 1000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM steward.migration_require('monitor');
    IF source !~ '^[a-z0-9_.-]{1,63}$' THEN
        RAISE EXCEPTION 'invalid name of a source of heartbeats: "%"', source
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Use 1 to 63 lower-case letters, digits, points, hyphens and underscores.';
    END IF;
    INSERT INTO steward.heartbeat AS h (source, minute) VALUES (source, date_trunc('minute', steward.worker_clock()))
    ON CONFLICT ON CONSTRAINT heartbeat_pkey DO UPDATE SET beats = h.beats + 1;
END $$;
REVOKE ALL ON FUNCTION heartbeat(text) FROM PUBLIC;
COMMENT ON FUNCTION heartbeat(text) IS 'says that the worker, the sidecar or whatever else is there in this minute; availability counts the minutes';
