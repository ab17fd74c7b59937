# A network for a Speck from source to configuration and back: what the passes leave is a network
# that runs, an image of it is the same network, and what the chip can't do is said.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
cat >cnn.dyn <<'DYN'
use speck;
network cnn {
    input cam[2, 128, 128] from dvs { pool = 4; crop = [2:30, :]; mirror = [false, true]; }
    input extra[2, 28, 32];
    layer a: iaf { threshold = 2; }
    layer b: iaf { v_min = -inf; }
    layer out[5]: iaf { reset_to_zero = true; }
    cam -> a: conv2d([o: 4, c: 2, y: 3, x: 3 => normal(0, 1) seed 1], padding = 1),
        bias = [0.5, -0.25, 0, 1];
    extra -> a: conv2d([o: 4, c: 2, y: 3, x: 3 => normal(0, 1) seed 4], padding = 1);
    a -> b: conv2d([o: 3, c: 4, y: 3, x: 3 => normal(0, 1) seed 2], stride = [1, 2], padding = [0, 5]),
        average_pool = 2;
    b -> out: dense(normal(0, 1) seed 3), pool = 2;
    record a.spikes, a.v, out.spikes;
}
board speck2f { place out on core 8; }
stimulus noise for cnn { duration = 40 ms; cam = poisson(20 Hz) seed 4; extra = poisson(5 Hz) seed 5; }
DYN
sed '/^board/d' cnn.dyn >bare.dyn

expect 0 'build' "$DYN" build cnn.dyn -t speck2f -v -o cnn.dynb
contains "$tmp/err" 'tells scales' 'a +[0-9.]+ +[0-9.]+ % +[0-9]+/144'
contains "$tmp/err" 'keeps what was placed' 'out: core 8'
expect 0 'print' "$DYN" print cnn.dyn -t speck2f --after assign -o print.dyn
contains print.dyn 'the lowest state stands for no bound' 'v_min = -32768'
contains print.dyn 'a place for each layer' 'place cnn.b on chip 0 core'
expect 0 'dump' "$DYN" dump cnn.dynb -o dump.dyn
same print.dyn dump.dyn 'an image is the same network'
expect 0 'what is printed' "$DYN" build dump.dyn -t speck2f -q -o again.dynb
expect 0 'dumped' "$DYN" dump again.dynb -o again.dyn
same dump.dyn again.dyn 'is compiled to the same again'
expect 0 'dump as JSON' "$DYN" dump cnn.dynb --json
is_json "$tmp/out" 'which is JSON'
expect 0 'fit' "$DYN" fit cnn.dyn -t speck2f
contains "$tmp/out" 'tells words of each core' 'kernel words +out on core 8 +[0-9]+ +16384'

# The image on the virtual chip, and the network that the passes leave in the engine.
expect 0 'a stimulus as events' "$DYN" run cnn.dyn --stimulus noise -q -o float.npz
given='--input cam=float.npz:input.cam --input extra=float.npz:input.extra'
expect 0 'the network of the passes' "$DYN" run print.dyn $given -q -o print.npz
expect 0 'the virtual chip' "$DYN" run cnn.dynb $given -v -o chip.npz --jobs 3
same print.npz chip.npz 'does the same, event by event'
contains "$tmp/out" 'and tells what fired' 'out: 5 neurons'
expect 0 'a slow clock' "$DYN" run cnn.dynb $given -q -o leak.npz --virtual slow-clock=1000,leak-fires
! cmp -s print.npz leak.npz
report $? 'makes biases leak'
expect 2 'a setting that is none' "$DYN" run cnn.dynb $given --virtual slow-clock=fast
contains "$tmp/err" 'is told' 'E0903.*slow-clock=fast'
expect 2 'settings of a source' "$DYN" run cnn.dyn --stimulus noise --virtual leak-fires
expect 1 'an image in steps' "$DYN" run cnn.dynb $given --semantics clocked --dt 1ms
contains "$tmp/err" 'is refused' 'E0806.*event by event'
cat >odd.dyn <<'DYN'
use speck;
network odd {
    input x[1, 5, 4];
    layer a: iaf { threshold = 127; }
    layer b: iaf;
    x -> a: conv2d([o: 1, c: 1, y: 1, x: 1 => 127]);
    a -> b: conv2d([o: 1, c: 1, y: 1, x: 1 => 1]), pool = 2;
}
DYN
printf 't,x,y\n0,1,4\n1,2,2\n2,3,4\n' >x.csv
expect 0 'a map that a pool has no whole areas for' "$DYN" build odd.dyn -t speck2e -q -o odd.dynb
expect 0 'runs' "$DYN" run odd.dynb --input x=x.csv
contains "$tmp/err" 'with what it lost' \
    'W0761.*core [0-9] \(.a.\): a pool drops spikes beyond its last whole area: 2 events'
expect 0 'quietly' "$DYN" run odd.dynb --input x=x.csv -W no-event-outside
contains "$tmp/out" 'the other one arrives' 'b: 4 neurons'
[ ! -s "$tmp/err" ]
report $? 'and a warning can be switched off'

# ---- what the chip does in another way is the same ----
cat >ways.dyn <<'DYN'
use speck;
network ways {
    input cam[2, 32, 32] from dvs { pool = 2; crop = [3:8, 2:13]; mirror = [true, false]; swap = true; }
    layer a: iaf { threshold = 3; v_min = -2; }
    layer b: iaf { threshold = 2; }
    layer flat[3]: iaf { threshold = 4; }
    layer odd[2]: iaf { threshold = 4; }
    cam -> a: conv2d([o: 2, c: 2, y: 1, x: 1 => o + c + 1]), pool = 2;
    cam -> b: conv2d([o: 1, c: 2, y: 2, x: 2 => y + x - c]), pool = 2;
    a -> flat: dense([i: 20, j: 3 => mod(i + 2 * j, 4) - 1]);
    b -> odd: dense([i: 4, j: 2 => i - j]);
    record a.spikes, b.spikes, flat.spikes, odd.spikes;
}
stimulus noise for ways { duration = 400 ms; cam = poisson(10 Hz) seed 4; }
DYN
expect 0 'a network' "$DYN" run ways.dyn -q -o given.npz
expect 0 'as the passes leave it' "$DYN" run ways.dyn -t speck2e -q -o chip.npz
cat >equal.py <<'PY'
import numpy
given, chip = numpy.load("given.npz"), numpy.load("chip.npz")
for layer in ("a", "b", "flat", "odd"):
    x, y = (f[layer + ".events"] for f in (given, chip))
    assert len(x) > 100 and len(x) == len(y) and (x["t"] == y["t"]).all(), (layer, len(x), len(y))
    flat = lambda e: e["channel"] if layer in ("flat", "odd") else e
    assert (flat(x) == flat(y)).all(), layer
PY
expect 0 'pools behind the sensor, dense layers on maps that are not square: the same events' \
    /usr/bin/python3 equal.py
sed 's/3:8/4:8/' ways.dyn >even.dyn
expect 0 'other areas' "$DYN" print even.dyn -t speck2e
sed 's/2:13/3:13/' ways.dyn >aside.dyn
expect 3 'areas that are none of the sensor' "$DYN" print aside.dyn -t speck2e
contains "$tmp/err" 'are refused' 'E0602.*pool of 2 x 2 behind the sensor'

# ---- updates by 0 ----
# 25 leaves a neuron above its threshold of 10: the next update fires it again, also one by 0.
cat >zero.dyn <<'DYN'
use speck;
network zero {
    input x[2];
    layer a[3]: iaf { threshold = 10; v_min = -10; }
    x -> a: dense([[25, 0, -1], [0, 12, 0]]);
    record a.spikes;
}
stimulus s for zero { x = times([[1 ms, 3 ms], [2 ms, 4 ms, 5 ms]]); duration = 6 ms; }
DYN
sed 's/dense.*/sparse([[0, 0, 25], [0, 2, -1], [1, 1, 12]]);/' zero.dyn >absent.dyn
counts() { "$DYN" run "$@" 2>"$tmp/err" | awk '/^ +0 /{ print $2, $5, $8; exit }'; }
for net in zero absent; do
    expect 0 "$net" "$DYN" build $net.dyn -t speck2e -o $net.dynb
    cp "$tmp/err" $net.err
    expect 0 'its stimulus' "$DYN" run $net.dyn --stimulus s -q -o $net.npz
    counts $net.dynb --input x=$net.npz:input.x >>chip.txt
    counts $net.dyn >>source.txt
done
printf '5 3 0\n5 3 0\n' >want.txt
same want.txt chip.txt 'a core updates all neurons by each event'
printf '5 3 0\n2 3 0\n' >want.txt
same want.txt source.txt 'as the source does where weights are 0, not where there are none'
[ "$(grep -c W0659 zero.err)" = 0 ]
report $? 'where they are the same there is nothing to tell'
contains absent.err 'else it is told' 'W0659.*: 3 of the 6 pairs of .x. and .a. have no synapse'
expect 4 'and seen' "$DYN" diff absent.dyn absent.dynb --stimulus s
contains "$tmp/out" 'as weights' 'x -> a.* 3 +0 +3 '
contains "$tmp/out" 'and as spikes' 'first difference: spike 1'
sed 's/25/10/; s/12/9/' absent.dyn >small.dyn
expect 0 'with weights up to the threshold' "$DYN" build small.dyn -t speck2e -o small.dynb
contains "$tmp/err" 'nothing differs' '^small.dynb: [0-9]+ bytes'
expect 0 'not even' "$DYN" diff small.dyn small.dynb --stimulus s
contains "$tmp/out" 'a spike' 'every spike is the same'
sed 's/v_min/reset_to_zero = true; v_min/' absent.dyn >reset.dyn
expect 0 'nor with a reset to 0' "$DYN" build reset.dyn -t speck2e -o reset.dynb -E updates-by-zero

# ---- what it changes, and as another tool does it ----
cat >wide.dyn <<DYN
use speck;
network wide {
    input in[1, 12, 12];
    layer l: iaf { v_min = -inf; }
    in -> l: conv2d(load("$top/tests/golden/speck/e4_minv_none/a_w.npy"));
}
stimulus recorded for wide {
    duration = 80 ms;
    in = events(load("$top/tests/golden/speck/e4_minv_none/golden.npz", "events"));
}
DYN
total() { # OPTIONS: spikes of a run
    "$DYN" run wide.dyn --json "$@" 2>err | awk '/"frr"/ { exit } /^ +[0-9]+,?$/ { sum += $1 } END { print sum }'
}
expect 0 'a run of what the chip gets' "$DYN" run wide.dyn -t speck2e --semantics clocked --dt 1ms
[ "$(total -t speck2e --like sinabs --semantics clocked --dt 1ms)" = 8859 ]
report $? "sinabs' spikes, weights lost to the bound included"
[ "$(total -t speck2e --like sinabs)" = 8877 ]
report $? 'and those of the chip with the same numbers'
expect 4 'how far numbers are apart' "$DYN" diff wide.dyn wide.dyn -t speck2e --like ,sinabs
expect 0 'a report with spikes' "$DYN" build wide.dyn -t speck2e --like sinabs --stimulus recorded -o wide.dynb
contains "$tmp/err" 'tells what became of them' '^ +l +1 +67 % +26/36 +1/4 +0/4 +[0-9]+ +8877 +[0-9]+/4 +[0-9.e+]+$'
contains "$tmp/err" 'and of the outputs' 'counts of the outputs off by [0-9.]+ %$'
expect 0 'what layers have to do' "$DYN" run cnn.dyn -t speck2e
contains "$tmp/out" 'is told of a run' '^  b +[0-9.e+]+$'
contains "$tmp/out" 'with a picture of who fired' '^  raster of trial 0: 0.5556 ms a column$'
expect 0 'as JSON' "$DYN" run cnn.dyn --json
is_json "$tmp/out" 'too'
contains "$tmp/out" 'it is there' 'synaptic_operations_per_second'
expect 0 'scales by a stimulus' "$DYN" build cnn.dyn -t speck2e --calibrate noise -o calibrated.dynb
contains "$tmp/err" 'tell what they were' '^calibrate:.*instead of|no other scales'
awk '/outputs off by/ { gsub(/[%,]/, ""); found = 1; worse = $6 + 0 > $8 + 0 } END { exit !found || worse }' err
report $? 'and never make the outputs worse'
expect 2 'no such tool' "$DYN" build cnn.dyn -t speck2e --like lava
expect 2 'a tool for a chip that has none' "$DYN" print cnn.dyn --like sinabs
contains "$tmp/err" 'is told' "E0903.*--like isn't for target .sim"
expect 2 'a stimulus for one' "$DYN" build cnn.dyn --calibrate noise
contains "$tmp/err" 'is told too' "E0903.*--calibrate isn't for target .sim"

refused() { # NAME, EXPECTED, SED COMMAND
    sed "$3" bare.dyn >wrong.dyn
    expect 3 "$1" "$DYN" build wrong.dyn -t speck2e -q -o wrong.dynb
    contains "$tmp/err" 'is refused with its reason' "$2"
}
refused 'an odd pool' 'E0602.*pool of 3 x 3' 's/b -> out\(.*\)pool = 2/b -> out\1pool = 3/'
contains "$tmp/err" 'and the pools that do' 'fits with `pool = 4`, or `pool = 2`, or `pool = 1`'
refused 'a bound at 0' 'E0602.*v_min.*is 0' 's/v_min = -inf/v_min = 0/'
refused 'neurons that differ' 'E0602.*differ in `threshold`' \
    's/reset_to_zero = true/threshold = [1, 2, 3, 4, 5]/'
contains "$tmp/err" 'and one value for all helps' 'hint: give all one value, and divide the weights'
refused 'neurons of two kinds' 'E0602.*differ in `threshold`' \
    's/reset_to_zero = true/threshold = [1, 2, 1, 1, 2]/'
contains "$tmp/err" 'or two layers' 'or make two layers of it, one for each value'
refused 'different kernels of one layer' 'E0602.*in different ways' \
    's/y: 3, x: 3 => normal(0, 1) seed 4\], padding = 1/y: 1, x: 1 => normal(0, 1) seed 4]/'
refused 'a large kernel' 'E0601.*kernel is 17' \
    's/x: 3 => normal(0, 1) seed 2\(.*\)\[0, 5\]/x: 17 => normal(0, 1) seed 2\1[0, 12]/'
refused 'three destinations' 'E0601.*3 connections' \
    's/^    record.*/    layer c[1]: iaf; layer d[1]: iaf; a -> c: all_to_all(1), pool = 4; a -> d: all_to_all(1), pool = 4;/'
refused 'a threshold that weights drown' 'E0602.*threshold.*becomes 0' 's/threshold = 2;/threshold = 1e-6; v_min = -1;/'

sed 's/core 8/core 1/; s/speck2f/speck2e/' cnn.dyn >hand.dyn
expect 0 'another core' "$DYN" build hand.dyn -t speck2e -q -o hand.dynb
cat >lif.dyn <<'DYN'
use neurons;
network n { dt = 1 ms; input x[4]; layer y[4]: lif; x -> y: all_to_all(1); }
DYN
expect 3 'another model' "$DYN" build lif.dyn -t speck2e -q -o lif.dynb
contains "$tmp/err" 'is refused' "E0602.*isn't a Speck's neuron"
cat >own.dyn <<'DYN'
neuron own {
    param low = -3;
    param theta = 2;
    param to_zero = false;
    receive drive;
    state s = 0;
    on event(x) {
        s = max(s + x, low);
        if s >= theta {
            emit 1;
            s = if to_zero then 0 else s - theta;
        }
    }
}
network n { input x[4]; layer y[4]: own { to_zero = true; } x -> y: all_to_all(1); record y.s; }
stimulus few for n { duration = 20 ms; x = regular(500 Hz); }
DYN
expect 0 'a model of other names' "$DYN" build own.dyn -t speck2e -q -o own.dynb
expect 0 'that does the same' "$DYN" dump own.dynb -o own.txt
contains own.txt 'is the chip.s' 'threshold = 254'
contains own.txt 'with its bound' 'v_min = -381'
refused_own() { # NAME, SED COMMAND
    sed "$2" own.dyn >wrong.dyn
    expect 3 "$1" "$DYN" build wrong.dyn -t speck2e -q -o wrong.dynb
    contains "$tmp/err" 'is refused' "E0602.*isn't a Speck's neuron: $3"
}
refused_own 'another reset' 's/s - theta/s - 2 * theta/' 'its .on event. does something else'
refused_own 'a bound that is the threshold' 's/x, low/x, theta/' 'one parameter stands for two things'
refused_own 'no bound' 's/x, low/x, s/' 'threshold, lower bound and kind of reset'
refused_own 'a name taken' 's/param low = -3;/param low = -3; param v_min = 0;/' 'a parameter has the name'
finish
