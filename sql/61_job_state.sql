-- What sessions share about queues in memory; the functions of the next parts call these. See extension/jobs/README.md.

CREATE TYPE job_name AS (queue text, id bigint);
COMMENT ON TYPE job_name IS 'what names a job';
CREATE TYPE job_outcome AS (id bigint, outcome text, result jsonb, started_at timestamptz, finished_at timestamptz,
                            error_sqlstate text, error_message text, error_detail text);
COMMENT ON TYPE job_outcome IS 'what became of an attempt: completed, cancelled or failed';

CREATE FUNCTION job_ready(owner regrole, queue text, runner "char", priority smallint, job_position bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_ready';
REVOKE ALL ON FUNCTION job_ready(regrole, text, "char", smallint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_ready(regrole, text, "char", smallint, bigint) IS
    'jobs from that position of a queue on become ready when the transaction commits: who runs them looks for them';

CREATE FUNCTION job_cursor(owner regrole, queue text, runner "char", first_priority smallint,
                           OUT priority smallint, OUT job_position bigint, OUT generation bigint)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_cursor';
REVOKE ALL ON FUNCTION job_cursor(regrole, text, "char", smallint) FROM PUBLIC;
COMMENT ON FUNCTION job_cursor(regrole, text, "char", smallint) IS
    'the position behind which the ready jobs of a queue stand; null where there are none';

CREATE FUNCTION job_cursor_move(owner regrole, queue text, runner "char", priority smallint, job_position bigint,
                                generation bigint, last_position bigint, is_end boolean, to_be_run boolean,
                                first_position bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_cursor_move';
REVOKE ALL ON FUNCTION job_cursor_move(regrole, text, "char", smallint, bigint, bigint, bigint, boolean, boolean, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_cursor_move(regrole, text, "char", smallint, bigint, bigint, bigint, boolean, boolean, bigint) IS
    'takes what was found behind the cursor, unless somebody else has or something has become ready since';

CREATE FUNCTION job_may_be_ready(owner regrole, queue text, runner "char") RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_may_be_ready';
REVOKE ALL ON FUNCTION job_may_be_ready(regrole, text, "char") FROM PUBLIC;
COMMENT ON FUNCTION job_may_be_ready(regrole, text, "char") IS 'false if it is certain that nothing waits there';

CREATE FUNCTION job_cursors_forget(older_than_seconds integer) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_cursors_forget';
REVOKE ALL ON FUNCTION job_cursors_forget(integer) FROM PUBLIC;
COMMENT ON FUNCTION job_cursors_forget(integer) IS
    'has every session look from the start again, unless that was so less than so many seconds ago';

CREATE FUNCTION job_boot() RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_boot';
REVOKE ALL ON FUNCTION job_boot() FROM PUBLIC;
COMMENT ON FUNCTION job_boot() IS 'names the start of this server: runs of another one have ended';

CREATE FUNCTION job_run_begin(run_id bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_run_begin';
REVOKE ALL ON FUNCTION job_run_begin(bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_run_begin(bigint) IS 'says that this session runs the jobs of that row of job_run';

CREATE FUNCTION job_run_end(all_done boolean) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_run_end';
REVOKE ALL ON FUNCTION job_run_end(boolean) FROM PUBLIC;
COMMENT ON FUNCTION job_run_end(boolean) IS 'ends what job_run_begin began; false if some of the jobs are left';

CREATE FUNCTION job_runs(OUT run_id bigint, OUT pid integer, OUT job bigint, OUT started_at timestamptz,
                         OUT done bigint, OUT total bigint, OUT note text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 1000 ROWS 4
AS 'MODULE_PATHNAME', 'steward_job_runs';
REVOKE ALL ON FUNCTION job_runs() FROM PUBLIC;
COMMENT ON FUNCTION job_runs() IS 'the runs of this database, and how far the present job of each is';

CREATE FUNCTION job_run_progress(job bigint, done bigint, total bigint, note text) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_run_progress';
REVOKE ALL ON FUNCTION job_run_progress(bigint, bigint, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION job_run_progress(bigint, bigint, bigint, text) IS
    'shows how far a job is that this session runs; false if it runs another one';

CREATE FUNCTION job_run_cancel(run_id bigint, job bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'steward_job_run_cancel';
REVOKE ALL ON FUNCTION job_run_cancel(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION job_run_cancel(bigint, bigint) IS
    'ends the job that a run does now; false if it does another one';

CREATE FUNCTION job_handler_check(handler regprocedure) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'steward_job_handler_check';
REVOKE ALL ON FUNCTION job_handler_check(regprocedure) FROM PUBLIC;
COMMENT ON FUNCTION job_handler_check(regprocedure) IS
    'raises an error unless the caller may have that function do jobs';

CREATE FUNCTION job_call(kind text, handler text, ids bigint[], payloads jsonb[], timeouts_ms integer[])
    RETURNS SETOF job_outcome
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 10000 ROWS 100
AS 'MODULE_PATHNAME', 'steward_job_call';
REVOKE ALL ON FUNCTION job_call(text, text, bigint[], jsonb[], integer[]) FROM PUBLIC;
COMMENT ON FUNCTION job_call(text, text, bigint[], jsonb[], integer[]) IS
    'calls a handler for each job, with a savepoint and a time limit; what it raises becomes an outcome';

CREATE FUNCTION job_command_is_toplevel(command text) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'steward_job_command_is_toplevel';
REVOKE ALL ON FUNCTION job_command_is_toplevel(text) FROM PUBLIC;
COMMENT ON FUNCTION job_command_is_toplevel(text) IS
    'whether a command cannot run in a function: VACUUM, CREATE INDEX CONCURRENTLY, CALL and their like';

CREATE FUNCTION view_is_pure(view regclass) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'steward_view_is_pure';
REVOKE ALL ON FUNCTION view_is_pure(regclass) FROM PUBLIC;
COMMENT ON FUNCTION view_is_pure(regclass) IS
    'whether what a view shows depends on nothing but the rows of its tables: no clock, no random';
