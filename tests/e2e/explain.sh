# The pages of lang/explain/: every code has one, and its examples do what they say. In a page
#   ```dyn wrong, ```dyn right   example.dyn, which `dyn check` reads
#   ```sh                        what is done with it instead
#   ```dyn, ```sh wrong, ```sh right   one example.dyn for both, and what is done
# The wrong one gives one message, which has the page's code, the right one none. What no source can
# show has no wrong example.
. "$(dirname "$0")/lib.sh"
data=$top/tests/data/docs

# block PAGE FENCE: what stands between the fence and its end
block() {
    awk -v fence="$2" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' "$1"
}
# messages PAGE wrong|right: the codes of the messages that the example gives
messages() {
    rm -rf "$tmp/work" && mkdir -p "$tmp/work" && cp "$data"/* "$tmp/work"
    block "$1" '```dyn' >"$tmp/work/example.dyn"
    block "$1" "\`\`\`dyn $2" >>"$tmp/work/example.dyn"
    block "$1" '```sh' >"$tmp/run"
    block "$1" "\`\`\`sh $2" >>"$tmp/run"
    [ -s "$tmp/run" ] || echo 'dyn check example.dyn' >"$tmp/run"
    (cd "$tmp/work" && sh "$tmp/run" >/dev/null 2>"$tmp/err" </dev/null)
    grep -oE '(error|warning)\[[EW][0-9]+\]' "$tmp/err" | sed 's/.*\[\(.*\)\]/\1/' | tr '\n' ' '
}

mkdir "$tmp/bin" && ln -s "$DYN" "$tmp/bin/dyn"
PATH=$tmp/bin:$PATH
expect 0 'the list' "$DYN" explain --list
cp "$tmp/out" "$tmp/list"
without=0
while read -r code _; do
    page=$top/lang/explain/$code.md
    expect 0 "$code has a page" "$DYN" explain "$code"
    title=$(sed -n "s/^$code  .\{18\}  //p" "$tmp/list")
    [ "$(head -1 "$page")" = "# $code: $title" ]
    report $? "$code: the page begins with its title"
    if ! grep -q '^```[a-z]* wrong$' "$page"; then # no source can show it
        without=$((without + 1))
        continue
    fi
    got=$(messages "$page" wrong)
    [ "$got" = "$code " ]
    report $? "$code: the wrong example gives it and nothing else"
    [ "$got" = "$code " ] || head -20 "$tmp/err" | sed 's/^/# /'
    got=$(messages "$page" right)
    [ -z "$got" ]
    report $? "$code: the right example is clean"
    [ -z "$got" ] || head -20 "$tmp/err" | sed 's/^/# /'
done <"$tmp/list"
[ $without -le 10 ]
report $? 'few have no example'
for page in "$top"/lang/explain/*.md; do
    code=$(basename "$page" .md)
    grep -q "^$code " "$tmp/list" || { report 1 "$code is no code"; }
done

# The index of the reference.
{
    sed '/^| code /,$d' "$top/lang/CODES.md"
    echo '| code | name for `-W` | says |'
    echo '| --- | --- | --- |'
    sed -E 's/^(.....)  (.{18})  (.*)/| [\1](explain\/\1.md) | `\2` | \3 |/; s/` *`/ /; s/ *` \|/` |/; s/\|  +\|/| |/' "$tmp/list"
} >"$tmp/codes.md"
[ -z "${UPDATE:-}" ] || cp "$tmp/codes.md" "$top/lang/CODES.md"
same "$top/lang/CODES.md" "$tmp/codes.md" 'lang/CODES.md lists all codes'

expect 0 'a name' "$DYN" explain weight-lost
contains "$tmp/out" 'is that of a warning' '^W0654: '
expect 0 'small letters' "$DYN" explain e0301
contains "$tmp/out" 'do' '^E0301: '
contains "$tmp/out" 'examples are indented' '^    network n \{'
expect 0 'as JSON' "$DYN" explain E0301 --json
is_json "$tmp/out" 'it is JSON'
expect 0 'the list as JSON' "$DYN" explain --list --json
is_json "$tmp/out" 'it is JSON too'
expect 2 'no such code' "$DYN" explain E9999
expect 2 'nearly a name' "$DYN" explain weigth-lost
contains "$tmp/err" 'is hinted at' 'did you mean `weight-lost`'
finish
