#!/bin/sh
# Golden files, one for each stage, beside their source: tests/stages/NAME.dyn gives
# NAME.elaborate.txt, NAME.place.txt, ... and NAME.json.txt (dump), NAME.messages.txt, NAME.run.txt.
# Which stages there are is a line of the source: `// stages: elaborate place quantize`; the target
# is dynapse2 where no line `// target: NAME` says another.
# With UPDATE=1 (make check CHECK=-u) they are written anew.
set -u
cd "$(dirname "$0")/stages"
DYN=${DYN:-../../build/dyn}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
failed=0
produce() { # NAME STAGE
    case $2 in
    check) "$DYN" check "$1.dyn" 2>&1 ;;
    json) "$DYN" build "$1.dyn" -q -t "$target" -o "$tmp/i.dynb" && "$DYN" dump "$tmp/i.dynb" --json ;;
    dump) "$DYN" build "$1.dyn" -q -t "$target" -o "$tmp/i.dynb" && "$DYN" dump "$tmp/i.dynb" ;;
    messages) "$DYN" build "$1.dyn" -q -t "$target" -o "$tmp/i.dynb" 2>&1; echo "exit $?" ;;
    run) # the image on the virtual chip, with the source's stimulus
        "$DYN" build "$1.dyn" -q -t "$target" -o "$tmp/i.dynb" &&
            "$DYN" run "$1.dyn" -q --backend interp -o "$tmp/r.npz" &&
            "$DYN" run "$tmp/i.dynb" --backend interp $(sed -n \
                "s|^ *input \([a-z_]*\)[^=]*;.*|--input \1=$tmp/r.npz:input.\1|p" "$1.dyn") 2>&1 ;;
    fit) "$DYN" fit "$1.dyn" -t "$target" ;;
    *) "$DYN" print "$1.dyn" -t "$target" --after "$2" ;;
    esac
}
for source in *.dyn; do
    name=${source%.dyn}
    target=$(sed -n 's|^// target: *||p' "$source")
    target=${target:-dynapse2}
    for stage in $(sed -n 's|^// stages: *||p' "$source"); do
        n=$((n + 1))
        want=$name.$stage.txt
        produce "$name" "$stage" >"$tmp/got" 2>"$tmp/err" || cat "$tmp/err" >>"$tmp/got"
        if [ -n "${UPDATE:-}" ]; then
            cp "$tmp/got" "$want"
        fi
        if diff -u "$want" "$tmp/got" >"$tmp/diff" 2>&1; then echo "ok $n - $name after $stage"
        else
            echo "not ok $n - $name after $stage"
            head -40 "$tmp/diff"
            failed=1
        fi
    done
done
echo "1..$n"
exit $failed
