# shellcheck shell=bash
# What the scripts of tools/ share. Source it; it changes to nothing and starts nothing.
set -euo pipefail
unset CDPATH
umask 022 # what root installs, the server's owner reads

# shellcheck disable=SC2034 # used by the scripts that source this file
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034
pg_bin=/usr/lib/postgresql/15/bin
export PATH=$pg_bin:$PATH # Debian's psql finds out which version to call, each time anew
# shellcheck disable=SC2034
pg_lib=/usr/lib/postgresql/15/lib

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The names of the files in folder $1 that end in $2, without that end, sorted.
names_in() { find "$1" -mindepth 1 -maxdepth 1 -name "*$2" -printf '%f\n' | sed "s/$2\$//" | sort; }

# Runs a command as the owner of the server: root may not, so it becomes postgres; anybody else is it.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Compiles and installs below DESTDIR $1, never into /usr. One build of a checkout at a time; the lock is
# not handed to children that outlive the build.
build_into() {
    local destination=$1
    mkdir -p "$root/build"
    (
        flock 9
        make -C "$root" -j"$(nproc)" "PG_CONFIG=$pg_bin/pg_config" "WERROR=${WERROR:-}" all 9>&- &&
            make -C "$root" "PG_CONFIG=$pg_bin/pg_config" "WERROR=${WERROR:-}" "DESTDIR=$destination" install 9>&-
    ) 9>"$root/build/.lock" >"$root/build/make.$$.log" 2>&1 || {
        cat "$root/build/make.$$.log" >&2
        rm -f "$root/build/make.$$.log"
        fail "the build failed"
    }
    rm -f "$root/build/make.$$.log"
}

# Builds the functions of test/border that misbehave into the library $1, with a border of their own.
build_probe() {
    local library=$1
    mkdir -p "$(dirname "$library")"
    (
        cd "$root"
        g++ -std=c++20 -O2 -g -fPIC -shared -fvisibility=hidden -Wall -Wextra -Werror -Wno-unused-parameter \
            -Wno-register -I. -I"$("$pg_bin/pg_config" --includedir-server)" test/border/probe.cpp \
            extension/{boundary,shared,statistics}.cpp core/stats/*.cpp -o "$library"
    )
    chmod 0755 "$(dirname "$library")" "$library"
}

# Configures and builds a target of CMakeLists.txt in folder $1; one build of a folder at a time.
cmake_build() {
    local folder=$1 target=$2
    shift 2
    mkdir -p "$folder"
    (
        flock 9
        cmake -S "$root" -B "$folder" "$@" && cmake --build "$folder" --target "$target" --parallel "$(nproc)"
    ) 9>"$folder/.lock" >"$folder/build.log" 2>&1 || {
        cat "$folder/build.log"
        fail "the build of $target failed"
    }
}

# Builds the program beside the database: build/steward.
sidecar_build() {
    local werror=OFF
    if [ -n "${WERROR:-}" ]; then werror=ON; fi
    cmake_build "$root/build/sidecar" steward -DSTEWARD_SIDECAR=ON -DSTEWARD_WERROR="$werror"
    ln -sf sidecar/steward "$root/build/steward"
}

# Runs pgTAP files and writes one result a file: FOLDER/NAME.
run_pgtap() {
    local file outcome=0
    for file in "$@"; do
        local name kind
        name=$(basename "$file" .sql)
        kind=$(basename "$(dirname "$file")")
        if pg_prove --quiet --ext .sql "$file" >"$STEWARD_RUN/pgtap.log" 2>&1; then
            say "$kind/$name ok" >>"$STEWARD_RESULTS"
        else
            cat "$STEWARD_RUN/pgtap.log"
            say "$kind/$name failed" >>"$STEWARD_RESULTS"
            outcome=1
        fi
    done
    return "$outcome"
}

# Runs sqitch on the database that PGDATABASE names; what it says goes to $STEWARD_RUN/sqitch.log.
migrate() {
    (
        cd "$root/migrations"
        export SQITCH_FULLNAME=test SQITCH_EMAIL=test@localhost SQITCH_USERNAME=postgres
        sqitch "$@" --target "db:pg://postgres@/$PGDATABASE"
    ) >"$STEWARD_RUN/sqitch.log" 2>&1 || {
        cat "$STEWARD_RUN/sqitch.log"
        fail "sqitch $*"
    }
}
