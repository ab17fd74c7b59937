#!/bin/sh
# Runs what the documentation shows. In every .md of the tree but those of lang/explain/, which have
# rules of their own (tests/e2e/explain.sh):
#   ```dyn        a whole source: must compile (`dyn check`), with tests/data/docs/ beside it, and
#                 be in its standard form (`dyn fmt`)
#   ```dyn part   statements of a network body; wrapped in a network that has what they use
#   ```sh         commands: run from the folder of the document (with `dyn` on the PATH); must succeed
#   ```sh skip    shown only
#   ```json profile   the profile of a chip: must pass `dyn profile check`
# Any other word after ``` isn't looked at; a third word that isn't one of these is an error.
#   BUILD=build DYN=/path/to/dyn sh tests/docs.sh [DOCUMENT...]
set -u
cd "$(dirname "$0")/.."
top=$(pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bin" "$tmp/source" && ln -s "${DYN:-$top/${BUILD:-build}/dyn}" "$tmp/bin/dyn"
cp tests/data/docs/*.np[yz] tests/data/docs/*.json "$tmp/source/"
PATH=$tmp/bin:$PATH
n=0
failed=0
for doc in ${*:-$(git ls-files '*.md' 2>/dev/null || find . -name '*.md')}; do
    case $doc in *lang/explain/*) continue ;; esac
    rm -f "$tmp"/block-*
    awk -v out="$tmp/block" '
        /^```/ && !fence { fence = 1; word = $1; sub(/^```/, "", word)
            if ($0 ~ /^```(dyn|sh)[ \t]*$/) kind = word
            else if ($0 ~ /^```dyn part[ \t]*$/) kind = "part"
            else if ($0 ~ /^```json profile[ \t]*$/) kind = "profile"
            else if (word == "dyn" || (word == "sh" && $0 !~ /^```sh skip[ \t]*$/)) kind = "bad"
            else kind = ""
            if (kind) { file = sprintf("%s-%04d-%s-%d", out, ++k, kind, NR); printf "" >file }
            next }
        /^```/ { if (kind) close(file); fence = kind = 0; next }
        kind { print >>file }' "$doc"
    for block in "$tmp"/block-*; do
        [ -f "$block" ] || continue
        n=$((n + 1))
        line=${block##*-}
        source=$tmp/source/block.dyn
        case $block in
        *-sh-*)   (cd "$(dirname "$doc")" && sh -eu "$block") >"$tmp/out" 2>&1 ;;
        *-part-*) { cat tests/data/docs/before.txt "$block"; echo '}'; } >"$source"
                  dyn check "$source" >"$tmp/out" 2>&1 ;;
        *-profile-*) dyn profile check "$block" >"$tmp/out" 2>&1 ;;
        *-dyn-*)  cp "$block" "$source"
                  { dyn check "$source" && dyn fmt --check --diff "$source"; } >"$tmp/out" 2>&1 ;;
        *)        echo 'no such kind of block' >"$tmp/out"
                  false ;;
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
[ "$n" -gt 0 ] && exit $failed
