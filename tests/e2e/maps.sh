# Maps from source to image and back: convolutions, pools, biases and a camera in runs by time
# steps, and how a network is told to run.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
cat >cnn.dyn <<'DYN'
use speck;
network cnn {
    input cam[2, 32, 32] from dvs { pool = 2; crop = [2:14, :]; mirror = [false, true]; }
    layer a: iaf { threshold = 2; }
    layer b: iaf { v_min = -inf; max_spikes = 1; }
    layer out[5]: iaf { reset_to_zero = true; }
    let f = batch_norm(normal_weights, 0, [1, 2, 1, 1], [0, 1, 0, 0], ones(4) / 2, [1, 2, 3, 4]);
    let normal_weights = [o: 4, c: 2, y: 3, x: 3 => normal(0, 1) seed 1];
    cam -> a: conv2d(f.weight, padding = 1), bias = f.bias;
    a -> b: conv2d([o: 3, c: 4, y: 2, x: 2 => normal(0, 1) seed 2], stride = [2, 1]), average_pool = 2;
    b -> out: dense(normal(0, 1) seed 3), pool = [1, 2], bias = 0.125;
    record a.spikes, a.v, b.spikes, b.v, out.spikes, out.v;
}
stimulus noise for cnn { duration = 60 ms; trials = 3; cam = poisson(20 Hz) seed 4; }
DYN
run() { "$DYN" run "$@" --semantics clocked --dt 1ms -q; }

expect 0 'check' "$DYN" check cnn.dyn
expect 0 'print' "$DYN" print cnn.dyn -o print.dyn
expect 0 'what is printed' "$DYN" print print.dyn -o again.dyn
same print.dyn again.dyn 'reads back to the same'
expect 0 'build' "$DYN" build cnn.dyn -q -o cnn.dynb
expect 0 'dump' "$DYN" dump cnn.dynb -o dump.dyn
same print.dyn dump.dyn 'an image is the same network'
expect 0 'dump as JSON' "$DYN" dump cnn.dynb --json
is_json "$tmp/out" 'which is JSON'
expect 0 'compared' "$DYN" diff cnn.dyn cnn.dynb
contains "$tmp/out" 'no weight differs' 'cam -> a.drive +[0-9]+ +0 +0 +0 +0'

expect 0 'interpreter' run cnn.dyn --backend interp -o interp.npz
expect 0 'default back end' run cnn.dyn -o jit.npz
same interp.npz jit.npz 'give the same bits'
expect 0 'one thread' run cnn.dyn --jobs 1 -o one.npz
same interp.npz one.npz 'as one thread does'
expect 0 'the image' run cnn.dynb --input cam=interp.npz:input.cam -o image.npz
same interp.npz image.npz 'as the image does'
expect 0 'what is printed' run print.dyn --input cam=interp.npz:input.cam -o printed.npz
same interp.npz printed.npz 'and what is printed'
expect 0 'summary' "$DYN" run cnn.dyn --semantics clocked --dt '1 ms'
contains "$tmp/out" 'something spikes' 'out: 5 neurons'

expect 1 'no time step' "$DYN" run cnn.dyn --semantics clocked
contains "$tmp/err" 'says what is missing' 'E0401.*no time step'
expect 2 'no such semantics' "$DYN" run cnn.dyn --semantics clock
expect 2 'a time step without unit' "$DYN" run cnn.dyn --semantics clocked --dt 1
sed 's/network cnn {/network cnn { dt = 1 ms;/' cnn.dyn >stepped.dyn
expect 0 'its own time step' "$DYN" run stepped.dyn --semantics clocked -q -o own.npz
same interp.npz own.npz 'is as good'
expect 2 'and another one' "$DYN" run stepped.dyn --semantics clocked --dt 2ms
contains "$tmp/err" 'is refused' 'a time step of its own, 1 ms'
expect 0 'semantics of an image' "$DYN" build cnn.dyn -q --semantics clocked --dt 1ms -o clocked.dynb
expect 0 'are kept' "$DYN" run clocked.dynb --input cam=interp.npz:input.cam -q -o kept.npz
same interp.npz kept.npz 'and run as told'

cat >circle.dyn <<'DYN'
use speck;
network circle {
    dt = 1 ms;
    input in[2];
    layer a[2]: iaf;
    layer b[2]: iaf;
    in -> a: one_to_one(1);
    a -> b: one_to_one(1);
    b -> a: one_to_one(-1);
}
stimulus some for circle { duration = 10 ms; in = regular(100 Hz); }
DYN
expect 1 'a circle has no order in a step' "$DYN" run circle.dyn --semantics clocked
contains "$tmp/err" 'says so' 'E0806.*feeds itself without delay'
expect 3 'maps are nothing for DYNAP-SE2' "$DYN" build cnn.dyn -q -t dynapse2
contains "$tmp/err" 'nor is a camera' 'E0602.*no sensor `dvs`'
contains "$tmp/err" 'nor a convolution' 'E0602.*no convolutions'
finish
