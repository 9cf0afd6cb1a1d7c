\echo Use "CREATE EXTENSION pg_steward_fields" to load this file. \quit
-- Fields and oscillators, solved in the database.

CREATE FUNCTION cgl_parameters(parameters jsonb DEFAULT '{}') RETURNS jsonb
    AS 'MODULE_PATHNAME', 'steward_cgl_parameters'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION cgl_parameters(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cgl_parameters(jsonb) IS 'all parameters of the complex Ginzburg-Landau equation under one name each, with the defaults of those that are not given';

CREATE FUNCTION cgl_solver() RETURNS text
    AS 'MODULE_PATHNAME', 'steward_cgl_solver'
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION cgl_solver() FROM PUBLIC;
COMMENT ON FUNCTION cgl_solver() IS 'the version of the solver: another one where the same inputs may give other numbers';

CREATE FUNCTION cgl_solve(
    size integer, parameters jsonb DEFAULT '{}', steps integer DEFAULT 1000, seed bigint DEFAULT 0,
    OUT re float8[], OUT im float8[], OUT "time" float8, OUT amplitude float8, OUT deviation float8, OUT solver text) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_cgl_solve'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000000;
REVOKE ALL ON FUNCTION cgl_solve(integer, jsonb, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cgl_solve(integer, jsonb, integer, bigint) IS
    'solves the complex Ginzburg-Landau equation on a periodic square, from noise that the seed determines';

CREATE FUNCTION cgl_continue(
    re float8[], im float8[], parameters jsonb DEFAULT '{}', steps integer DEFAULT 1,
    OUT re float8[], OUT im float8[], OUT "time" float8, OUT amplitude float8, OUT deviation float8, OUT solver text) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_cgl_continue'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000000;
REVOKE ALL ON FUNCTION cgl_continue(float8[], float8[], jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION cgl_continue(float8[], float8[], jsonb, integer) IS
    'solves the complex Ginzburg-Landau equation on a periodic square, from a field that is given';

CREATE FUNCTION kuramoto_parameters(parameters jsonb DEFAULT '{}') RETURNS jsonb
    AS 'MODULE_PATHNAME', 'steward_kuramoto_parameters'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION kuramoto_parameters(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_parameters(jsonb) IS 'all parameters of Kuramoto''s oscillators, with the defaults of those that are not given';

CREATE FUNCTION kuramoto_solver() RETURNS text
    AS 'MODULE_PATHNAME', 'steward_kuramoto_solver'
    LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
REVOKE ALL ON FUNCTION kuramoto_solver() FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_solver() IS 'the version of the solver: another one where the same inputs may give other numbers';

CREATE FUNCTION kuramoto_solve(
    oscillators integer, coupling float8, parameters jsonb DEFAULT '{}', steps integer DEFAULT 1000, seed bigint DEFAULT 0,
    OUT r float8, OUT psi float8, OUT mean_r float8, OUT sync_time float8, OUT phases float8[], OUT frequencies float8[],
    OUT "time" float8, OUT solver text) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_kuramoto_solve'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000000;
REVOKE ALL ON FUNCTION kuramoto_solve(integer, float8, jsonb, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_solve(integer, float8, jsonb, integer, bigint) IS
    'solves Kuramoto''s coupled oscillators, from frequencies and phases that the seed determines';

CREATE FUNCTION kuramoto_continue(
    phases float8[], frequencies float8[], coupling float8, parameters jsonb DEFAULT '{}', steps integer DEFAULT 1,
    OUT r float8, OUT psi float8, OUT mean_r float8, OUT sync_time float8, OUT phases float8[], OUT frequencies float8[],
    OUT "time" float8, OUT solver text) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_kuramoto_continue'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
REVOKE ALL ON FUNCTION kuramoto_continue(float8[], float8[], float8, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_continue(float8[], float8[], float8, jsonb, integer) IS
    'solves Kuramoto''s coupled oscillators, from phases and frequencies that are given';

-- By way of a cache. The key has every input and the solver's version; what is stored is bytes, so any result is a hit.

CREATE FUNCTION cgl_bytes(size integer, parameters jsonb, steps integer, seed bigint) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_cgl_bytes'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000000;
REVOKE ALL ON FUNCTION cgl_bytes(integer, jsonb, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cgl_bytes(integer, jsonb, integer, bigint) IS 'a solved field as bytes, as caches keep it';

CREATE FUNCTION cgl_compute(args jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100000000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT steward.cgl_bytes((args ->> 'size')::integer, args -> 'parameters', (args ->> 'steps')::integer, (args ->> 'seed')::bigint)
$$;
REVOKE ALL ON FUNCTION cgl_compute(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION cgl_compute(jsonb) IS 'what cgl_fetch() has cache_fetch_bytes() call';

CREATE FUNCTION cgl_of_bytes(
    stored bytea, OUT re float8[], OUT im float8[], OUT "time" float8, OUT amplitude float8, OUT deviation float8, OUT solver text) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_cgl_of_bytes'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
REVOKE ALL ON FUNCTION cgl_of_bytes(bytea) FROM PUBLIC;
COMMENT ON FUNCTION cgl_of_bytes(bytea) IS 'the field that cgl_bytes() has made bytes of';

CREATE FUNCTION cgl_fetch(
    size integer, parameters jsonb DEFAULT '{}', steps integer DEFAULT 1000, seed bigint DEFAULT 0,
    OUT re float8[], OUT im float8[], OUT "time" float8, OUT amplitude float8, OUT deviation float8, OUT solver text) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL RESTRICTED COST 100000 SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1
AS $$
#variable_conflict use_variable
BEGIN
    parameters := steward.cgl_parameters(parameters);
    SELECT f.* INTO re, im, "time", amplitude, deviation, solver
    FROM steward.cgl_of_bytes(steward.cache_fetch_bytes(
        'field', steward.cache_key(steward.cgl_solver(), size, parameters, steps, seed), 'steward.cgl_compute(jsonb)',
        jsonb_build_object('size', size, 'parameters', parameters, 'steps', steps, 'seed', seed))) AS f;
END $$;
REVOKE ALL ON FUNCTION cgl_fetch(integer, jsonb, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION cgl_fetch(integer, jsonb, integer, bigint) IS
    'what cgl_solve() gives, from namespace field of the cache where the same inputs were solved before';

CREATE FUNCTION kuramoto_bytes(oscillators integer, coupling float8, parameters jsonb, steps integer, seed bigint) RETURNS bytea
    AS 'MODULE_PATHNAME', 'steward_kuramoto_bytes'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000000;
REVOKE ALL ON FUNCTION kuramoto_bytes(integer, float8, jsonb, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_bytes(integer, float8, jsonb, integer, bigint) IS 'solved oscillators as bytes, as caches keep them';

CREATE FUNCTION kuramoto_compute(args jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
    SELECT steward.kuramoto_bytes((args ->> 'oscillators')::integer, (args ->> 'coupling')::float8, args -> 'parameters', (args ->> 'steps')::integer, (args ->> 'seed')::bigint)
$$;
REVOKE ALL ON FUNCTION kuramoto_compute(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_compute(jsonb) IS 'what kuramoto_fetch() has cache_fetch_bytes() call';

CREATE FUNCTION kuramoto_of_bytes(
    stored bytea, OUT r float8, OUT psi float8, OUT mean_r float8, OUT sync_time float8, OUT phases float8[], OUT frequencies float8[],
    OUT "time" float8, OUT solver text) RETURNS record
    AS 'MODULE_PATHNAME', 'steward_kuramoto_of_bytes'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
REVOKE ALL ON FUNCTION kuramoto_of_bytes(bytea) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_of_bytes(bytea) IS 'the oscillators that kuramoto_bytes() has made bytes of';

CREATE FUNCTION kuramoto_fetch(
    oscillators integer, coupling float8, parameters jsonb DEFAULT '{}', steps integer DEFAULT 1000, seed bigint DEFAULT 0,
    OUT r float8, OUT psi float8, OUT mean_r float8, OUT sync_time float8, OUT phases float8[], OUT frequencies float8[],
    OUT "time" float8, OUT solver text) RETURNS record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL RESTRICTED COST 100000 SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1
AS $$
#variable_conflict use_variable
BEGIN
    parameters := steward.kuramoto_parameters(parameters);
    SELECT o.* INTO r, psi, mean_r, sync_time, phases, frequencies, "time", solver
    FROM steward.kuramoto_of_bytes(steward.cache_fetch_bytes(
        'field', steward.cache_key(steward.kuramoto_solver(), oscillators, coupling, parameters, steps, seed), 'steward.kuramoto_compute(jsonb)',
        jsonb_build_object('oscillators', oscillators, 'coupling', coupling, 'parameters', parameters, 'steps', steps, 'seed', seed))) AS o;
END $$;
REVOKE ALL ON FUNCTION kuramoto_fetch(integer, float8, jsonb, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION kuramoto_fetch(integer, float8, jsonb, integer, bigint) IS
    'what kuramoto_solve() gives, from namespace field of the cache where the same inputs were solved before';

-- What was solved since the server has started, by all sessions. Values from a cache were solved once.

CREATE FUNCTION field_stats(
    OUT solver text, OUT size integer, OUT solves bigint, OUT steps bigint, OUT seconds float8, OUT newest_steps_per_second float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_field_stats'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 10;
REVOKE ALL ON FUNCTION field_stats() FROM PUBLIC;
COMMENT ON FUNCTION field_stats() IS
    'how often each solver ran, how many steps it took and how long, by size: points along a side, or oscillators; null: all beyond the first 32 sizes';

CREATE FUNCTION field_histogram(OUT solver text, OUT upper_seconds float8, OUT solves bigint, OUT total_seconds float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_field_histogram'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 1000 ROWS 14;
REVOKE ALL ON FUNCTION field_histogram() FROM PUBLIC;
COMMENT ON FUNCTION field_histogram() IS 'how many runs of each solver took at most so many seconds, and all of its runs together';

-- For roles that the migrations have made; grants.sql does the same for those that they make later.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT m.signature, r.rolname
        FROM (SELECT p.oid::regprocedure AS signature,
                     CASE WHEN p.proname IN ('field_stats', 'field_histogram') THEN '{steward_reader,steward_metrics}'::text[]
                          WHEN p.provolatile = 'v' THEN '{steward_writer}' ELSE '{steward_reader}' END AS roles
              FROM pg_catalog.pg_proc AS p
              WHERE p.pronamespace = 'steward'::regnamespace AND p.proname ~ '^(cgl|kuramoto|field)_(solve|solver|continue|parameters|bytes|of_bytes|compute|fetch|stats|histogram)$') AS m
        JOIN pg_catalog.pg_roles AS r ON r.rolname = ANY (m.roles)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', wanted.signature, wanted.rolname);
    END LOOP;
END $$;
