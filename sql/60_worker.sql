-- The background worker: its clock, waking it, waiting for it, watching it. What it runs is worker_run().

CREATE FUNCTION worker_clock() RETURNS timestamptz
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'steward_worker_clock';
REVOKE ALL ON FUNCTION worker_clock() FROM PUBLIC;
COMMENT ON FUNCTION worker_clock() IS 'the time that the background worker goes by: clock_timestamp(), unless a test has set it';

CREATE FUNCTION worker_clock_set(at timestamptz) RETURNS void
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100
AS 'MODULE_PATHNAME', 'steward_worker_clock_set';
REVOKE ALL ON FUNCTION worker_clock_set(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION worker_clock_set(timestamptz) IS
    'sets the time of the background worker, which then stands still; null for the time of the machine';

CREATE FUNCTION worker_wait(timeout interval DEFAULT '30 s') RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'steward_worker_wait';
REVOKE ALL ON FUNCTION worker_wait(interval) FROM PUBLIC;
COMMENT ON FUNCTION worker_wait(interval) IS
    'waits until nothing is due by the clock of the worker and no worker runs; false at the timeout';

CREATE FUNCTION worker_wake() RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10
AS 'MODULE_PATHNAME', 'steward_worker_wake';
REVOKE ALL ON FUNCTION worker_wake() FROM PUBLIC;
COMMENT ON FUNCTION worker_wake() IS 'wakes the background worker of this database when the transaction commits';

CREATE FUNCTION worker_request(helpers integer) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'steward_worker_request';
REVOKE ALL ON FUNCTION worker_request(integer) FROM PUBLIC;
COMMENT ON FUNCTION worker_request(integer) IS
    'asks for more workers that do what this one does; from a session, for the duties of this database';

CREATE FUNCTION worker_yield() RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10
AS 'MODULE_PATHNAME', 'steward_worker_yield';
REVOKE ALL ON FUNCTION worker_yield() FROM PUBLIC;
COMMENT ON FUNCTION worker_yield() IS
    'true in a worker that has done jobs for a second while others wait for its place: what is left is for the next one';

CREATE FUNCTION worker_start(owner regrole) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'steward_worker_start';
REVOKE ALL ON FUNCTION worker_start(regrole) FROM PUBLIC;
COMMENT ON FUNCTION worker_start(regrole) IS
    'starts a worker that is connected to this database as the role and calls jobs_run(); once what the transaction has written is committed';

CREATE FUNCTION worker_due(at timestamptz) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'steward_worker_due';
REVOKE ALL ON FUNCTION worker_due(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION worker_due(timestamptz) IS
    'called by a duty: the next run of the duties is due at that time, or earlier';

CREATE FUNCTION worker_status(OUT database name, OUT role name, OUT state text, OUT pids integer[],
                              OUT due_at timestamptz, OUT started_at timestamptz, OUT ended_at timestamptz,
                              OUT runs bigint, OUT failures bigint, OUT last_error text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'steward_worker_status';
REVOKE ALL ON FUNCTION worker_status() FROM PUBLIC;
COMMENT ON FUNCTION worker_status() IS
    'what the background worker does: a row for the launcher, without a database, one for each database, and one for each role that has jobs in one';
