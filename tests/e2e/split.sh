# --split: networks with too many sources or targets for a neuron of the chip, compiled with helper
# neurons, run on the virtual chip and compared with the originals.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1

# Three neurons with 200 sources of many weights each, 50 of them inhibitory. Each source is heard by a
# neuron of its own too, so that no two can share a CAM entry.
cat >wide.dyn <<'END'
use dynapse2;

network wide {
    dt = 1 ms;
    input in[200];
    layer cell[3]: dpi { t_ref = 0.5 ms; }
    layer apart[200]: dpi;
    in -> cell: dense(i, j => if mod(i, 4) == 3 then -2 - mod(7 * i + j, 10) / 10
                              else 2 + mod(3 * i + j, 20) / 10);
    in -> apart: one_to_one(1);
    output cell;
}

stimulus noise for wide {
    duration = 4 s;
    in = poisson(8 Hz);
}
END
expect 3 'too many sources' "$DYN" build wide.dyn -t dynapse2 -o wide.dynb
contains err 'what, and how many' '`cell\[0\]` has 200 incoming connections after merging, a neuron has 64 CAM entries \(and 2 more'
contains err 'and the way out' 'drop 136, or split the neuron: `--split`'
contains err 'and where from' '200 of them from `in`'
expect 0 'with helpers' "$DYN" build wide.dyn -t dynapse2 --split -o wide.dynb
contains err 'how many' 'helper neurons `split.cell`'
contains err 'what it costs' 'changes weights by up to .* arrive 1 step \(1 ms\) later'
expect 0 'as JSON' "$DYN" build wide.dyn -t dynapse2 --split --json -q -o wide.dynb
is_json out 'one value'
contains out 'of sources' '"why": "fan-in"'
expect 0 'fit' "$DYN" fit wide.dyn -t dynapse2 --split
expect 0 'the same but for helpers, rates within 15 %' "$DYN" diff wide.dyn wide.dynb --stimulus noise --tolerance rate=0.15
contains out 'helpers are told' 'helper neurons `split.cell` of `cell` are only in B'
contains out 'no synapse is missing' 'in -> cell.drive +600 +0 +0'
expect 0 'the other way round' "$DYN" diff wide.dynb wide.dyn -q
expect 0 'dump' "$DYN" dump wide.dynb -o wide2.dyn
expect 0 'which fits by itself' "$DYN" build wide2.dyn -t dynapse2 -q -o wide2.dynb
expect 0 'and is the same' "$DYN" diff wide.dynb wide2.dynb --tolerance 0 -q
expect 0 'where nothing needs help' "$DYN" build wide2.dyn -t dynapse2 --split -o wide3.dynb
grep -q split: err
[ $? -eq 1 ]
report $? 'nothing is told'
sed '$a board dynapse2 { gain = auto; }' wide.dyn >gain.dyn
expect 0 'with gain = auto' "$DYN" build gain.dyn -t dynapse2 --split -q -o gain.dynb
expect 0 'the same behaviour' "$DYN" diff gain.dyn gain.dynb --stimulus noise --tolerance rate=0.15

# Eight neurons that six chips hear.
cat >hub.dyn <<'END'
use dynapse2;

network star {
    dt = 1 ms;
    input in[16];
    layer hub[8]: dpi { t_ref = 0.5 ms; }
    layer leaf[60]: dpi { t_ref = 0.5 ms; }
    in -> hub: all_to_all(3);
    hub -> leaf: dense(i, j => 2 + mod(i + j, 5));
    output leaf;
}

stimulus noise for star {
    duration = 2 s;
    in = poisson(30 Hz);
}

board dynapse2 {
    grid = [3, 2];
    place hub on chip 0 core 0;
    place leaf[0:10] on chip 0 core 1;
    place leaf[10:20] on chip 1 core 0;
    place leaf[20:30] on chip 2 core 0;
    place leaf[30:40] on chip 3 core 0;
    place leaf[40:50] on chip 4 core 0;
    place leaf[50:60] on chip 5 core 0;
}
END
expect 3 'too many chips' "$DYN" build hub.dyn -t dynapse2 -o hub.dynb
contains err 'the chips' 'heard on 6 chips \(0, 1, 2, 3, 4, 5\)'
contains err 'and the way out' 'drop 2 chips, or add helper neurons: `--split`'
expect 0 'with helpers' "$DYN" build hub.dyn -t dynapse2 --split -o hub.dynb
contains err 'how many' '160 synapses go through 8 helper neurons `relay.hub`; events arrive there 1 step \(1 ms\) later'
expect 0 'the same but for helpers, rates within 15 %' "$DYN" diff hub.dyn hub.dynb --stimulus noise --tolerance rate=0.15
contains out 'no synapse is missing' 'hub -> leaf.drive +480 +0 +0'
expect 0 'run on the virtual chip' "$DYN" run hub.dyn --stimulus noise -q -o hub.npz
expect 0 'without a warning' "$DYN" run hub.dynb --input in=hub.npz:input.in
grep -q W07 err
[ $? -eq 1 ]
report $? 'nothing is lost'
finish
