# shellcheck shell=bash disable=SC2154 # root comes from lib.sh
# The sidecar of the demo, beside the private server in the same folder. Source it after server.sh.

# Its process, if it is still ours: a number alone may belong to somebody else by now.
service_pid() {
    local pid exe
    pid=$(as_server cat "$1/run/steward.pid" 2>/dev/null) || return 1
    exe=$(as_server readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    # Its file may have been replaced since.
    if process_lives "$pid" && [ "${exe% (deleted)}" = "$(realpath -m "$1/install/bin/steward")" ]; then say "$pid"; fi
}

service_address() { printf '127.0.0.1:%s' "$(as_server cat "$1/run/steward.port")"; }

service_stop() {
    local pid
    pid=$(service_pid "$1") || return 0
    [ -n "$pid" ] || return 0
    as_server kill "$pid"
    for _ in $(seq 150); do
        process_lives "$pid" || return 0
        sleep 0.1
    done
    fail "the sidecar (process $pid) does not stop"
}

# service_start FOLDER DATABASE PORT: on PORT, or on a free one if somebody has it.
service_start() {
    local folder=$1 database=$2 port pid
    for port in "$3" 0; do
        as_server rm -f "$folder/run/steward.port"
        # shellcheck disable=SC2016 # expanded by the inner shell, which the server's owner runs
        as_server sh -c 'nohup "$1/install/bin/steward" serve --database "$2" --listen "127.0.0.1:$3" \
                --port-file "$1/run/steward.port" >>"$1/steward.log" 2>&1 </dev/null 9>&- & echo $! >"$1/run/steward.pid"' \
            sh "$folder" "$database" "$port"
        for _ in $(seq 600); do
            if as_server test -s "$folder/run/steward.port"; then return 0; fi
            pid=$(as_server cat "$folder/run/steward.pid")
            process_lives "$pid" || break
            sleep 0.1
        done
    done
    as_server tail -n 5 "$folder/steward.log" >&2
    fail "the sidecar did not start"
}
