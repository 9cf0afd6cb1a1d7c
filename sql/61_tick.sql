-- The launcher's ticks: whether they come, and when they should.

CREATE FUNCTION tick_summary(OUT ticks bigint, OUT frequency_hz float8, OUT latency_p50_ms float8,
                             OUT latency_p95_ms float8, OUT latency_max_ms float8, OUT since timestamptz,
                             OUT missed bigint, OUT latency_total_s float8)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'steward_tick_summary';
REVOKE ALL ON FUNCTION tick_summary() FROM PUBLIC;
COMMENT ON FUNCTION tick_summary() IS 'what the view tick_stats shows';

CREATE FUNCTION tick_histogram(OUT upper_seconds float8, OUT observations bigint)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000 ROWS 33
AS 'MODULE_PATHNAME', 'steward_tick_histogram';
REVOKE ALL ON FUNCTION tick_histogram() FROM PUBLIC;
COMMENT ON FUNCTION tick_histogram() IS 'how many ticks came at most so many seconds late, since the launcher has started';

CREATE VIEW tick_stats AS
SELECT ticks, frequency_hz, latency_p50_ms, latency_p95_ms, latency_max_ms, since, missed FROM tick_summary();
REVOKE ALL ON tick_stats FROM PUBLIC;
COMMENT ON VIEW tick_stats IS
    'how often the launcher ticks, over the last minute, and how late its ticks come, since it has started';
