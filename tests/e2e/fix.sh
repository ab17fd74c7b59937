# dyn check --fix, and edits in --json.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
cat >wrong.dyn <<'DYN'
// A comment that stays.
network wrong {
    dt = 1 ms
    input drive[3];
    layer out[2]: lif { treshold = 0.5; }
    drvie -> out: dense([[1, 2, 3], [4, 5, 6]]);
    record out;
}
DYN
cat >right.dyn <<'DYN'
// A comment that stays.
use neurons;
network wrong {
    dt = 1 ms;
    input drive[3];
    layer out[2]: lif { threshold = 0.5; }
    drive -> out: dense(transpose([[1, 2, 3], [4, 5, 6]]));
    record out.spikes;
}
DYN
cp wrong.dyn fixed.dyn && chmod 640 fixed.dyn
expect 1 'as JSON' "$DYN" check wrong.dyn --json
while read -r line; do
    printf '%s\n' "$line" >one.json
    is_json one.json 'one object a line'
done <err
contains err 'what to put in, and where' \
    '"edit":\{"file":"wrong.dyn","begin":\{"byte":54,"line":3,"column":14\},"end":\{"byte":54,"line":3,"column":14\},"text":";"\}'
contains err 'or instead of what' '"column":5\},"end":\{"byte":[0-9]+,"line":6,"column":10\},"text":"drive"\}'
sed 's/wrong/n/; s/ms$/ms;/; s/lif.*/nothing;/; s/drvie/drive/; /record/d' wrong.dyn >none.dyn
expect 1 'a mistake that is nowhere near' "$DYN" check none.dyn --json
contains err 'has no edit' '"edit":null'

expect 0 'all is mended, what shows later too' "$DYN" check --fix fixed.dyn
contains err 'and counted' '^fixed.dyn: 6 changes$'
same fixed.dyn right.dyn 'as a person would'
[ "$(stat -c %a fixed.dyn)" = 640 ]
report $? 'the mode is kept'
touch -d 2001-01-01 fixed.dyn
expect 0 'nothing to mend' "$DYN" check --fix fixed.dyn
contains err 'is said' '^fixed.dyn: 0 changes$'
[ "$(stat -c %Y fixed.dyn)" -lt 1000000000 ]
report $? 'and nothing is written'

sed 's/3 *-> .*//; s/lif {.*/nothing;/' wrong.dyn >rest.dyn
expect 1 'what is left is told' "$DYN" check --fix rest.dyn
contains err 'after what was done' '^rest.dyn: [1-9]'
contains err 'with its place in the new text' 'rest.dyn:5:19: error\[E0201\]: unknown neuron model `nothing`'
ln -s target.dyn link.dyn && cp wrong.dyn target.dyn
expect 0 'through a link' "$DYN" check --fix -q link.dyn
[ -L link.dyn ] && cmp -s target.dyn right.dyn
report $? 'which stays one'
[ ! -s err ]
report $? '-q says nothing'
"$DYN" build right.dyn -q -o image.dynb
expect 2 'not an image' "$DYN" check --fix image.dynb
expect 5 'no file' "$DYN" check --fix nothere.dyn
ls -A | grep -q tmp
[ $? -eq 1 ]
report $? 'nothing is left behind'
finish
