# For end-to-end tests in shell: `. "$(dirname "$0")/lib.sh"`, then expect/contains/same, then finish.
# Each check prints a TAP line. $DYN is the program, $tmp a folder that goes away, $top the tree.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
DYN=${DYN:-$top/build/dyn}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0
report() { # STATUS NAME
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then echo "ok $n - $2"
    else
        echo "not ok $n - $2"
        failed=1
    fi
}
# expect STATUS NAME COMMAND...: exit status; output in $tmp/out and $tmp/err
expect() {
    want=$1 name=$2
    shift 2
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    [ "$got" -eq "$want" ]
    report $? "$name (exit $want)"
    if [ "$got" -ne "$want" ]; then
        echo "# exit status $got; stdout and stderr end with:"
        tail -5 "$tmp/out" | sed 's/^/# /'
        tail -15 "$tmp/err" | sed 's/^/# /'
    fi
}
# contains FILE NAME PATTERN: an extended regular expression
contains() {
    grep -qE -- "$3" "$1"
    status=$?
    report $status "$2"
    [ $status -eq 0 ] || { echo "# no match for $3 in:" && head -40 "$1" | sed 's/^/# /'; }
}
# same A B NAME: equal bytes
same() {
    cmp -s "$1" "$2"
    status=$?
    report $status "$3"
    [ $status -eq 0 ] || diff "$1" "$2" | head -20 | sed 's/^/# /'
}
# is_json FILE NAME: one value of JSON; what is inside of brackets becomes a value, from the inside out
is_json() {
    [ "$(tr -d '\n' <"$1" | awk '{
        gsub(/"([^"\\]|\\.)*"/, "s")
        gsub(/-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null/, "v")
        gsub(/[ \t]/, "")
        while (gsub(/\{(s:[sv](,s:[sv])*)?\}|\[([sv](,[sv])*)?\]/, "v")) continue
        print
    }')" = v ]
    report $? "$2"
}
finish() {
    echo "1..$n"
    exit $failed
}
