# Digits on a Speck: float weights, the chip's integers and the virtual chip against the peers.
. "$(dirname "$0")/lib.sh"
cd "$top/examples/digits_speck" || exit 1
image=$tmp/digits.dynb
labels='--labels test.npz:label'
steps='--semantics clocked --dt 1ms'
counts() { # NAME FILE MEMBER: output counts of each sample, from recorded events or steps
    expect 0 "$1" /usr/bin/python3 -c "
import numpy
z, want = numpy.load('$2'), numpy.load('counts.npz')['$3']
if 'digit.events' in z.files:
    e, got = z['digit.events'], numpy.zeros(want.shape, int)
    numpy.add.at(got, (e['trial'], e['channel']), 1)
else:
    got = z['digit.spikes'].reshape(200, -1, 10).sum(1)
assert (got == want).all(), (got - want).nonzero()"
}

expect 0 'float weights in steps' "$DYN" run digits.dyn $steps $labels -o "$tmp/float.npz"
contains "$tmp/out" '97.5 % right' 'accuracy 97\.50 % \(195 of 200\)'
counts 'all counts are the peers'"'" "$tmp/float.npz" float
expect 0 'integers in steps' "$DYN" run digits.dyn -t speck2e $steps $labels -o "$tmp/discretized.npz"
contains "$tmp/out" '97.5 % right' 'accuracy 97\.50 % \(195 of 200\)'
counts 'all counts are the peers'"'" "$tmp/discretized.npz" discretized
expect 0 'float weights event by event' "$DYN" run digits.dyn $labels
contains "$tmp/out" '98 % right' 'accuracy 98\.00 % \(196 of 200\)'

expect 0 'build' "$DYN" build digits.dyn -t speck2e -q -o "$image"
expect 0 'virtual chip' "$DYN" run "$image" --input pixel=test.npz:events $labels -o "$tmp/chip.npz"
contains "$tmp/out" '98 % right' 'accuracy 98\.00 % \(196 of 200\)'
counts 'all counts are the peers'"'" "$tmp/chip.npz" chip
expect 0 'the network of the passes' "$DYN" run digits.dyn -t speck2e -q -o "$tmp/engine.npz"
same "$tmp/engine.npz" "$tmp/chip.npz" 'does what the virtual chip does, event by event'

expect 0 'diff of source and image' "$DYN" diff digits.dyn "$image" --stimulus test
contains "$tmp/out" 'undoes the scales' 'edges: in the chip.s units, 192\.731 times as large in B'
contains "$tmp/out" 'which leaves rounding' 'edges.threshold +1 -> 1\.001 '
contains "$tmp/out" 'and names the first spike' 'first difference: spike 0 of trial 0: digit\[0\] at [0-9]+ us in A, digit\[0\] at [0-9]+ us in B'
expect 0 'as JSON' "$DYN" diff "$image" digits.dyn --input pixel=test.npz:events --json
is_json "$tmp/out" 'which is JSON'
expect 0 'diff of both semantics' "$DYN" diff digits.dyn digits.dyn --semantics event,clocked --dt 1ms --stimulus test
contains "$tmp/out" 'has a distance' 'van Rossum distance \(20 ms\): mean 0\.40'
finish
