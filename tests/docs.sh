#!/bin/sh
# Runs what the documentation shows. In every .md of the tree:
#   ```dyn        a whole source: must compile (`dyn check`)
#   ```dyn part   statements of a network body; wrapped in a network that has what they use
#   ```sh         commands: run from the folder of the document (with `dyn` on the PATH); must succeed
#   ```sh skip    shown only
# Any other word after ``` isn't looked at.
set -u
cd "$(dirname "$0")/.."
top=$(pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bin" && ln -s "${DYN:-$top/build/dyn}" "$tmp/bin/dyn"
PATH=$tmp/bin:$PATH
n=0
failed=0
for doc in $(git ls-files '*.md' 2>/dev/null || find . -name '*.md'); do
    rm -f "$tmp"/block.*
    awk -v out="$tmp/block" '
        /^```(dyn|sh)( part)?[ \t]*$/ && !inside { inside = 1; k++
            kind = $0 ~ /part/ ? "part" : substr($1, 4); file = out "." k "." kind "." NR; printf "" >file; next }
        /^```/ { if (inside) close(file); inside = 0; next }
        inside { print >>file }' "$doc"
    for block in $(ls "$tmp"/block.* 2>/dev/null | sort -t. -k3n); do
        n=$((n + 1))
        line=${block##*.}
        case $block in
        *.sh.*) (cd "$(dirname "$doc")" && sh -eu "$block") >"$tmp/out" 2>&1 ;;
        *.part.*)
            mkdir -p "$tmp/w" && cp tests/data/docs/*.npy "$tmp/w/" 2>/dev/null
            { cat tests/data/docs/before.txt "$block"; echo '}'; } >"$tmp/w/block.dyn"
            dyn check "$tmp/w/block.dyn" >"$tmp/out" 2>&1 ;;
        *)  mkdir -p "$tmp/w" && cp tests/data/docs/*.np[yz] "$tmp/w/" 2>/dev/null
            cp "$block" "$tmp/w/block.dyn"
            dyn check "$tmp/w/block.dyn" >"$tmp/out" 2>&1 ;;
        esac
        if [ $? -eq 0 ]; then echo "ok $n - $doc:$line"
        else
            echo "not ok $n - $doc:$line"
            head -30 "$tmp/out"
            failed=1
        fi
    done
done
echo "1..$n"
exit $failed
