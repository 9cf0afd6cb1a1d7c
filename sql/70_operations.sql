-- How often each operation was called, how it ended and how long it took, on the whole server.

CREATE FUNCTION operation_counts(OUT component text, OUT operation text, OUT status text, OUT calls bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_operation_counts'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 3000 ROWS 20;
REVOKE ALL ON FUNCTION operation_counts() FROM PUBLIC;
COMMENT ON FUNCTION operation_counts() IS
    'how often each operation ended in each status (ok, error, cancelled), on the whole server';

CREATE FUNCTION operation_histogram(OUT component text, OUT operation text, OUT upper_seconds float8,
                                    OUT observations bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_operation_histogram'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 30000 ROWS 600;
REVOKE ALL ON FUNCTION operation_histogram() FROM PUBLIC;
COMMENT ON FUNCTION operation_histogram() IS
    'how many sampled calls of each operation took at most so many seconds; the bounds are the same everywhere';

CREATE FUNCTION operation_totals(OUT component text, OUT operation text, OUT samples bigint,
                                 OUT total_seconds float8) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_operation_totals'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 3000 ROWS 20;
REVOKE ALL ON FUNCTION operation_totals() FROM PUBLIC;
COMMENT ON FUNCTION operation_totals() IS
    'how many calls of each operation were timed, and how long these took together';

CREATE FUNCTION operation_summary(OUT component text, OUT operation text, OUT calls bigint, OUT errors bigint,
                                  OUT cancelled bigint, OUT samples bigint, OUT mean_ms float8, OUT p50_ms float8,
                                  OUT p95_ms float8, OUT p99_ms float8, OUT stats_reset timestamptz)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'steward_operation_summary'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 5000 ROWS 20;
REVOKE ALL ON FUNCTION operation_summary() FROM PUBLIC;
COMMENT ON FUNCTION operation_summary() IS
    'what the view operation_stats shows; NaN where no call was timed';

CREATE VIEW operation_stats AS
SELECT component, operation, calls, errors, cancelled, samples, nullif(mean_ms, 'NaN') AS mean_ms,
       nullif(p50_ms, 'NaN') AS p50_ms, nullif(p95_ms, 'NaN') AS p95_ms, nullif(p99_ms, 'NaN') AS p99_ms, stats_reset
FROM operation_summary();
REVOKE ALL ON operation_stats FROM PUBLIC;
COMMENT ON VIEW operation_stats IS
    'calls, errors and durations of each operation of the whole server since the last reset';

CREATE FUNCTION operation_reset() RETURNS void
    AS 'MODULE_PATHNAME', 'steward_operation_reset'
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 600;
REVOKE ALL ON FUNCTION operation_reset() FROM PUBLIC;
COMMENT ON FUNCTION operation_reset() IS 'sets the numbers of all operations of the server to zero';

-- For functions that are not in C. An error between the two counts the operation as failed.

CREATE FUNCTION operation_begin(component text, operation text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'steward_operation_begin'
    LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 50;
REVOKE ALL ON FUNCTION operation_begin(text, text) FROM PUBLIC;
COMMENT ON FUNCTION operation_begin(text, text) IS
    'begins to measure an operation; its result ends it';

CREATE FUNCTION operation_end(operation bigint) RETURNS void
    AS 'MODULE_PATHNAME', 'steward_operation_end'
    LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 20;
REVOKE ALL ON FUNCTION operation_end(bigint) FROM PUBLIC;
COMMENT ON FUNCTION operation_end(bigint) IS
    'ends what operation_begin began, and counts it as a success';
