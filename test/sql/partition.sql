-- Day partitions of history tables.
SET search_path = steward, public;
SET timezone = 'America/New_York'; -- a day is one of UTC all the same

CREATE TABLE public.event (key bigint, at timestamptz NOT NULL, note text, PRIMARY KEY (key, at)) PARTITION BY RANGE (at);
CREATE INDEX ON public.event (note);
CREATE TABLE public.event_default PARTITION OF public.event DEFAULT;
INSERT INTO public.event VALUES (1, '2026-03-01 12:00+00', 'early'), (2, '2026-03-02 00:00+00', 'early'),
                                (3, '2020-01-01 00:00+00', 'long ago');

SELECT partition_key('public.event');
SELECT partition_create('public.event', '2026-03-01'), partition_create('public.event', '2026-03-01') AS again;
SELECT * FROM partition_maintain('public.event', days_ahead => 2, at => '2026-03-01 23:59+00');
SELECT * FROM partition_maintain('public.event', days_ahead => 2, at => '2026-03-01 23:59+00');
INSERT INTO public.event VALUES (4, '2026-03-03 23:59:59.999999+00', 'last moment');
SELECT tableoid::regclass, * FROM public.event ORDER BY key;
SELECT count(*) AS partitions, count(*) FILTER (WHERE indexes = 2) AS with_indexes
FROM (SELECT inhrelid, (SELECT count(*) FROM pg_index WHERE indrelid = inhrelid) AS indexes
      FROM pg_inherits WHERE inhparent = 'public.event'::regclass) AS p;

-- Retention drops what ended before; what is out of range stays in the default.
SELECT * FROM partition_maintain('public.event', days_ahead => 0, retention => '1 day', at => '2026-03-03 12:00+00');
SELECT tableoid::regclass, key, note FROM public.event ORDER BY key;
SELECT partition_drop('public.event', '2026-03-03 00:00+00');
SELECT partition_drop('public.event', '2026-03-03 00:00+00') AS again;

-- Bad input.
CREATE TABLE public.plain (at timestamptz);
SELECT partition_create('public.plain', '2026-03-01'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT partition_key('pg_class'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT partition_maintain('public.event', days_ahead => -1); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT partition_maintain('public.event', retention => '0'); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT partition_maintain(NULL); \echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT partition_create(NULL, NULL) IS NULL AND partition_drop(NULL, NULL) IS NULL AS null_in_null_out;
DROP TABLE public.event, public.plain;
