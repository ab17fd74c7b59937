# The command line as scripts rely on it: exit statuses, where things are printed, options.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
cat >small.dyn <<'DYN'
use dynapse2;
network small {
    dt = 1 ms;
    input in[3];
    layer out[2]: dpi;
    in -> out: dense([[20, 0], [0, 15], [9, -4]]);
    mismatch 5 % seed 3;
}
stimulus tone for small { duration = 200 ms; trials = 2; in = regular(100 Hz); }
stimulus noise for small { duration = 200 ms; trials = 3; in = poisson(90 Hz) seed 4; }
DYN
printf 'network x { layer a[2]: nothing; layer b[3]: neither; }\n' >wrong.dyn
printf 'network y { input a[1]; }\nnetwork z { input a[1]; }\n' >two.dyn

expect 2 'no command' "$DYN"
expect 2 'unknown command' "$DYN" biuld small.dyn
contains err 'did you mean' 'did you mean .dyn build'
expect 2 'unknown option' "$DYN" run small.dyn --stimulos tone
contains err 'did you mean' 'did you mean --stimulus'
expect 2 'file missing' "$DYN" check
expect 2 'two files' "$DYN" check small.dyn small.dyn
expect 2 'value missing' "$DYN" run small.dyn --stimulus
expect 2 'not a number' "$DYN" run small.dyn --stimulus tone --trials many
expect 2 'unknown target' "$DYN" build small.dyn -t nochip
expect 2 'unknown back end' "$DYN" run small.dyn --stimulus tone --backend gpu
expect 2 'unknown pass' "$DYN" print small.dyn --after bake
expect 2 'unknown warning' "$DYN" check small.dyn -W nosuch
expect 0 'help' "$DYN" --help
contains out 'lists commands' 'dump +IMAGE'
for c in check fmt build run diff dump print fit plot version; do
    expect 0 "help of $c" "$DYN" $c --help
done
expect 0 'version' "$DYN" version
contains out 'names its targets' 'dynapse2'
expect 0 'version as JSON' "$DYN" version --json

expect 0 'check: quiet when all is well' "$DYN" check small.dyn
[ ! -s out ] && [ ! -s err ]
report $? 'check prints nothing'
expect 1 'check: wrong input' "$DYN" check wrong.dyn
[ "$(grep -c 'error\[' err)" -ge 2 ]
report $? 'all errors in one run'
expect 1 'messages as JSON' "$DYN" check wrong.dyn --json
contains err 'one object a line' '^\{"code":"E0'
expect 5 'no such file' "$DYN" check nothere.dyn
expect 1 'which network' "$DYN" build two.dyn -o two.dynb
contains err 'lists them' '`y`.*`z`'
expect 0 'network by name' "$DYN" build two.dyn --network z -o two.dynb
expect 5 'output that cannot be' "$DYN" build small.dyn -o /nonexistent/small.dynb

expect 1 'which stimulus' "$DYN" run small.dyn
contains err 'lists them' 'tone.*noise'
expect 1 'unknown stimulus' "$DYN" run small.dyn --stimulus tune
expect 0 'run, everything recorded' "$DYN" run small.dyn --stimulus noise --record all -o all.npz
expect 0 'the applied stimulus gives the same run' "$DYN" run small.dyn --input in=all.npz:input.in --json
cp out replay.json
expect 0 'as the first' "$DYN" run small.dyn --stimulus noise --json
same out replay.json 'same counts'
for jobs in 1 2 5; do
    expect 0 "$jobs threads" "$DYN" run small.dyn --stimulus noise --json --jobs $jobs
    same out replay.json "same counts with $jobs threads"
done
expect 0 'trials repeat' "$DYN" run small.dyn --stimulus tone --trials 5 --json
expect 0 'record one' "$DYN" run small.dyn --stimulus tone --record out.vmem,out.spikes -o v.npz
expect 1 'record what is not there' "$DYN" run small.dyn --stimulus tone --record out.vmen
contains err 'near name' 'out\.vmem'
expect 0 'record none' "$DYN" run small.dyn --stimulus tone --record none -o none.npz
members() { # FILE NAMES...: the members of an npz, each of which is named at both its ends
    file=$1 && shift
    for x; do printf '%s.npy\n%s.npy\n' "$x" "$x"; done | sort >want
    grep -ao '[a-z]*\.*[a-z]*\.npy' "$file" | sort >have
    same have want "what $file holds"
}
expect 0 'record as the source says' "$DYN" run small.dyn --stimulus tone -o plain.npz
members plain.npz out.spikes input.in dt
members none.npz input.in dt
expect 0 'record twice' "$DYN" run small.dyn --stimulus tone --record out.vmem,out.vmem -o twice.npz
members twice.npz out.vmem input.in dt
expect 1 'record a layer' "$DYN" run small.dyn --stimulus tone --record out
contains err 'its spikes' 'out\.spikes'
expect 1 'record nothing at all' "$DYN" run small.dyn --stimulus tone --record ''
expect 0 'chips' "$DYN" run small.dyn --stimulus tone --chips 4 --satisfy 'count>0' -o chips.npz
contains out 'share that meets the condition' 'of 4 chips'
expect 2 'no condition' "$DYN" run small.dyn --stimulus tone --chips 4 --satisfy 'speed>0'
expect 0 'one event a step' "$DYN" run small.dyn --stimulus noise --one-per-step -q
[ ! -s out ]
report $? 'quiet prints nothing'
expect 2 'input without file' "$DYN" run small.dyn --input in
expect 5 'input that is not there' "$DYN" run small.dyn --input in=nothere.npy
expect 1 'input of another network' "$DYN" run small.dyn --input on=all.npz:input.in
expect 1 'member that is not there' "$DYN" run small.dyn --input in=all.npz:nomember

cat >inputs.dyn <<'DYN'
use neurons;
network a {
    dt = 1 ms;
    input x[2, 3];
    input y[2];
    layer l[6]: lif;
    x -> l: one_to_one(2);
    y -> l: all_to_all(2);
}
network b { dt = 1 ms; input z[2]; layer l[1]: lif; z -> l: all_to_all(2); }
stimulus s for a { x = silence; y = regular(500 Hz); duration = 6 ms; }
stimulus t for b { z = regular(1 kHz); duration = 9 ms; }
DYN
expect 0 'a stimulus says which network' "$DYN" run inputs.dyn --stimulus t --json
contains out 'that of t' '"steps": 9'
expect 1 'without one it is an error' "$DYN" run inputs.dyn
expect 0 'a raster of the shape of its input' "$DYN" run inputs.dyn --stimulus s -o shaped.npz
expect 0 'goes in again' "$DYN" run inputs.dyn --network a --input x=shaped.npz:input.x --json
tr -d ' \n' <out >flat
contains flat 'and the only stimulus gives the other input' '"counts":\[\[\[3,3,3,3,3,3\]\]\]'

expect 0 'default target and name' "$DYN" build small.dyn
expect 0 'sim image runs' "$DYN" run small.dynb --input in=all.npz:input.in --json
same out replay.json 'sim image: the same counts'
expect 1 'image without stimulus' "$DYN" run small.dynb
expect 1 'image has no stimuli' "$DYN" run small.dynb --stimulus tone
expect 2 'an image is not built' "$DYN" build small.dynb
expect 1 'a source is not dumped' "$DYN" dump small.dyn
expect 0 'dump of a sim image' "$DYN" dump small.dynb -o again.dyn
expect 0 'reads back' "$DYN" run again.dyn --input in=all.npz:input.in --json
same out replay.json 'and runs the same'
expect 0 'sim dump as JSON' "$DYN" dump small.dynb --json
head -c 300 small.dynb >cut.dynb
expect 1 'cut image' "$DYN" run cut.dynb --input in=all.npz:input.in
contains err 'says so' 'E0701'

expect 0 'warnings' "$DYN" build small.dyn -t dynapse2 -o chip.dynb
expect 0 'diff of source and sim image' "$DYN" diff small.dyn small.dynb --stimulus tone --tolerance 0
contains out 'same spikes' 'every spike is the same'
expect 0 'diff as JSON' "$DYN" diff small.dyn chip.dynb --stimulus tone --json --tolerance 10
contains out 'van Rossum in JSON' 'van_rossum'
sed 's/20, 0/22, 0/' small.dyn >other.dyn
expect 4 'a weight changed' "$DYN" diff small.dyn other.dyn --tolerance 0.01
sed 's/layer out\[2\]/layer outs[2]/; s/in -> out/in -> outs/' small.dyn >renamed.dyn
expect 4 'a layer renamed' "$DYN" diff small.dyn renamed.dyn --tolerance 100
contains out 'structure' 'layer `out` is only in A'
expect 2 'no tolerance' "$DYN" diff small.dyn other.dyn --tolerance wide
sed 's/20, 0/25, 0/' small.dyn >other.dyn
for pair in 'small.dyn other.dyn' 'other.dyn small.dyn'; do
    expect 0 "$pair: relative to the larger" "$DYN" diff $pair --tolerance 0.21
    expect 4 "$pair: and no more" "$DYN" diff $pair --tolerance 0.19
done
# structure NAME LINE SED: what small.dyn and what SED makes of it differ in, and nothing else
structure() {
    sed "$3" small.dyn >other.dyn
    expect 0 "$1: build" "$DYN" build other.dyn -o other.dynb
    expect 0 "$1: an image is as its source" "$DYN" diff other.dyn other.dynb --tolerance 0
    expect 4 "$1: the other way round" "$DYN" diff other.dynb small.dyn --tolerance 100
    expect 4 "$1: structure" "$DYN" diff small.dyn other.dynb --tolerance 100
    sed -n '/^structure:/,/^$/p' out >have
    printf 'structure:\n  %s\n\n' "$2" >want
    same have want "$1: the line"
}
structure none 'mismatch is 5 % (seed 3) in A, none in B' '/mismatch/d'
structure deviation 'mismatch is 5 % (seed 3) in A, 20 % (seed 3) in B' 's/5 %/20 %/'
structure seed 'mismatch is 5 % (seed 3) in A, 5 % (seed 4) in B' 's/seed 3/seed 4/'
structure name 'mismatch is 5 % (seed 3) in A, 5 %, `Itau_mem` 10 % (seed 3) in B' \
    's/mismatch .*/mismatch { all = 5 %; Itau_mem = 10 %; seed = 3; }/'
structure delay '`in -> out.drive`: delay 0 ms in A, 5 ms in B' 's/]]);/]]), delay = 5 ms;/'
contains out 'one connection' 'in -> out.drive +4 +0 +0 +0 +0$'
sed 's/mismatch .*/mismatch { all = 5 %; Itau_mem = 5 %; seed = 3; }/' small.dyn >other.dyn
expect 0 'the same mismatch in other words' "$DYN" diff small.dyn other.dyn --tolerance 0
cat >chain.dyn <<'DYN'
use dynapse2;
network chain {
    dt = 1 ms;
    input in[1];
    layer a[1]: dpi;
    layer b[1]: dpi;
    in -> a: one_to_one(3);
    a -> b: one_to_one(2), delay = 2 ms;
    a -> b: one_to_one(5), delay = 4 ms;
    a -> b: one_to_one(9), delay = 6 ms;
}
DYN
sed 's/2 ms/4 ms/; s/(5), delay = 4 ms/(5), delay = 8 ms/; s/}/output a, b; }/' chain.dyn >other.dyn
expect 4 'delays and an output' "$DYN" diff chain.dyn other.dyn --tolerance 100
contains out 'an output' '^  layer `a` is an output only in B$'
contains out 'equal delays go together first' '^  `a -> b.drive`: delay 2 ms in A, 8 ms in B$'
[ "$("$DYN" diff chain.dyn other.dyn | sed -n '/^structure:/,/^$/p' | grep -c delay)" -eq 1 ]
report $? 'and are not told'
sed '/= 6 ms/d' chain.dyn >other.dyn
expect 4 'a connection less' "$DYN" diff chain.dyn other.dyn
contains out 'is lost' '^  a -> b.drive +1 +1 +0 '
contains out 'and no delay' '^structure: the same$'
expect 2 'fit needs a chip' "$DYN" fit small.dyn
expect 0 'fit as JSON' "$DYN" fit small.dyn -t dynapse2 --json
contains out 'rows' '"resource"'
# Pictures of runs.
expect 0 'plot' "$DYN" plot all.npz -o all.svg
contains all.svg 'panels with their names' 'bold.>out.spikes<.*'
[ "$(grep -c 'font-weight' all.svg)" -eq 7 ] && [ "$(grep -c 'input.in' all.svg)" -eq 1 ]
report $? 'the input, the spikes and five states'
expect 0 'plot of what is named, on stdout' "$DYN" plot all.npz --record out.vmem
[ "$(grep -c 'font-weight' out)" -eq 1 ] && tail -1 out | grep -q '</svg>'
report $? 'one panel'
/usr/bin/python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' all.svg
report $? 'well-formed XML'
# The raster has a mark for each spike of the first trial, at its place.
/usr/bin/python3 - all.npz all.svg <<'PY'
import re, sys, numpy
run, text = numpy.load(sys.argv[1]), open(sys.argv[2]).read()
raster = text[text.index('>out.spikes<'):]
marks = re.findall(r'M([0-9.]+) ', re.search(r"<path stroke='#102030'[^>]*d='([^']*)'", raster).group(1))
step, neuron = numpy.nonzero(run['out.spikes'][0])
want = sorted(76 + 800 * (s + 0.5) / 200 for s in step)
sys.exit(len(marks) != len(want) or any(abs(float(m) - w) > 0.51 for m, w in zip(sorted(map(float, marks)), want)))
PY
report $? 'a mark for each spike'
expect 5 'plot of nothing' "$DYN" plot nothere.npz
cp small.dyn notzip.npz
expect 1 'plot of something else' "$DYN" plot notzip.npz
expect 1 'plot of what is not there' "$DYN" plot all.npz --record out.nothing

finish
