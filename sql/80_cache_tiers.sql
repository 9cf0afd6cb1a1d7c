-- The cache below the memory: what writes it, moves it, and brings it back.

CREATE FUNCTION cache_save(skip_held boolean DEFAULT false) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_save'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000 SET lock_timeout = '100ms';
REVOKE ALL ON FUNCTION cache_save(boolean) FROM PUBLIC;
COMMENT ON FUNCTION cache_save(boolean) IS
    'writes values that are in memory alone to the table below, some thousand at most; how many; 0 while another session does so. '
    'Rows that a transaction holds which has not yet ended are waited for 0.1 s, or skipped';

CREATE FUNCTION cache_turn(step text, every interval) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_turn'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
REVOKE ALL ON FUNCTION cache_turn(text, interval) FROM PUBLIC;
COMMENT ON FUNCTION cache_turn(text, interval) IS
    'how often a step was done in this database since the start of the server, any number without memory; null if it is not due yet';

CREATE FUNCTION cache_used_most(n integer, OUT namespace text, OUT role oid, OUT key text, OUT hits bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_cache_used_most'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000 ROWS 1000;
REVOKE ALL ON FUNCTION cache_used_most(integer) FROM PUBLIC;
COMMENT ON FUNCTION cache_used_most(integer) IS 'the keys in memory that were found most often, n of each cache that is warmed by them';

CREATE FUNCTION cache_decay(since timestamptz, at timestamptz) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 0.5 ^ (greatest(extract(epoch FROM at - since), 0) / 86400)
$$;
REVOKE ALL ON FUNCTION cache_decay(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cache_decay(timestamptz, timestamptz) IS 'what is left of a use after that time: half of it a day later';

CREATE FUNCTION cache_new_uses(seen bigint, hits bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN hits >= seen THEN hits - seen ELSE hits END
$$;
REVOKE ALL ON FUNCTION cache_new_uses(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cache_new_uses(bigint, bigint) IS 'how much a counter has grown that begins anew when its entry comes into memory again';

CREATE FUNCTION cache_decayed(hours double precision[], hour_of_now double precision[], decay double precision, uses bigint)
    RETURNS double precision[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_agg(h.uses * decay + CASE WHEN n.uses > 0 THEN cache_decayed.uses ELSE 0 END ORDER BY h.hour)
    FROM unnest(hours) WITH ORDINALITY AS h (uses, hour) JOIN unnest(hour_of_now) WITH ORDINALITY AS n (uses, hour) USING (hour)
$$;
REVOKE ALL ON FUNCTION cache_decayed(double precision[], double precision[], double precision, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cache_decayed(double precision[], double precision[], double precision, bigint) IS
    'uses by hour, less what time has taken, and the new ones in the hour of now';

CREATE FUNCTION cache_popular_keys(namespace text, n integer DEFAULT 100) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'steward_cache_popular_keys'
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 1000 ROWS 100;
REVOKE ALL ON FUNCTION cache_popular_keys(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION cache_popular_keys(text, integer) IS
    'the keys of a cache that are used most, also over restarts, or, as the namespace says, at this hour of other days';

-- Without SET search_path, which would be that of the function that computes.
CREATE FUNCTION cache_warm(namespace text, n integer DEFAULT 100, compute regprocedure DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 10000
AS $$
DECLARE
    by_type constant pg_catalog.text := (
        SELECT CASE WHEN p.prorettype OPERATOR(pg_catalog.=) 'pg_catalog.text'::pg_catalog.regtype THEN 'cache_fetch_text'
                    WHEN p.prorettype OPERATOR(pg_catalog.=) 'pg_catalog.bytea'::pg_catalog.regtype THEN 'cache_fetch_bytes'
                    ELSE 'cache_fetch' END
        FROM pg_catalog.pg_proc AS p WHERE p.oid OPERATOR(pg_catalog.=) compute);
    warmed pg_catalog.int8 := 0;
    wanted pg_catalog.text;
BEGIN
    FOR wanted IN SELECT steward.cache_popular_keys(namespace, n) LOOP
        IF NOT steward.cache_has(namespace, wanted) THEN
            CONTINUE WHEN by_type IS NULL;
            EXECUTE pg_catalog.format('SELECT steward.%I($1, $2, $3, $4)', by_type)
            USING namespace, wanted, compute, pg_catalog.jsonb_build_object('key', wanted);
        END IF;
        warmed := warmed OPERATOR(pg_catalog.+) 1;
    END LOOP;
    RETURN warmed;
END $$;
REVOKE ALL ON FUNCTION cache_warm(text, integer, regprocedure) FROM PUBLIC;
COMMENT ON FUNCTION cache_warm(text, integer, regprocedure) IS
    'brings the values that are used most into memory, computing those that are nowhere if it is said how; how many are there';

CREATE FUNCTION cache_warm_all(n integer DEFAULT 100) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_cache_warm_all'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;
REVOKE ALL ON FUNCTION cache_warm_all(integer) FROM PUBLIC;
COMMENT ON FUNCTION cache_warm_all(integer) IS 'does for all caches what the worker does after a start: n values of each come back into memory';

CREATE FUNCTION cache_run_step(step text, part integer, at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE step WHEN 'tend' THEN steward.cache_table_tend(part, at) WHEN 'archive' THEN steward.cache_archive_tend(at)
                     WHEN 'popular' THEN steward.cache_popular_note(at) END;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN -- the next turn comes
    RETURN 0;
END $$;
REVOKE ALL ON FUNCTION cache_run_step(text, integer, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION cache_run_step(text, integer, timestamptz) IS 'one of the steps of cache_run, which waits for nobody';

-- A procedure without SET and not SECURITY DEFINER: neither could commit.
CREATE PROCEDURE cache_run()
    LANGUAGE plpgsql
AS $$
DECLARE
    measured bigint := steward.operation_begin('duty', 'cache_run');
    at timestamptz := steward.worker_clock();
    turn bigint;
    saved bigint;
BEGIN
    IF steward.cache_turn('warm', '100 years') IS NOT NULL THEN
        PERFORM steward.cache_warm_all(100);
        COMMIT;
    END IF;
    FOR batch IN 1 .. 20 LOOP -- what is stored meanwhile asks for another run
        BEGIN
            saved := steward.cache_save();
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            saved := steward.cache_save(skip_held => true); -- somebody has removed a value and not yet committed
        END;
        EXIT WHEN saved OPERATOR(pg_catalog.=) 0;
        COMMIT;
    END LOOP;
    COMMIT;
    turn := steward.cache_turn('tend', '1 minute');
    FOR batch IN 1 .. 100 LOOP
        EXIT WHEN turn IS NULL
                  OR steward.cache_run_step('tend', (turn OPERATOR(pg_catalog.%) 8)::pg_catalog.int4, at) OPERATOR(pg_catalog.<) 20000;
        COMMIT;
    END LOOP;
    COMMIT;
    IF steward.cache_turn('archive', '1 hour') IS NOT NULL THEN
        PERFORM steward.cache_run_step('archive', 0, at);
        COMMIT;
    END IF;
    IF steward.cache_turn('popular', '5 minutes') IS NOT NULL THEN
        PERFORM steward.cache_run_step('popular', 0, at);
        COMMIT;
    END IF;
    PERFORM steward.operation_end(measured);
END $$;
REVOKE ALL ON PROCEDURE cache_run() FROM PUBLIC;
COMMENT ON PROCEDURE cache_run() IS
    'does what is due for caches below the memory: writes, archives, expires, notes what is used most; after a start it warms them';
