# Profiles of chips: checked, told about, and what they measured in every way to run a network.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1

# ---- dyn profile check ----
profile='{"format": "dyn-chip-profile", "version": 1, "target": "dynapse2", "chip": "0042", "note": "300 K"'
cat >good.json <<E
$profile,
 "dead_neurons": [[0, 0], [2, [250, 255]]],
 "bad_cam": [[0, 1, [0, 3]], [0, 2, 7], [1, [0, 255], 63]],
 "factor": {"bias": {"SOIF_LEAK_N": [[0, 1, [1.25, null, 0.75]]], "SYAM_W0_P": [[0, 1, 1.5]]},
            "layout": {"C_mem": [[[0, 3], [0, 255], 1.125]]}}}
E
expect 0 'a profile' "$DYN" profile check good.json
contains out 'its chip' 'DYNAP-SE2, chip 0042: 300 K'
contains out 'what a core lost' '^ +0 +1 +255 +5  4 of 64 \(neuron 1\)$'
contains out 'all of it' '^ all +7 +1017 +261$'
contains out 'what was measured' '^SOIF_LEAK_N +2 +0.75 +1 +1.25$'
expect 0 'as JSON' "$DYN" profile check good.json --json
python3 - out <<'E'
import json, sys
p = json.load(open(sys.argv[1]))
assert p["target"] == "dynapse2" and p["chip"] == "0042" and p["note"] == "300 K"
assert [c["dead_neurons"] for c in p["cores"]] == [1, 0, 6, 0]
assert [c["usable_neurons"] for c in p["cores"]] == [255, 256, 250, 256]
assert [c["bad_cam"] for c in p["cores"]] == [5, 256, 0, 0]
assert p["cores"][0]["worst"] == {"neuron": 1, "bad_cam": 4} and p["cores"][2]["worst"] is None
assert p["measured"][0] == {"name": "SOIF_LEAK_N", "kind": "bias", "neurons": 2, "min": 0.75, "mean": 1, "max": 1.25}
assert p["measured"][2]["kind"] == "layout" and p["measured"][2]["neurons"] == 1024
E
report $? 'and json reads it'
expect 0 'quiet' "$DYN" profile check -q good.json
[ ! -s out ]
report $? 'says nothing'
echo "$profile, \"dead_neuron\": []}" >bad.json
expect 1 'a key that no profile has' "$DYN" profile check bad.json
contains err 'where, and what was meant' 'bad.json:1:101: error\[E0504\]'
contains err 'a hint' 'did you mean `dead_neurons`'
expect 1 'messages as JSON' "$DYN" profile check bad.json --json
contains err 'with the place' '"code":"E0504".*"column":101'
expect 5 'no file' "$DYN" profile check none.json
expect 2 'no such word' "$DYN" profile chekc good.json
expect 2 'no file named' "$DYN" profile check
expect 0 'help' "$DYN" profile --help

# ---- running ----
cat >net.dyn <<'E'
use dynapse2;
network pair {
    dt = 1 ms;
    input noise[4];
    layer exc[4]: dpi { tau_mem = 30 ms; }
    layer out[2]: dpi;
    noise -> exc: dense(uniform(1, 12) seed 1);
    exc -> out: all_to_all(6);
    out -> exc: all_to_all(-1);
    record exc.spikes, out.spikes, exc.vmem;
    MISMATCH
}
stimulus s for pair { duration = 300 ms; noise = poisson(150 Hz) seed 5; }
E
write_net() { # NAME MISMATCH BOARD
    sed "s/MISMATCH/$2/" net.dyn >"$1.dyn"
    [ -z "$3" ] || echo "board dynapse2 { $3 }" >>"$1.dyn"
}
simulate() { # NAME FILE OUT [OPTION]...
    name=$1 file=$2 to=$3
    shift 3
    expect 0 "$name" "$DYN" run "$file" --input noise="$tmp/in.npz:input.noise" "$@" -q -o "$to"
}
# ways NAME: the quantized source, the image, and what its dump compiles to give the same bits
ways() {
    expect 0 "$1: build" "$DYN" build "$1.dyn" -t dynapse2 -q -o "$1.dynb"
    expect 0 "$1: print" "$DYN" print "$1.dyn" -t dynapse2 --after bias -o "$1.quantized.dyn"
    expect 0 "$1: dump" "$DYN" dump "$1.dynb" -o "$1.dump.dyn"
    expect 0 "$1: build the dump" "$DYN" build "$1.dump.dyn" -t dynapse2 -q -o "$1.again.dynb"
    expect 0 "$1: build for the simulator" "$DYN" build "$1.quantized.dyn" -q -o "$1.sim.dynb"
    "$DYN" dump "$1.again.dynb" -o "$1.twice.dyn"
    same "$1.dump.dyn" "$1.twice.dyn" "$1: a dump compiles to the same image"
    simulate "$1: the image" "$1.dynb" "$1.npz"
    for way in quantized.dyn dump.dyn again.dynb sim.dynb; do
        simulate "$1: $way" "$1.$way" way.npz
        same "$1.npz" way.npz "$1: image and $way, bit for bit"
    done
    simulate "$1: interpreter" "$1.quantized.dyn" way.npz --backend interp
    same "$1.npz" way.npz "$1: the same from the interpreter"
}
write_net plain '' ''
write_net measured '' 'profile = "good.json";'
write_net drawn 'mismatch 20 % seed 3;' ''
write_net both 'mismatch 20 % seed 3;' 'profile = "good.json";'
expect 0 'what comes in' "$DYN" run plain.dyn -q -o in.npz
for net in plain measured drawn both; do ways $net; done
for pair in 'plain measured' 'drawn both' 'measured both'; do
    ! cmp -s "${pair% *}.npz" "${pair#* }.npz"
    report $? "$pair differ"
done
contains measured.dump.dyn 'the dump has what was measured' 'factor C_mem = 1.125;'
contains measured.quantized.dyn 'the quantized one has the line' 'profile = "good.json";'
expect 0 'within a tolerance' "$DYN" diff --tolerance param=0.3,rate=9 plain.dynb measured.dynb
contains out 'diff tells' 'exc\[0\].C_mem \(measured\) +1 -> 1.125'

# ---- what comes to nothing is told ----
expect 0 'a source that isn'\''t placed' "$DYN" run measured.dyn -q -o unplaced.npz
contains err 'which neurons run as nominal' 'W0657.*6 of 6 neurons have no place'
contains err 'what no neuron has' 'W0656.*`SYAM_W0_P`'
expect 0 'without a profile' "$DYN" run plain.dyn -q -o nominal.npz
same unplaced.npz nominal.npz 'is the same'
expect 1 'or is an error' "$DYN" run -E unplaced measured.dyn -q
finish
