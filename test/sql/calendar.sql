-- When a schedule is due: cron expressions, intervals and timestamps in a time zone.
SET search_path = steward, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

-- Every kind of schedule; 2026-11-21 is a Saturday.
SELECT schedule, schedule_next(schedule, '2026-11-21 10:20:30.5+00')
FROM unnest(ARRAY['* * * * *', '*/15 * * * *', '30 2 * * *', '0 9 * * mon-fri', '0 0 1 jan,jul *', '0 0 13 * fri',
                  '*/20 * * * * *', '30 59 23 31 12 *', '@hourly', '@daily', '@midnight', '@weekly', '@monthly',
                  '@yearly', '@ANNUALLY', '0 0 L * *', '0 0 $ * *', '0 9 * * mon#2', '0 9 * * 5L', '0 0 29 2 *',
                  '30 seconds', '90 minutes', '@every 1 hour 30 minutes', '@ 1 day', '1 month', 'P1DT2H', '01:30:00',
                  '2027-01-01', '2027-01-01 00:00+01, 2026-12-24T18:00:00Z', '2020-01-01']) AS schedule;

-- What never comes gives null, and so does null.
SELECT schedule_next('0 0 31 2 *', '2026-01-01+00') IS NULL AS impossible_date,
       schedule_next('* * * * *', '9999-12-31 23:59:00+00') IS NULL AS past_the_last_year,
       schedule_next(NULL, '2026-01-01+00') IS NULL AND schedule_next('* * * * *', NULL) IS NULL
       AND schedule_next('* * * * *', '2026-01-01+00', NULL) IS NULL AS null_in_null_out;
SELECT count(*) FROM schedule_times(NULL, '2026-01-01+00', '2027-01-01+00');
SELECT schedule_next('* * * * *') BETWEEN now() AND now() + interval '1 minute' AS from_now;

-- Strictly after, to the second.
SELECT schedule_next('0 12 * * *', '2026-11-21 11:59:59.999999+00') AS just_before,
       schedule_next('0 12 * * *', '2026-11-21 12:00:00+00') AS at_it,
       schedule_next('0 12 * * *', '2026-11-21 12:00:00.000001+00') AS just_behind;

-- Intervals count from an anchor, months and days on the calendar.
SELECT schedule_times('1 month', '2027-01-31 08:00+00', '2027-06-30 08:00+00');
SELECT schedule_times('1 month', '2027-03-01+00', '2027-05-01+00', anchor => '2027-01-31 08:00+00');
SELECT schedule_times('90 minutes', '2027-01-01 00:10:30+00', '2027-01-01 04:00+00', anchor => '2026-12-31 23:00:00.7+00');
SELECT schedule_next('1 day', '2026-01-01+00', anchor => '2027-01-01 06:00+00') AS first_is_the_anchor;
SELECT schedule_times('1 day', '2026-03-07 05:00+00', '2026-03-10 05:00+00', 'America/New_York', '2026-03-01 15:00+00')
       AS same_hour_there;
SELECT schedule_times('24 hours', '2026-03-07 05:00+00', '2026-03-10 05:00+00', 'America/New_York', '2026-03-01 15:00+00')
       AS same_hour_here;

-- Clock changes: what is skipped runs at the end of the gap, what comes twice runs once.
CREATE FUNCTION pg_temp.around(schedule text, from_day date, until_day date, zone text)
    RETURNS TABLE (utc timestamptz, local text) LANGUAGE sql AS $$
    SELECT t, to_char(t AT TIME ZONE zone, 'Dy HH24:MI:SS')
    FROM steward.schedule_times(schedule, from_day::timestamp AT TIME ZONE zone - interval '1 s',
                                until_day::timestamp AT TIME ZONE zone, zone) AS t $$;
SELECT * FROM pg_temp.around('30 2 * * *', '2026-03-07', '2026-03-10', 'America/New_York');
SELECT * FROM pg_temp.around('0 2,3 * * *', '2026-03-08', '2026-03-09', 'America/New_York');
SELECT * FROM pg_temp.around('30 1 * * *', '2026-10-31', '2026-11-03', 'America/New_York');
-- By the hour: what the clocks show, both times.
SELECT string_agg(local, ', ') FROM pg_temp.around('30 */1 * * *', '2026-03-08', '2026-03-09', 'America/New_York')
WHERE local < 'Sun 05';
SELECT string_agg(local, ', ') FROM pg_temp.around('30 * * * *', '2026-11-01', '2026-11-02', 'America/New_York')
WHERE local < 'Sun 04';
-- Half an hour, a whole day, midnight, and the other way round in winter.
SELECT * FROM pg_temp.around('15 2 * * *', '2026-10-03', '2026-10-06', 'Australia/Lord_Howe');
SELECT * FROM pg_temp.around('45 1 * * *', '2026-04-04', '2026-04-07', 'Australia/Lord_Howe');
SELECT * FROM pg_temp.around('0 12 * * *', '2011-12-29', '2012-01-01', 'Pacific/Apia');
SELECT * FROM pg_temp.around('0 0 * * *', '2018-11-03', '2018-11-06', 'America/Sao_Paulo');
SELECT * FROM pg_temp.around('30 23 * * *', '2018-02-17', '2018-02-19', 'America/Sao_Paulo');
SELECT * FROM pg_temp.around('30 2 * * *', '2026-02-14', '2026-02-17', 'Africa/Casablanca');
SELECT * FROM pg_temp.around('0 0 * * *', '2021-03-21', '2021-03-24', 'Asia/Tehran');
SELECT * FROM pg_temp.around('1 0 * * *', '2010-11-06', '2010-11-09', 'America/St_Johns');
-- Behind the end of the tables, by the rule of the zone.
SELECT * FROM pg_temp.around('30 2 * * *', '2037-10-31', '2037-11-03', 'America/New_York');
SELECT * FROM pg_temp.around('30 2 * * *', '2038-03-13', '2038-03-16', 'America/New_York');
SELECT * FROM pg_temp.around('30 2 * * *', '2500-03-13', '2500-03-16', 'America/New_York');
SELECT count(*) FROM schedule_times('0 12 * * *', '2030-01-01+00', '2130-01-01+00', 'Europe/Berlin') AS t
WHERE to_char(t AT TIME ZONE 'Europe/Berlin', 'HH24:MI:SS') = '12:00:00';

-- Time zones are what SET TimeZone takes.
SELECT zone, schedule_next('0 0 * * *', '2026-06-21 20:30+00', zone)
FROM unnest(ARRAY['UTC', 'europe/berlin', '-7', '5.5', 'EST5EDT', '<+03>-03', 'CET-1CEST,M3.5.0,M10.5.0/3']) AS zone;

-- The day by the day of the month or by the weekday, as in other crons.
SELECT array_agg(to_char(t, 'DD Dy')) FROM schedule_times('0 0 13,15 * mon', '2026-11-01+00', '2026-11-30 12:00+00') AS t;
SELECT array_agg(to_char(t, 'DD Dy')) FROM schedule_times('0 0 */7 * mon', '2026-01-01+00', '2026-12-31+00') AS t;

-- A year by the minute, and eight thousand years of nothing.
SELECT count(*), min(t), max(t) FROM schedule_times('* * * * *', '2026-01-01+00', '2027-01-01+00', 'Europe/Berlin') AS t;
SELECT count(*) FROM schedule_times('0 0 31 2 *', '1970-01-01+00', '9999-12-31+00');
SELECT count(*) FROM schedule_times('0 0 29 2 *', '1970-01-01+00', '9999-12-31+00', 'America/New_York');
-- Cancelled when it takes too long.
SET statement_timeout = '50ms';
SELECT count(*) FROM schedule_times('* * * * * *', '1970-01-01+00', '9999-12-31+00');
RESET statement_timeout;

-- Bad schedules: which field, and what it may hold.
\set VERBOSITY default
SELECT schedule_next('61 * * * *'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT schedule_next('* 24 * * *');
SELECT schedule_next('* * 32 * *');
SELECT schedule_next('* * * 0 *');
SELECT schedule_next('* * * * mo');
SELECT schedule_next('*/5 61 * * * *');
SELECT schedule_next('* * ? * *');
SELECT schedule_next('5/15 * * * *');
SELECT schedule_next('*/90 * * * *');
SELECT schedule_next('0 22-2 * * *');
SELECT schedule_next('* * * *');
SELECT schedule_next('* * * * * * *');
SELECT schedule_next('@reboot');
SELECT schedule_next('@every day and night');
SELECT schedule_next('every day');
SELECT schedule_next('0.5 seconds'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT schedule_next('0 seconds');
SELECT schedule_next('-1 day');
SELECT schedule_next('1 month -1 day');
SELECT schedule_next('2027-02-29 10:00'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT schedule_next('2027-02-28 10:00, 2027-02-28 10:00 CET');
SELECT schedule_next('');
SELECT count(*) FROM schedule_times('1 * * *', '2026-01-01+00', '2027-01-01+00');
-- A text of megabytes is quoted in part.
SELECT schedule_next(repeat('1,', 1000000));

-- Bad times and time zones.
SELECT schedule_next('* * * * *', 'infinity'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT schedule_next('* * * * *', '1969-12-31 23:59:59+00');
SELECT schedule_next('1 day', '2026-01-01+00', anchor => '-infinity');
SELECT count(*) FROM schedule_times('* * * * *', '2026-01-01+00', 'infinity');
SELECT schedule_next('* * * * *', '2026-01-01+00', 'Mars/Phobos'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT schedule_next('* * * * *', '2026-01-01+00', '1e30');
SELECT schedule_next('* * * * *', '2026-01-01+00', '');
