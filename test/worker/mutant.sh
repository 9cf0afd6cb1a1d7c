# shellcheck shell=bash disable=SC2154 # root, pg_bin and pg_lib come from lib.sh
# The library with an order that is wrong on purpose. Source it after lib.sh.

# build_mutant NAME: sets `library`; a checkout of its own borrows everything else.
build_mutant() {
    local copy=$STEWARD_RUN/mutant
    rm -rf "$copy"
    cp -a "$root" "$copy"
    (cd "$copy" && grep -l --null 'cache/mutants.hpp' extension/cache/*.cpp | xargs -0 touch && make PG_CONFIG="$pg_bin/pg_config" MUTANT="$1" -j2 all) \
        >"$STEWARD_RUN/mutant.log" 2>&1 || { tail "$STEWARD_RUN/mutant.log"; fail "mutant $1 was not built"; }
    library=$copy/pg_steward.so
}

# use_mutant FOLDER: the server of that folder runs with it from now on, if one was built.
use_mutant() {
    [ -n "${library:-}" ] || return 0
    server_stop "$1"
    cp "$library" "$1/install$pg_lib/pg_steward.so"
    server_start "$1"
}

# mutants_wanted MARK: those that STEWARD_MUTANTS names, or all whose comment begins with the mark.
mutants_wanted() {
    if [ "${STEWARD_MUTANTS:-}" = all ]; then
        sed -n "s|^    \([a-z_]*\), *$1 .*|\1|p" "$root/extension/cache/mutants.hpp"
    else
        tr ' ' '\n' <<<"${STEWARD_MUTANTS:-}"
    fi
}
