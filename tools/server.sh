# shellcheck shell=bash disable=SC2154 # pg_bin, pg_lib and root come from lib.sh
# A private PostgreSQL server in a folder of its own, reached through a socket in that folder only.
# Source it after lib.sh. Layout of the folder: data/ (cluster), run/ (socket), install/ (our files).

# The socket's path must fit into sockaddr_un (107 bytes on Linux).
server_check_path() {
    local socket=$1/run/.s.PGSQL.5432
    [ "${#socket}" -le 107 ] || fail "the path of $1 is too long for a socket; choose a shorter one (STEWARD_STATE)"
}

# Makes the folder so that the server's owner can write it and nobody else can read it.
server_make_folder() {
    local folder=$1
    server_check_path "$folder"
    # The folder becomes the server's alone: never one that holds what is not ours.
    if [ -d "$folder" ] && [ ! -d "$folder/install" ] && [ -n "$(ls -A "$folder")" ]; then
        fail "$folder exists and holds other files; choose a folder of its own"
    fi
    mkdir -p "$folder"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder"; fi
    chmod 0700 "$folder"
    as_server test -x "$folder" 2>/dev/null ||
        fail "the owner of the server (postgres) cannot reach $folder; choose a folder below one that it may pass (STEWARD_STATE)"
    as_server mkdir -p "$folder/run"
    mkdir -p "$folder/install"
}

# initdb, with nothing left to the environment: a container has neither locale nor encoding. Trust is
# safe, the socket's folder lets in its owner and root only.
server_init() {
    local folder=$1 settings=${2:-}
    if [ -d "$folder/data" ]; then return; fi
    as_server rm -rf "$folder/data.new" # of a run that was killed
    as_server "$pg_bin/initdb" --pgdata "$folder/data.new" --username postgres --auth trust \
        --encoding UTF8 --locale C.UTF-8 --no-sync --no-instructions >/dev/null
    as_server tee -a "$folder/data.new/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
port = 5432
unix_socket_directories = '$folder/run'
unix_socket_permissions = 0700
extension_destdir = '$folder/install'
dynamic_library_path = '$folder/install$pg_lib:$pg_lib'
logging_collector = off
$settings
CONF
    as_server mv "$folder/data.new" "$folder/data"
}

# Settings of this run, whatever the cluster was made with; the server must be started anew to see them.
server_configure() {
    as_server grep -q "^include 'steward.conf'" "$1/data/postgresql.conf" ||
        say "include 'steward.conf'" | as_server tee -a "$1/data/postgresql.conf" >/dev/null
    say "$2" | as_server tee "$1/data/steward.conf" >/dev/null
}

# Not one that was killed and that nobody has reaped.
process_lives() { [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null; }

server_is_running() {
    local pid
    pid=$(as_server head -n 1 "$1/data/postmaster.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && process_lives "$pid" &&
        as_server "$pg_bin/pg_ctl" --pgdata "$1/data" status >/dev/null 2>&1
}

server_start() {
    if server_is_running "$1"; then return; fi
    # Of a server that is gone, as has just been seen. One that was killed keeps its number until somebody reaps it.
    as_server rm -f "$1/data/postmaster.pid" "$1/run/.s.PGSQL.5432.lock"
    local deadline=$((SECONDS + 60))
    # The processes of one that was killed are waited for.
    until as_server "$pg_bin/pg_ctl" --pgdata "$1/data" --log "$1/server.log" --wait --silent start 9>&-; do
        if [ "$SECONDS" -ge "$deadline" ] || [[ $(as_server tail -n 5 "$1/server.log") != *"pre-existing shared memory block"* ]]; then
            as_server tail -n 20 "$1/server.log" >&2
            fail "the private server did not start"
        fi
        sleep 0.2
    done
}

server_stop() {
    if [ -d "$1/data" ] && server_is_running "$1"; then
        as_server "$pg_bin/pg_ctl" --pgdata "$1/data" --mode fast --wait --silent stop
    fi
}

# Points psql and its kin at the server in folder $1, and at nothing the environment says.
server_use() {
    local variable
    for variable in $(compgen -e PG); do unset "$variable"; done
    export PGHOST=$1/run PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PSQLRC=/dev/null
    export PGCONNECT_TIMEOUT=60 PGCLIENTENCODING=UTF8 PGTZ=UTC PAGER=cat
}

# The folder of `make demo`: one per checkout, outside of it, because the server's owner may not be able
# to read the checkout.
state_folder() {
    if [ -n "${STEWARD_STATE:-}" ]; then
        realpath -m "$STEWARD_STATE"
        return
    fi
    local base
    if [ "$(id -u)" -eq 0 ]; then base=/var/lib/pg-steward; else base=${XDG_STATE_HOME:-$HOME/.local/state}/steward; fi
    base=$(realpath -m "$base") # what runs is known by its path
    printf '%s/demo-%s\n' "$base" "$(printf '%s' "$root" | cksum | cut -d' ' -f1)"
}
