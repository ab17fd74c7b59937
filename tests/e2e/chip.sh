# From a network to a chip and back, by the command line: factors of `gain = auto`, scales of weights
# that are no short decimals, tables of what doesn't fit, boards that aren't.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
stages=$top/tests/stages

# there_and_back SOURCE NAME: what an image is dumped as makes the same configuration again
there_and_back() {
    expect 0 "$2: build" "$DYN" build "$1" -t dynapse2 -q -o one.dynb
    expect 0 "$2: dump" "$DYN" dump one.dynb -o one.dyn
    expect 0 "$2: build from the dump" "$DYN" build one.dyn -t dynapse2 -q -o two.dynb
    expect 0 "$2: dump again" "$DYN" dump two.dynb -o two.dyn
    same one.dyn two.dyn "$2: same dump"
    expect 0 "$2: the same network" "$DYN" diff one.dynb two.dynb --tolerance 0 -q
}

there_and_back "$stages/gain.dyn" 'gain = auto'
expect 0 'a factor that is taken back is no difference' "$DYN" diff "$stages/gain.dyn" one.dynb
contains out 'it is told' 'out: .* taken back in its gain currents'
expect 0 'nor from the dump' "$DYN" diff "$stages/gain.dyn" one.dyn
expect 0 'as JSON' "$DYN" diff "$stages/gain.dyn" one.dynb --json
contains out 'with its factor' '^ *0\.0100951'
sed 's/: dpi;/: dpi { Iscale = 20 nA; }/' "$stages/gain.dyn" >other.dyn
expect 4 'one that is not is one' "$DYN" diff "$stages/gain.dyn" other.dyn
contains out 'as itself' 'out.Iscale differs by 50 %'
sed 's/: dpi;/: dpi { Iscale = 20 nA; r_gain_syn = 50; }/' "$stages/gain.dyn" >other.dyn
expect 4 'by hand: the ratio alone differs' "$DYN" diff "$stages/gain.dyn" other.dyn
contains out 'not the scale' 'r_gain_syn differs by 50 %'
grep -q 'Iscale differs' out
[ $? -eq 1 ]
report $? 'nor the gain'

# A weight is a current over the scale, which an image keeps as float32: any scale must come back.
for scale in '10 nA / 3' '1.2345678901234 nA' '9.99999993922529 nA' 'sqrt(2) * 10 nA'; do
    sed "s|: dpi;|: dpi { Iscale = $scale; }|; s|\[\[400\], \[-150\], \[75\]\]|[[3.7], [-1.9], [0.83]]|; /gain = auto/d" \
        "$stages/gain.dyn" >scale.dyn
    there_and_back scale.dyn "Iscale = $scale"
done

expect 3 'too many neurons' "$DYN" fit "$stages/too_many_neurons.dyn" -t dynapse2
contains out 'the table all the same' '^neurons .* 1025 +1024 .* too much'
contains err 'and the error' 'error\[E0601\]'
expect 3 'too many inputs' "$DYN" fit "$stages/too_many_inputs.dyn" -t dynapse2
contains out 'in the table' '^CAM entries of the fullest neuron +out.0. +65 +64 .* too much'

expect 0 'fit of a source' "$DYN" fit "$stages/pair.dyn" -t dynapse2 -q --svg pair.svg
cp "$tmp/out" source.fit
contains pair.svg 'a picture' '>pair on dynapse2<'
expect 0 'its image' "$DYN" build "$stages/pair.dyn" -t dynapse2 -q -o pair.dynb
expect 0 'fit of the image' "$DYN" fit pair.dynb --svg image.svg
sed 's/ *[0-9.]* %$//; s/ *-$//' source.fit >a
sed 's/ *[0-9.]* %$//; s/ *-$//' "$tmp/out" >b
same a b 'says the same, but for the error of weights'
expect 0 'fit as JSON' "$DYN" fit pair.dynb --json
is_json "$tmp/out" 'is JSON'
contains "$tmp/out" 'with cores' '"cam_fullest": [0-9]'
expect 3 'a picture of what does not fit' "$DYN" fit "$stages/too_many_inputs.dyn" -t dynapse2 --svg many.svg
contains many.svg 'tells it' 'CAM entries of the fullest neuron: 65 needed, 64 there'
expect 5 'a picture that cannot be written' "$DYN" fit pair.dynb --svg nowhere/x.svg

# Neurons of a group go to further cores where their sources have more tags than one core.
tags() { # CHANNELS NEURONS
    echo "use dynapse2; network a { dt = 1 ms; input x[$1]; layer l[$2]: dpi;
        x -> l: dense(i, j => if floor(i/64) == j then 1 else 0); }" >tags.dyn
}
tags 2049 33
expect 0 '2049 tags: two cores' "$DYN" build tags.dyn -t dynapse2 -v -o tags.dynb
contains err 'the first is full' 'place: chip 0 core 0: 32 neurons'
contains err 'the second takes the rest' 'place: chip 0 core 1: 1 neurons'
tags 2048 32
expect 0 '2048 tags: one core' "$DYN" build tags.dyn -t dynapse2 -v -o tags.dynb
contains err 'for all' 'place: chip 0 core 0: 32 neurons'
tags 8192 128
expect 0 '8192 tags: four cores' "$DYN" build tags.dyn -t dynapse2 -q -o tags.dynb
# One more channel than four cores have tags; no two channels feed the same neurons.
cat >tags.dyn <<'EOF'
use dynapse2;
network a { dt = 1 ms; input x[8193]; layer l[257]: dpi;
    x -> l: dense(i, j => if j == mod(i, 257) or j == mod(i + 1 + floor(i / 257), 257) then 1 else 0); }
board dynapse2 { grid = [1, 1]; }
EOF
expect 3 '8193 tags: too many' "$DYN" build tags.dyn -t dynapse2 -q -o tags.dynb
contains err 'it is told' 'E0601.*with 2048 tags each that takes 5 cores at least'

# --grid where the source doesn't say.
tags 8193 129
expect 0 'a board by option' "$DYN" print tags.dyn --after place --grid 3x2 -o placed.dyn -v
contains placed.dyn 'it is told' 'grid = \[3, 2\];'
contains err 'what passes took' '^place  *[0-9.]* *[0-9.]* *[0-9.]*$'
expect 2 'the source says otherwise' "$DYN" build placed.dyn -t dynapse2 --grid 2x3 -o tags.dynb
contains err 'both are told' 'E0903.*grid of 3 x 2 chips, not of 2 x 3'
expect 2 'no grid' "$DYN" build tags.dyn -t dynapse2 --grid 3 -o tags.dynb
contains err 'what one is' '`3` is no grid of chips'
expect 2 'simulations have none' "$DYN" build tags.dyn --grid 3x2 -o tags.dynb
contains err 'it is told' 'target `sim` has no grid'

# How far from the least possible the weights are.
cat >few.dyn <<'EOF'
use dynapse2;
network a { dt = 1 ms; input x[3]; layer l[2]: dpi;
    x -> l: dense([[-3.513949, 4.564334], [-2.717158, 5.904847], [5.068696, 4.819363]]); }
EOF
expect 0 'few weights' "$DYN" build few.dyn -t dynapse2 -v -o few.dynb
contains err 'a bound of 0 gives no ratio' 'root at most 0.0018 of the largest weight above the least'
cat >many.dyn <<'EOF'
use dynapse2;
network a { dt = 1 ms; input x[40]; layer l[8]: dpi; x -> l: dense(normal(0, 4)); }
EOF
expect 0 'many weights' "$DYN" build many.dyn -t dynapse2 -v -o many.dynb
contains err 'a ratio' 'at most [0-9.]+ % above the least possible'

board() { # BODY
    { sed '/^board/,$d' "$stages/gain.dyn"; echo "board dynapse2 { $1 }"; } >board.dyn
}
board 'chip 0 { core 4 { } }'
expect 1 'check: a core that no chip has' "$DYN" check board.dyn
contains err 'where it stands' 'board.dyn:[0-9]+:27: error\[E0406\]'
expect 0 'an image knows where it is from' "$DYN" build "$top/examples/frozen_noise/frozen_noise.dyn" -t dynapse2 -q -o "$tmp/from.dynb"
expect 0 'and dump -v tells' "$DYN" dump "$tmp/from.dynb" -v
contains "$tmp/err" 'compiler, source and options' 'made by dyn .* from .*frozen_noise\.dyn .*--target=dynapse2'
finish
