-- When a schedule is due: cron expressions, intervals and timestamps, by the clocks of a time zone.

-- Not strict: without an anchor an interval counts from the time that is asked about.

CREATE FUNCTION schedule_next(schedule text, after timestamptz DEFAULT now(), time_zone text DEFAULT 'UTC',
                              anchor timestamptz DEFAULT NULL) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'steward_schedule_next'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 500;
REVOKE ALL ON FUNCTION schedule_next(text, timestamptz, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION schedule_next(text, timestamptz, text, timestamptz) IS
    'the first time after that one at which a schedule is due: cron, interval or timestamps; null if there is none';

CREATE FUNCTION schedule_times(schedule text, after timestamptz, until timestamptz, time_zone text DEFAULT 'UTC',
                               anchor timestamptz DEFAULT NULL) RETURNS SETOF timestamptz
    AS 'MODULE_PATHNAME', 'steward_schedule_times'
    LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10000 ROWS 100;
REVOKE ALL ON FUNCTION schedule_times(text, timestamptz, timestamptz, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION schedule_times(text, timestamptz, timestamptz, text, timestamptz) IS
    'the times after the first and up to the second at which a schedule is due';
