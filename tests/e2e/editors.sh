# Highlighting for editors knows the words of the language: each that lang/lexer.l has, and no other.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
sed -n 's/^\([a-z]*\)  *{ WORD(T_.*/\1/p' lang/lexer.l | sort >"$tmp/words"
[ "$(wc -l <"$tmp/words")" -gt 40 ]
report $? 'the lexer has words'

vim=lang/editors/vim/syntax/dyn.vim
# `inf` is a number to the lexer.
sed -n 's/^syn keyword dyn[A-Za-z]* //p' $vim | tr ' ' '\n' | grep -vx inf | sort >"$tmp/vim"
same "$tmp/vim" "$tmp/words" 'vim: the words of lang/lexer.l'

code=lang/editors/vscode
grep '"match": "\\\\b([a-z|]*)\\\\b"' $code/syntaxes/dyn.tmLanguage.json | sed 's/.*b(\(.*\)).*/\1/' |
    tr '|' '\n' | sort >"$tmp/code"
same "$tmp/code" "$tmp/words" 'VS Code: the words of lang/lexer.l'
for f in $code/*.json $code/syntaxes/*.json; do is_json "$f" "$f is JSON"; done
for f in $(sed -n 's|.*"\./\(.*\.json\)".*|\1|p' $code/package.json); do [ -f "$code/$f" ] || echo "$f"; done >"$tmp/out"
[ ! -s "$tmp/out" ]
report $? 'VS Code: the files that package.json names are there'

# vim itself: what it makes of some places of a source, as GROUP for each.
if command -v vim >/dev/null; then
    printf 'network a { dt = 0.5 ms; // network\n    layer x[0x1F]: lif; x -> x: dense(3 %%) }\n' >"$tmp/a.dyn"
    cat >"$tmp/ask.vim" <<VIM
set nocompatible runtimepath^=$top/lang/editors/vim
syntax on
filetype plugin on
edit $tmp/a.dyn
let places = [[1, 1], [1, 9], [1, 13], [1, 18], [1, 22], [1, 30], [2, 5], [2, 13], [2, 27], [2, 33], [2, 39]]
let names = map(places, {_, p -> synIDattr(synID(p[0], p[1], 1), 'name')})
call writefile([&filetype, &shiftwidth] + names, '$tmp/got')
quit
VIM
    expect 0 'vim reads its files' vim -u NONE -i NONE -es -S "$tmp/ask.vim"
    printf '%s\n' dyn 4 dynDeclaration '' dynSetting dynNumber dynNumber dynComment dynDeclaration \
        dynNumber dynArrow dynFunction dynNumber >"$tmp/want"
    same "$tmp/got" "$tmp/want" 'vim: words, numbers with units, comments, functions'
else report 0 'vim reads its files # SKIP no vim here'; fi
finish
