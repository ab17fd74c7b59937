# dyn fmt: files in place, what it says about them, and that the tree's own sources are in their form.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
printf 'use  dynapse2;\nnetwork n{dt=1 ms;input in[3];} // kept\n' >loose.dyn
printf 'use dynapse2;\nnetwork n { dt = 1 ms; input in[3]; } // kept\n' >good.dyn
printf 'network n { dt = ; }\n' >wrong.dyn
cp loose.dyn before.dyn
cp wrong.dyn wrong_before.dyn

expect 2 'no file' "$DYN" fmt
expect 1 'a file would change' "$DYN" fmt --check loose.dyn good.dyn
printf 'loose.dyn\n' >want
same out want '--check names it'
same loose.dyn before.dyn 'and leaves it as it is'
expect 1 '--check --json' "$DYN" fmt --check --json loose.dyn good.dyn
is_json out 'one value'
expect 0 '--diff' "$DYN" fmt --diff loose.dyn good.dyn
cat >want <<'DIFF'
--- loose.dyn
+++ loose.dyn
@@ -1,2 +1,2 @@
-use  dynapse2;
-network n{dt=1 ms;input in[3];} // kept
+use dynapse2;
+network n { dt = 1 ms; input in[3]; } // kept
DIFF
same out want '--diff shows the lines'
same loose.dyn before.dyn 'and leaves the file'
expect 1 '--check --diff' "$DYN" fmt --check --diff loose.dyn
same out want 'shows the lines too'

chmod 640 loose.dyn
ln -s loose.dyn link.dyn
expect 0 'in place' "$DYN" fmt link.dyn
[ ! -s out ] && [ ! -s err ]
report $? 'without a word'
same loose.dyn good.dyn 'as it should be'
[ "$(stat -c %a loose.dyn)" = 640 ] && [ -L link.dyn ]
report $? 'permissions and links stay'
touch -d 2001-01-01 good.dyn
expect 0 'nothing to do' "$DYN" fmt good.dyn loose.dyn
[ "$(stat -c %Y good.dyn)" -lt 1000000000 ]
report $? 'what is in its form is not written'
[ "$(ls | grep -c '~\|tmp')" = 0 ]
report $? 'no temporary files are left'

expect 1 'a file with errors' "$DYN" fmt wrong.dyn before.dyn
contains err 'told as by check' 'wrong.dyn:1:18: error\[E0104\]'
same wrong.dyn wrong_before.dyn 'it stays as it is'
same before.dyn good.dyn 'the others are formatted'
expect 5 'no such file' "$DYN" fmt nothere.dyn
"$DYN" fmt - <wrong.dyn >out 2>err
[ $? -eq 1 ] && [ ! -s out ]
report $? 'errors on stdin'
printf 'use  a;' | "$DYN" fmt - >out
printf 'use a;\n' >want
same out want 'stdin to stdout'

# The sources of the tree.
expect 0 'stdlib, examples and tests are in their form' "$DYN" fmt --check \
    "$top"/stdlib/*.dyn "$top"/examples/*/*.dyn "$top"/tests/stages/*.dyn "$top"/tests/data/*/*.dyn \
    "$top"/tests/golden/*/*.dyn "$top"/tests/golden/*/*/*.dyn
head -20 out
# So is what `print` and `dump` say after each stage.
for stage in "$top"/tests/stages/*.txt; do
    case $stage in
    *.check.txt | *.fit.txt | *.json.txt | *.messages.txt | *.run.txt) ;;
    *) cp "$stage" "$(basename "$stage" .txt).dyn" && set -- "$@" "$(basename "$stage" .txt).dyn" ;;
    esac
done
[ $# -gt 10 ]
report $? 'stages to look at'
expect 0 'printed networks are in their form' "$DYN" fmt --check --diff "$@"
head -60 out
finish
