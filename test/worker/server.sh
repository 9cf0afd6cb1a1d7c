# shellcheck shell=bash disable=SC2154 # root and pg_bin come from lib.sh
# A private server with the background worker, and work for it. Source it after lib.sh and server.sh.

# worker_server NAME [SETTINGS]: starts it in $STEWARD_RUN/NAME, points psql at it, stops it at the end.
worker_server() {
    folder=$STEWARD_RUN/$1
    trap 'server_stop "$folder"' EXIT
    server_make_folder "$folder"
    build_into "$folder/install"
    server_init "$folder" "fsync = off
log_min_messages = warning
shared_preload_libraries = 'pg_steward'
steward.tick_hz = 100
steward.worker_linger = 0
max_worker_processes = 20
max_prepared_transactions = 4
${2:-}"
    server_start "$folder"
    server_use "$folder"
    psql --quiet -c 'CREATE ROLE steward_worker LOGIN BYPASSRLS'
}

query() { psql --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "${@:2}" -c "$1"; }

# expect WANTED SQL WHY [OPTION ...]
expect() {
    local got
    got=$(query "$2" "${@:4}") || fail "$3: $2"
    [ "$got" = "$1" ] || { query 'TABLE steward_status' "${@:4}" >&2 2>/dev/null || true; fail "$3: $got instead of $1"; }
}

# until_true SQL WHY [OPTION ...]: polls, for some minutes at most, what no wait of the worker covers.
until_true() {
    local deadline=$((SECONDS + 200))
    until [ "$(query "$1" "${@:3}" 2>/dev/null)" = t ]; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$2"
        sleep 0.02
    done
}

# crash_by PID: that process of the server is killed, and the server has come back from it.
crash_by() {
    local checkpointer
    checkpointer=$(query "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    as_server kill -9 "$1"
    until_true "SELECT pid <> $checkpointer FROM pg_stat_activity WHERE backend_type = 'checkpointer'" "the server did not come back"
}

# rest: until nothing is left to do.
rest() { expect t "SELECT steward.worker_wait('2 min')" "the worker does not come to rest" "$@"; }

# freeze: from here on time passes by `advance` only, so that no poll explains what happens.
freeze() { query "SELECT steward.worker_clock_set(steward.worker_clock())" >/dev/null; }
advance() { query "SELECT steward.worker_clock_set(steward.worker_clock() + '$1')" >/dev/null; }

# stand_in [OPTION ...]: work of which a test says what it is. Each row of steward.todo is a statement, done in a
# transaction of its own; public.done says who did it; whoever reads public.gate waits while the gate is shut.
stand_in() {
    PGOPTIONS='-c client_min_messages=warning' psql --quiet --set ON_ERROR_STOP=1 "$@" <<'SQL'
CREATE EXTENSION IF NOT EXISTS pg_steward;
CREATE TABLE IF NOT EXISTS steward.todo (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sql text DEFAULT 'SELECT 1');
CREATE TABLE IF NOT EXISTS public.done (id bigint, pid integer, sql text);
CREATE TABLE IF NOT EXISTS public.gate ();
CREATE OR REPLACE VIEW steward_status AS
    SELECT * FROM steward.worker_status() WHERE database = current_database() AND role IS NULL;
DO $$ -- two procedures that can be called without arguments would be ambiguous
DECLARE
    member regprocedure;
BEGIN
    FOR member IN SELECT oid FROM pg_proc WHERE proname = 'worker_run' AND pronargs > 0 LOOP
        EXECUTE format('ALTER EXTENSION pg_steward DROP PROCEDURE %s', member);
        EXECUTE format('DROP PROCEDURE %s', member);
    END LOOP;
END $$;
CREATE OR REPLACE PROCEDURE steward.worker_run() LANGUAGE plpgsql AS $$
DECLARE
    job record;
BEGIN
    LOOP
        DELETE FROM steward.todo
        WHERE id = (SELECT id FROM steward.todo ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING * INTO job;
        EXIT WHEN NOT FOUND;
        EXECUTE job.sql;
        INSERT INTO public.done VALUES (job.id, pg_backend_pid(), job.sql);
        COMMIT;
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA steward TO steward_worker;
GRANT ALL ON steward.todo, public.done, public.gate TO steward_worker;
GRANT EXECUTE ON PROCEDURE steward.worker_run() TO steward_worker;
GRANT EXECUTE ON FUNCTION steward.worker_request(integer), steward.worker_clock() TO steward_worker;
SQL
}
# jobs_stand_in [OPTION ...]: the same for jobs. Each row of steward.job is a statement of a role, done in a worker of that
# role; public.job_done says by whom. Call it after stand_in.
jobs_stand_in() {
    PGOPTIONS='-c client_min_messages=warning' psql --quiet --set ON_ERROR_STOP=1 "$@" <<'SQL'
DO $$
DECLARE
    member regprocedure;
BEGIN
    FOR member IN SELECT oid FROM pg_proc WHERE proname = 'jobs_run' AND pronargs > 0 LOOP
        EXECUTE format('ALTER EXTENSION pg_steward DROP PROCEDURE %s', member);
        EXECUTE format('DROP PROCEDURE %s', member);
    END LOOP;
    IF to_regclass('steward.job') IS NOT NULL THEN
        DROP TABLE steward.job CASCADE;
    END IF;
END $$;
CREATE TABLE steward.job (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner regrole NOT NULL, sql text DEFAULT 'SELECT 1');
CREATE TABLE IF NOT EXISTS public.job_done (id bigint, pid integer, who text, sql text);
CREATE OR REPLACE PROCEDURE steward.jobs_run() LANGUAGE plpgsql AS $$
DECLARE
    job record;
BEGIN
    LOOP
        DELETE FROM steward.job
        WHERE id = (SELECT id FROM steward.job WHERE owner = session_user::regrole ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING * INTO job;
        EXIT WHEN NOT FOUND;
        EXECUTE job.sql;
        INSERT INTO public.job_done VALUES (job.id, pg_backend_pid(), session_user, job.sql);
        COMMIT;
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION steward.job_statement_take(OUT queue text, OUT run_id bigint, OUT id bigint, OUT command text,
                                                       OUT timeout_ms integer)
    LANGUAGE sql AS 'SELECT NULL::text, NULL::bigint, NULL::bigint, NULL::text, NULL::integer'; -- no statements of their own
GRANT USAGE ON SCHEMA steward TO PUBLIC;
GRANT EXECUTE ON FUNCTION steward.job_statement_take() TO PUBLIC;
GRANT ALL ON steward.job, public.job_done, public.gate TO PUBLIC;
GRANT EXECUTE ON PROCEDURE steward.jobs_run() TO PUBLIC;
GRANT EXECUTE ON FUNCTION steward.worker_request(integer) TO PUBLIC;
SQL
}
# job ROLE SQL [OPTION ...]: the worker of that role is to do it.
job() {
    query "INSERT INTO steward.job (owner, sql) VALUES ('$1', \$sql\$$2\$sql\$)" "${@:3}"
    query "SELECT steward.worker_start('$1')" "${@:3}" >/dev/null
}
todo() { query "INSERT INTO steward.todo (sql) VALUES (\$sql\$$1\$sql\$)" "${@:2}"; }
gate_shut() { query "BEGIN; LOCK public.gate; PREPARE TRANSACTION 'gate $1'" -d "$1"; }
gate_open() { query "ROLLBACK PREPARED 'gate $1'" -d "$1"; }
# busy: the worker of database $1 stands before the gate.
busy() { until_true "SELECT pids <> '{}' AND EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = ANY (pids)) FROM steward_status" \
    "no worker in $1 came to the gate" -d "$1"; }

# logged PATTERN: how many lines of the server's log match.
logged() { as_server grep -c -E "$1" "$folder/server.log" || true; }
