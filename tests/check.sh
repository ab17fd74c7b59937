#!/bin/sh
# Runs every test, as many at a time as there are processors, and counts. Each test program prints
# TAP lines (`ok 1 - name`, `not ok 2 - name`); one that ends badly without saying so counts as a
# failure too. Words on the command line pick the programs whose name contains one of them.
#   BUILD=build sh tests/check.sh [-u] [WORD...]      -u: write the golden files anew
set -u
cd "$(dirname "$0")/.."
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 1
logs=$BUILD/check
rm -rf "$logs" && mkdir -p "$logs"

update=''
if [ "${1:-}" = -u ]; then update=1 && shift; fi
export UPDATE="$update" BUILD
export CMOCKA_MESSAGE_OUTPUT=TAP
export XDG_CACHE_HOME="$logs/cache" # never the user's
unset DYN_CACHE
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
DYN=$BUILD/dyn
export DYN

# Everything there is to run, one command a line.
{
    for t in "$BUILD"/tests/test_*; do [ -x "$t" ] && case $t in *.d|*.o) ;; *) echo "$t" ;; esac; done
    for t in "$BUILD"/tests/fuzz_*; do
        name=${t##*/fuzz_}
        [ -x "$t" ] && [ -d "tests/fuzz/corpus/$name" ] && echo "$t tests/fuzz/corpus/$name"
    done
    [ -x "$BUILD/tests/run_bench" ] && echo "$BUILD/tests/run_bench --quick"
    echo 'sh tests/include_rules.sh'
    echo 'sh tests/stages.sh'
    echo 'sh tests/docs.sh'
    for t in tests/e2e/*.sh; do case $t in */lib.sh) ;; *) echo "sh $t" ;; esac; done
} | if [ $# -gt 0 ]; then
    pattern=$(printf '%s|' "$@") && grep -E "${pattern%|}"
else cat; fi >"$logs/list"

# One line of the list: run, keep the output, say how it went.
cat >"$logs/one.sh" <<'ONE'
name=$(echo "$1" | sed 's/^sh //; s/ .*//; s|.*/||; s/\.sh$//')
log=$2/$name.log
timeout 600 $1 >"$log" 2>&1 </dev/null
status=$?
sed -i 's/^not \(ok .*# SKIP\)/\1/' "$log" # cmocka 1.1.5 says `not ok` of what it skipped
ok=$(grep -c '^ok ' "$log")
bad=$(grep -c '^not ok ' "$log")
# A program without TAP lines (a replayed corpus) is one test.
if [ "$ok$bad" = 00 ] && [ $status -eq 0 ]; then ok=1; fi
if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
    echo "not ok - $name ended with status $status" >>"$log"
fi
echo "$ok $bad $name" >"$log.count"
if [ "$bad" -gt 0 ]; then printf 'FAILED %s (%s)\n' "$name" "$log"; grep -B4 -A12 '^not ok' "$log" | head -60
else printf 'passed %s: %s\n' "$name" "$ok"; fi
ONE
xargs -P "$(nproc)" -I{} sh "$logs/one.sh" {} "$logs" <"$logs/list"

cat "$logs"/*.count | awk '{ ok += $1; bad += $2 } END {
    printf "%d passed, %d failed\n", ok, bad
    exit bad > 0 || ok == 0
}'
