-- What is measured of our own operations. The numbers are those of the server, and no other test runs beside this.
SET search_path = steward, public;
SET steward.sample_rate = 1;
CREATE VIEW public.measured AS
SELECT component, operation, calls, errors, cancelled, samples FROM operation_stats
WHERE component <> 'operations' ORDER BY component, operation;

-- Calls are counted as they return, within their transaction too.
SELECT operation_reset();
SELECT sum(ambiguity('It may be ' || i)) > 0 AS scored FROM generate_series(1, 5000) AS i;
SELECT count(*) FROM ambiguity_findings('It may be appropriate.');
SELECT levenshtein('kitten', 'sitting');
SELECT * FROM public.measured;
BEGIN;
SELECT levenshtein('kitten', 'sitting');
SELECT calls FROM public.measured WHERE operation = 'levenshtein';
ROLLBACK;
SELECT calls FROM public.measured WHERE operation = 'levenshtein';

-- An exception of C++, an error of PostgreSQL, and one that a plpgsql block catches: each counts once.
SELECT operation_reset();
SELECT ambiguity('x', 'nolexicon'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT criteria_formality('{}'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT * FROM public.measured;
DO $$
BEGIN
    FOR i IN 1 .. 100 LOOP
        BEGIN
            PERFORM steward.ambiguity('x' || i); -- a call of constants would be made once, by the planner
            PERFORM steward.criteria_formality('{}');
        EXCEPTION WHEN invalid_parameter_value THEN
            NULL;
        END;
    END LOOP;
END $$;
SELECT * FROM public.measured;
-- So does one of a savepoint, and nothing that returned before it fails with it.
BEGIN;
SAVEPOINT one;
SELECT synthesis_reliability(1, 2);
SAVEPOINT two;
SELECT synthesis_reliability(1, 2);
SELECT synthesis_reliability(2, 1);
ROLLBACK TO one;
SELECT synthesis_reliability(1, 2);
COMMIT;
SELECT * FROM public.measured WHERE operation = 'synthesis_reliability';

-- A cancel is no error, even if it passes a block that catches errors.
SELECT operation_reset();
SET statement_timeout = '50ms';
SELECT levenshtein(repeat('a', 500000), repeat('b', 500000));
DO $$
BEGIN
    BEGIN
        PERFORM steward.levenshtein(repeat('a', 500000), repeat('b', 500000));
    EXCEPTION WHEN OTHERS THEN
        RAISE 'never reached';
    END;
END $$;
RESET statement_timeout;
SELECT * FROM public.measured;
SELECT p50_ms > 35 AS takes_as_long_as_the_timeout FROM operation_stats WHERE operation = 'levenshtein';

-- Calls inside calls: of a function that is not in C, which fails or not.
CREATE FUNCTION public.outer_duty(depth integer, fail boolean) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    operation bigint := steward.operation_begin('test', 'outer_duty');
    edits integer := steward.levenshtein('kitten' || depth, 'sitting' || depth);
BEGIN
    IF depth > 1 THEN
        edits := edits + public.outer_duty(depth - 1, fail);
    ELSIF fail THEN
        edits := 1 / (edits - edits);
    END IF;
    PERFORM steward.operation_end(operation);
    RETURN edits;
END $$;
SELECT operation_reset();
SELECT outer_duty(1, false), outer_duty(3, false);
SELECT outer_duty(3, true);
SELECT * FROM public.measured;
DO $$
BEGIN
    PERFORM public.outer_duty(2, true);
EXCEPTION WHEN division_by_zero THEN
    PERFORM public.outer_duty(2, false);
END $$;
SELECT * FROM public.measured;
-- Deeper than the stack of running calls: counted, but not timed.
SELECT operation_reset();
SELECT outer_duty(200, false);
SELECT * FROM public.measured;
-- Cancelled in plpgsql itself.
SELECT operation_reset();
SET statement_timeout = '50ms';
DO $$
BEGIN
    PERFORM steward.operation_begin('test', 'slow_duty');
    PERFORM pg_sleep(10);
END $$;
RESET statement_timeout;
-- Forgotten at the end of the transaction, ended twice, ended with one inside that was forgotten, never begun.
SELECT operation_begin('test', 'forgotten') > 0 AS begun;
BEGIN;
SELECT operation_begin('test', 'around') AS token \gset
SELECT operation_begin('test', 'inside') > 0 AS begun;
SELECT operation_end(:token);
SELECT operation_end(:token);
COMMIT;
SELECT operation_end(0), operation_end(-1), operation_end(9223372036854775807);
SELECT operation_begin(NULL, 'x') IS NULL AND operation_end(NULL) IS NULL AS null_in_null_out;
-- A procedure that commits goes on.
CREATE PROCEDURE public.long_duty() LANGUAGE plpgsql AS $$
DECLARE
    operation bigint := steward.operation_begin('test', 'long_duty');
BEGIN
    COMMIT;
    COMMIT;
    PERFORM steward.operation_end(operation);
    COMMIT;
END $$;
CALL long_duty();
SELECT * FROM public.measured;
-- Names become labels of metrics, in any encoding.
SELECT operation_begin('', 'x'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_begin('Test', 'x'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_begin('test', 'é'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_begin('test', repeat('x', 40)); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_begin(repeat('x', 24), 'x'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
-- What is shown adds up.
SELECT operation_reset();
SELECT count(levenshtein(repeat('a', i), repeat('b', i))) FROM generate_series(1, 3000) AS i;
SELECT calls, samples, p50_ms > 0 AND p50_ms <= p95_ms AND p95_ms <= p99_ms AS ordered, mean_ms > 0 AS mean,
       stats_reset BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AS reset
FROM operation_stats WHERE operation = 'levenshtein';
SELECT component, status, calls FROM operation_counts() WHERE operation = 'levenshtein';
SELECT samples, total_seconds > 0 AND total_seconds < 100 AS total FROM operation_totals() WHERE operation = 'levenshtein';
SELECT count(*) AS bounds, min(upper_seconds), max(upper_seconds), max(observations),
       count(*) FILTER (WHERE observations < before) AS falling,
       count(*) FILTER (WHERE upper_seconds <> 2 * lower AND upper_seconds <> 'Infinity') AS not_doubled
FROM (SELECT upper_seconds, observations, lag(observations) OVER (ORDER BY upper_seconds) AS before,
             lag(upper_seconds) OVER (ORDER BY upper_seconds) AS lower
      FROM operation_histogram() WHERE operation = 'levenshtein') AS h;
SELECT count(DISTINCT bounds) AS sets_of_bounds
FROM (SELECT array_agg(upper_seconds) AS bounds FROM operation_histogram() GROUP BY component, operation) AS h;

-- A parallel query counts each call once.
CREATE TABLE public.many AS SELECT 'It may be ' || i AS statement FROM generate_series(1, 20000) AS i;
ANALYZE public.many;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT operation_reset();
EXPLAIN (COSTS off) SELECT count(ambiguity(statement)) FROM public.many;
SELECT count(ambiguity(statement)) FROM public.many;
SELECT * FROM public.measured;
SELECT count(ambiguity(statement, CASE statement WHEN 'It may be 7' THEN 'nolexicon' ELSE 'iso' END)) FROM public.many;
SELECT operation, errors FROM public.measured WHERE errors > 0;

-- Without sampling everything is counted and nothing timed; a share of it is timed in between.
SELECT operation_reset();
SET steward.sample_rate = 0;
SELECT count(ambiguity(statement)) FROM public.many;
SELECT calls, samples, mean_ms, p50_ms, p95_ms, p99_ms FROM operation_stats WHERE operation = 'ambiguity';
SET steward.sample_rate = 0.1;
SELECT count(ambiguity(statement)) FROM public.many;
SELECT calls, samples BETWEEN 1600 AND 2400 AS about_a_tenth FROM operation_stats WHERE operation = 'ambiguity';
SET steward.sample_rate = 1.1; \echo SQLSTATE :LAST_ERROR_SQLSTATE

-- Read-only transactions count as well.
SELECT operation_reset();
BEGIN READ ONLY;
SELECT levenshtein('a', 'b');
COMMIT;
SELECT * FROM operation_counts() WHERE component = 'text';

-- Nobody may see or do anything of this who was not granted it.
CREATE ROLE steward_operations_nobody;
GRANT USAGE ON SCHEMA steward TO steward_operations_nobody;
SET ROLE steward_operations_nobody;
SELECT operation_counts(); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_histogram(); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_totals(); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_summary(); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_reset(); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_begin('test', 'x'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT operation_end(1); \echo SQLSTATE :LAST_ERROR_SQLSTATE
TABLE operation_stats; \echo SQLSTATE :LAST_ERROR_SQLSTATE
SET steward.sample_rate = 1; \echo SQLSTATE :LAST_ERROR_SQLSTATE
RESET ROLE;
REVOKE USAGE ON SCHEMA steward FROM steward_operations_nobody;
DROP ROLE steward_operations_nobody;
DROP VIEW public.measured;
DROP TABLE public.many;
DROP FUNCTION public.outer_duty;
DROP PROCEDURE public.long_duty;
