# shellcheck shell=bash disable=SC2154 # root, pg_bin and pg_lib come from lib.sh
# The library with an order that is wrong on purpose. Source it after lib.sh.

declare -A mutant_variables=([cache]=MUTANT [summary]=SUMMARY_MUTANT) # what the Makefile calls those of a folder of extension/

# build_mutant NAME [SUBJECT]: sets `library`; a checkout of its own borrows everything else.
build_mutant() {
    local copy=$STEWARD_RUN/mutant subject=${2:-cache}
    rm -rf "$copy"
    cp -a "$root" "$copy"
    (cd "$copy" && grep -l --null "$subject/mutants.hpp" "extension/$subject/"*.cpp | xargs -0 touch &&
        make PG_CONFIG="$pg_bin/pg_config" "${mutant_variables[$subject]}=$1" -j2 all) \
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

# mutants_wanted MARK [SUBJECT]: those that STEWARD_MUTANTS names, or all whose comment begins with the mark.
mutants_wanted() {
    if [ "${STEWARD_MUTANTS:-}" = all ]; then
        sed -n "s|^    \([a-z_]*\), *$1 .*|\1|p" "$root/extension/${2:-cache}/mutants.hpp"
    else
        tr ' ' '\n' <<<"${STEWARD_MUTANTS:-}"
    fi
}
