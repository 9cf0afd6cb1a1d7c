# shellcheck shell=bash
# What the scripts of bench/ share. Source it with the script's own arguments; it understands
#   --seed N        seed of everything that is drawn (default 1)
#   --input FILE    a CSV file of your own instead of the Debian Policy Manual
#   --column NAME   the column of FILE that holds the texts (default: text)
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../tools/server.sh"

bench=$root/bench
seed=1
input=
column=text
generated= # what a script makes by itself where others read texts
work= # the temporary folder

# 77 is what test programs exit with when they are skipped: nothing was measured, nothing is wrong.
no_peer() {
    say "NO PEER: $*"
    exit 77
}
no_input() {
    say "NO INPUT: $*"
    exit 77
}

need() { command -v "$1" >/dev/null || no_peer "$1 is not installed"; }

# Takes the common options; a script with options of its own redefines own_option.
own_option() { fail "unknown option: $1"; }
parse_options() {
    while [ $# -gt 0 ]; do
        [ $# -ge 2 ] || fail "unknown option, or one without a value: $1"
        case $1 in
        --seed) seed=$2 ;;
        --input) input=$(realpath -e "$2") || fail "no such file: $2" ;;
        --column) column=$2 ;;
        *) own_option "$1" "$2" ;;
        esac
        shift 2
    done
    [[ $seed =~ ^[0-9]+$ ]] || fail "the seed is a number, not $seed"
}

commit() {
    local id
    if ! id=$(git -C "$root" rev-parse --verify --quiet --short HEAD 2>/dev/null); then
        say "no-commit"
        return
    fi
    [ -z "$(git -C "$root" status --porcelain 2>/dev/null)" ] || id+=-dirty
    say "$id"
}

clean_up() {
    server_stop "$work/server" >/dev/null 2>&1 || true
    rm -rf "$work"
}

# Usage: bench_start NAME "$@". No date in the header: two runs of one commit print the same one.
bench_start() {
    local name=$1
    shift
    parse_options "$@"
    need python3
    work=$(mktemp -d "${TMPDIR:-/tmp}/steward-bench.XXXXXX")
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    chmod 0711 "$work" # the server's owner passes through it
    local source="${generated:-Debian Policy Manual}"
    [ -z "$generated" ] || [ -z "$input" ] || fail "$name reads no texts"
    [ -z "$input" ] || source="$(basename "$input"), column $column"
    say "# $name, commit $(commit), seed $seed, input: $source"
}

# Writes texts to a file: make_texts COUNT FILE [ARGUMENT OF bench/corpus ...]
make_texts() {
    local count=$1 file=$2
    shift 2
    local source=()
    [ -z "$input" ] || source=(--input "$input" --column "$column")
    "$bench/corpus" --count "$count" --seed "$seed" "${source[@]}" "$@" >"$file"
}

# A private server with the extension. Everything fits into its memory, and one query runs on one core
# unless a script asks for more; $server_settings are settings of its own.
server_settings=
start_server() {
    server_make_folder "$work/server"
    build_into "$work/server/install"
    server_init "$work/server" "fsync = off
autovacuum = off
shared_buffers = 512MB
max_wal_size = 4GB
jit = off
max_parallel_workers_per_gather = 0
enable_memoize = off
$server_settings"
    server_start "$work/server"
    server_use "$work/server"
    sql -c "CREATE EXTENSION pg_steward" -f "$bench/timing.sql"
    say "# PostgreSQL $(sql -c 'SHOW server_version'), private server: shared_buffers 512MB, jit off, one core a query"
}

sql() { psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"; }

# Loads a file of lines into a table with one column for each field between tabs. Text has neither
# control characters, so nothing in it is special.
load() {
    local table=$1 file=$2
    sql -c "\\copy $table FROM '$file' WITH (FORMAT csv, DELIMITER E'\\t', QUOTE E'\\x01', ESCAPE E'\\x01')" \
        -c "VACUUM (FREEZE, ANALYZE) $table"
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
divide() { awk -v a="$1" -v b="$2" -v digits="${3:-2}" 'BEGIN { printf "%.*f\n", digits, a / b }'; }

# result NAME RATIO TARGET: the more, the better.
result() {
    local verdict
    verdict=$(awk -v ratio="$2" -v target="$3" 'BEGIN { print (ratio >= target) ? "met" : "missed" }')
    say "RESULT $1 ratio=$2 target=$3 $verdict"
}
