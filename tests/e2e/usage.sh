# Completions and the manual page, which are written from the table of options: shells read them and
# complete what they should, and the page has every command, option, exit status and variable.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
build=$(dirname "$DYN")
def=compiler/cli_options.def
commands=$(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' $def)
options=$(sed -n 's/^OPTION([A-Z_]*, "\([a-z-]*\)".*/\1/p' $def)
[ "$(echo "$commands" | wc -l)" -gt 10 ] && [ "$(echo "$options" | wc -l)" -gt 30 ]
report $? 'the table has commands and options'

# complete WORDS...: what bash offers for the last of them
cat >"$tmp/complete.bash" <<'BASH'
. "$1" || exit 9
shift
[ "$(complete -p dyn)" = 'complete -o bashdefault -o default -F _dyn dyn' ] || exit 8
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_dyn
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
exit 0
BASH
# completes WANTED WORDS...: WANTED has spaces between
completes() {
    want=$1
    shift
    got=$(bash "$tmp/complete.bash" "$build/usage.bash" "$@" 2>&1 | tr '\n' ' ')
    [ "${got% }" = "$want" ]
    report $? "bash: \`$*\` gives \`$want\`"
    [ "${got% }" = "$want" ] || echo "# gave: $got"
}
expect 0 'bash reads its completion' bash -n "$build/usage.bash"
completes run dyn r
completes 'export explain' dyn ex
completes '--stimulus --stdlib' dyn run --st
completes --stimulus dyn run --sti
completes '' dyn run --sa-no-such
completes '--satisfy' dyn run small.dyn --sa
completes 'dynapse2' dyn build small.dyn -t d
completes 'speck2e speck2f' dyn build --target = sp
completes 'sim dynapse2 speck2e speck2f' dyn build --target =
completes '' dyn run --output ''
completes '' dyn run ''
completes check dyn profile ''
completes '' dyn profile check ''
completes E0303 dyn explain E0303
completes 'weight-saturated weight-lost' dyn check -E weight
completes no-weight-lost dyn check -W no-weight-l
completes '--check' dyn fmt --ch
completes '' dyn run --check
for c in $commands; do
    bash "$tmp/complete.bash" "$build/usage.bash" dyn "$c" -- >"$tmp/offered"
    "$DYN" "$c" --help | sed -nE 's/^  (-.,|  ) +--([a-z-]*).*/--\2/p' >"$tmp/helped"
    same "$tmp/offered" "$tmp/helped" "bash: dyn $c offers the options that its --help has"
done

for shell in zsh fish; do
    for o in $options; do grep -q -e "--$o\b" -e "-l $o " "$build/usage.$shell" || echo "$o"; done >"$tmp/out"
    for c in $commands; do grep -q -e "'$c:" -e "-a $c " "$build/usage.$shell" || echo "$c"; done >>"$tmp/out"
    [ ! -s "$tmp/out" ]
    report $? "$shell: every command and option"
    head -5 "$tmp/out" | sed 's/^/# missing: /'
    if command -v $shell >/dev/null; then
        expect 0 "$shell reads its completion" $shell -n "$build/usage.$shell"
    else report 0 "$shell reads its completion # SKIP no $shell here"; fi
done
if command -v fish >/dev/null; then
    fish -c "source $build/usage.fish; complete -C'dyn r'; complete -C'dyn run --sti'" 2>&1 | cut -f1 >"$tmp/out"
    printf 'run\n--stimulus\n' >"$tmp/want"
    same "$tmp/out" "$tmp/want" 'fish: commands and options'
else report 0 'fish: commands and options # SKIP no fish here'; fi

# The words that are completed are those that the option takes, as its message lists them.
words() { # FILE: what a hint has behind its verb
    sed -nE '/^ *hint:/{s/;.*//;s/^ *hint:.* (is|are|has) //;s/,? or /, /g;s/[`,]/ /g;p}' "$1" | tr -s ' ' '\n' | sed '/^$/d'
}
takes() { # OPTION COMMAND...: compares
    sed -n "s/^VALUES($1, \"\(.*\)\")/\1/p" $def | tr ' ' '\n' | sort >"$tmp/listed"
    option=$1
    shift
    for call in "$@"; do
        "$DYN" $call >"$tmp/out" 2>"$tmp/err"
        words "$tmp/err"
    done | sort -u >"$tmp/taken"
    same "$tmp/listed" "$tmp/taken" "$option: the words that are completed are those that it takes"
}
small=examples/spike_count/spike_count.dyn
takes TARGET "fit $small -t ?"
takes COLOR "check $small --color ?"
takes BACKEND "run $small --backend ?"
takes SEMANTICS "run $small --semantics ?"
takes LIKE "build $small -t speck2e --like ?"
takes AFTER "print $small -t sim --after ?" "print $small -t dynapse2 --after ?" "print $small -t speck2e --after ?"
for word in $(sed -n 's/^VALUES(CPU, "\(.*\)")/\1/p' $def); do # which of them there are depends on the host
    "$DYN" run $small --cpu "$word" 2>&1 | grep -q 'no instruction set'
    [ $? -eq 1 ]
    report $? "--cpu $word is one"
done
"$DYN" run $small --cpu '?' >"$tmp/out" 2>"$tmp/err"
for word in $(words "$tmp/err"); do grep -qE "^VALUES\(CPU, .*\b$word\b" $def || echo "$word"; done >"$tmp/out"
[ ! -s "$tmp/out" ]
report $? '--cpu: what this host has is in the table'
for word in $(sed -n 's/^VALUES(RECORD, "\(.*\)")/\1/p' $def); do
    expect 0 "--record $word" "$DYN" run $small --record "$word" --backend interp -q
done
sed -n 's/^VALUES(\([A-Z]*\),.*/\1/p' $def | grep -vxE 'TARGET|COLOR|BACKEND|SEMANTICS|LIKE|AFTER|CPU|RECORD' >"$tmp/out"
[ ! -s "$tmp/out" ]
report $? 'no other option has words'

# The page, without what roff wants before a character.
page=$build/usage.man
sed 's/\\f[BIR]//g; s/\\-/-/g' "$page" >"$tmp/page"
{
    for c in $commands; do grep -q "^dyn $c\b" "$tmp/page" || echo "$c"; done
    for o in $options; do grep -qE "^(-., )?--$o(=|\$)" "$tmp/page" || echo "--$o"; done
    for s in 0 1 2 3 4 5 70; do grep -qx "\.B $s" "$tmp/page" || echo "status $s"; done
    for v in DYN_CACHE XDG_CACHE_HOME NO_COLOR; do grep -qx "\.B $v" "$tmp/page" || echo "$v"; done
} >"$tmp/out"
[ ! -s "$tmp/out" ]
report $? 'the manual page has every command, option, exit status and variable'
sed 's/^/# missing: /' "$tmp/out"
# Variables that the code asks for are told of, but HOME.
grep -rhoE 'getenv\("[A-Z_]+"\)' --include='*.c' compiler runtime targets lang | sed 's/.*"\(.*\)".*/\1/' | sort -u |
    while read -r v; do [ "$v" = HOME ] || grep -q "^VARIABLE($v," $def || echo "$v"; done >"$tmp/out"
[ ! -s "$tmp/out" ]
report $? 'no variable is read that the table lacks'
if command -v groff >/dev/null; then
    expect 0 'groff formats the page' groff -man -ww -Tutf8 "$page"
    [ ! -s "$tmp/err" ]
    report $? 'and has no warnings'
    head -5 "$tmp/err" | sed 's/^/# /'
else report 0 'groff formats the page # SKIP no groff here'; fi
expect 0 'help' "$DYN" --help
contains "$tmp/out" 'tells the exit statuses' '^  70  a bug'
finish
