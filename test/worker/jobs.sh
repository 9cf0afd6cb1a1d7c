# shellcheck shell=bash disable=SC2119,SC2154 # folder and query come from server.sh
# A private server whose worker does jobs. Source it after server.sh.

# job_server NAME [SETTINGS]: with roles `app` and `other`, who have jobs of the kinds
#   note    work.done says who did it
#   gate    the same, and then waits while the gate is shut
job_server() {
    worker_server "$@"
    query "CREATE EXTENSION pg_steward"
    migrate deploy
    query "CREATE ROLE app LOGIN IN ROLE steward_job; CREATE ROLE other LOGIN IN ROLE steward_job; CREATE SCHEMA work;
           GRANT ALL ON SCHEMA work TO app, other; CREATE TABLE work.done (job_id bigint, payload jsonb, who name DEFAULT current_user);
           CREATE TABLE work.gate (); GRANT ALL ON work.done, work.gate TO app, other"
    query "SET ROLE app;
        CREATE FUNCTION work.note(job_id bigint, payload jsonb) RETURNS jsonb LANGUAGE sql
        AS 'INSERT INTO work.done VALUES (job_id, payload) RETURNING payload';
        CREATE FUNCTION work.gate(job_id bigint, payload jsonb) RETURNS jsonb LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO work.done VALUES (job_id, payload); PERFORM FROM work.gate; RETURN payload; END';
        CREATE PROCEDURE work.wait() LANGUAGE plpgsql AS 'BEGIN PERFORM FROM work.gate; END';
        SELECT steward.job_kind_create('note', 'work.note(bigint,jsonb)', '{\"backoff\": \"1 ms\"}');
        SELECT steward.job_kind_create('gate', 'work.gate(bigint,jsonb)', '{\"backoff\": \"1 ms\"}')" >/dev/null
    rest
}

enqueue() { query "SET ROLE $1; SELECT steward.job_enqueue('$2', '${3:-{\}}')" >/dev/null; }

gate_shut() { query "BEGIN; LOCK work.gate; PREPARE TRANSACTION 'gate $1'" -d "$1"; }
# at_gate: a job waits at it.
at_gate() { until_true "SELECT EXISTS (SELECT FROM steward.jobs AS j JOIN pg_locks AS l USING (pid) WHERE NOT l.granted)" "no job came to the gate"; }
