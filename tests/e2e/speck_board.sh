# From a network to a Speck: the vendor's library through a program in Python, against a stand-in for
# it (tests/standin), and the bytes that the chip boots from.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
PATH=/usr/bin:$PATH # the system's Python has numpy (tests/deps.sh)
export PYTHONPATH="$top/tests/standin" PYTHONDONTWRITEBYTECODE=1
cat >net.dyn <<'DYN'
use speck;
network net {
    input cam[2, 128, 128] from dvs { pool = 4; swap = true; merge = true; }
    input aux[1, 32, 32];
    input flat[3];
    layer a: iaf { threshold = 2; }
    layer b[5]: iaf { reset_to_zero = true; }
    cam -> a: conv2d([o: 4, c: 1, y: 3, x: 3 => normal(0, 1) seed 1], padding = 1), bias = [0.5, -0.25, 0, 1];
    aux -> a: conv2d([o: 4, c: 1, y: 3, x: 3 => normal(0, 1) seed 2], padding = 1);
    a -> b: dense(normal(0, 1) seed 3), average_pool = 4;
    layer c[2]: iaf;
    flat -> c: dense([[1, 0], [0, 1], [1, 1]]);
    record a.spikes, b.spikes, c.spikes;
}
stimulus noise for net {
    duration = 20 ms;
    trials = 2;
    cam = poisson(20 Hz) seed 4;
    aux = poisson(20 Hz) seed 5;
    flat = regular(200 Hz);
}
DYN
for chip in speck2e speck2f; do
    expect 0 "$chip: build" "$DYN" build net.dyn -t $chip -q -o net.dynb
    expect 0 'dump' "$DYN" dump net.dynb --json -o dump.json
    expect 0 'a program and a stimulus' "$DYN" export net.dyn -t $chip --samna net.py --stimulus noise
    contains "$tmp/err" 'both are told' '^net.stimulus.npz: the stimulus'
    expect 0 'the same from the image' "$DYN" export net.dynb --samna image.py -q
    sed 's/^STIMULUS = .*/STIMULUS = None  # a file beside this program/; s/"net\.dynb"/"net.dyn"/' net.py >expected.py
    same image.py expected.py 'only the stimulus differs'
    expect 0 'the library finds it valid' python3 net.py --check
    contains "$tmp/out" 'all of it' '^3 cores'
    expect 0 'and has what the image has' python3 "$top/tests/standin/check_speck.py" build net.py dump.json
    expect 0 'it plays its stimulus' python3 net.py -o answer.npz
    contains "$tmp/out" 'and counts' '^a: [1-9][0-9]* spikes'
    expect 0 'inputs are recorded by a run' "$DYN" run net.dyn --stimulus noise -q -o run.npz
    cat >inputs.py <<'PY'
import numpy
run, board, answer = (numpy.load(f) for f in ("run.npz", "net.stimulus.npz", "answer.npz"))
for name in ("input.cam", "input.aux", "input.flat"):
    assert len(run[name]) > 10 and (run[name] == board[name]).all() and (run[name] == answer[name]).all()
PY
    expect 0 'as the program plays them' python3 inputs.py
done
expect 2 'a configuration as a file' "$DYN" export net.dyn -t speck2e --config net.json
contains "$tmp/err" 'is what this library has not' 'no file that the library reads'

# ---- flash ----
expect 0 'the bytes of a flash' "$DYN" build net.dyn -t speck2e --flash net.bin -o net.dynb
contains "$tmp/err" 'where their layout is from' '^net.bin: 362496 bytes, .*manual, not verified on silicon'
expect 0 'the same from the image' "$DYN" export net.dynb --flash image.bin -q
same net.bin image.bin 'same bytes'
expect 0 'read back' "$DYN" dump net.bin -t speck2e -o flash.json
expect 0 'and the image' "$DYN" dump net.dynb --json -o dump.json
cat >compare.py <<'PY'
import json
flash, image = (json.load(open(f)) for f in ("flash.json", "dump.json"))
for part in ("target", "dvs", "dvs_filter", "readout", "factory_config"):
    assert flash[part] == image[part], part
assert [c["config"] for c in flash["cores"]] == [c["config"] for c in image["cores"]]
assert len(flash["cores"]) == 3
PY
expect 0 'the same configuration' python3 compare.py
head -c 1000 net.bin >cut.bin
expect 1 'a part of one' "$DYN" dump cut.bin -t speck2e
contains "$tmp/err" 'is no flash' 'E0701.*cut.bin: the flash has 1000 bytes, not 362496'
tr '\000' '\377' <net.bin >other.bin
expect 1 'other bytes' "$DYN" dump other.bin -t speck2e
contains "$tmp/err" 'mean nothing' 'E0701.*other.bin'
expect 2 'a chip that boots from none' "$DYN" build net.dyn -t speck2f --flash no.bin
contains "$tmp/err" 'is told' 'boots from no flash'
[ ! -e no.bin ]
report $? 'nothing is written'
expect 2 'and none to read' "$DYN" dump net.bin -t speck2f
for only in 'on = false' 'off = false' 'on = false; merge = true'; do
    cat >only.dyn <<DYN
use speck;
network only {
    input cam[2, 16, 16] from dvs { $only; }
    layer a: iaf { threshold = 2; }
    cam -> a: conv2d([o: 1, c: 1, y: 2, x: 2 => 1], stride = 2);
    record a.spikes;
}
DYN
    expect 0 "one polarity: $only" "$DYN" build only.dyn -t speck2e --flash only.bin -o only.dynb
    expect 0 'read back' "$DYN" dump only.bin -t speck2e -o flash.json
    expect 0 'and the image' "$DYN" dump only.dynb --json -o dump.json
    expect 0 'the same sensor' python3 -c '
import json
flash, image = (json.load(open(f))["dvs"] for f in ("flash.json", "dump.json"))
assert flash == image and not flash["merge"] and flash["on_channel"] != flash["off_channel"]'
    printf '%s\n' '1,2,3,0' '2,2,3,1' '3,2,3,0' '4,2,3,1' >only.csv
    expect 0 'its virtual chip' "$DYN" run only.dynb --input cam=only.csv -q -o chip.npz
    expect 0 'and the network' "$DYN" run only.dyn --input cam=only.csv -q -o run.npz
    expect 0 'the same one spike' python3 -c '
import numpy
chip, run = (numpy.load(f)["a.events"] for f in ("chip.npz", "run.npz"))
assert (chip == run).all() and len(run) == 1'
done
finish
