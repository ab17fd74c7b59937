# A network of more than one chip: original, quantized network and virtual chips side by side.
. "$(dirname "$0")/lib.sh"
cd "$top/examples/synfire_chain" || exit 1
image=$tmp/chain.dynb

expect 0 'simulator' "$DYN" run synfire_chain.dyn -o "$tmp/sim.npz" --json
cp "$tmp/out" "$tmp/sim.json"
tr -d ' \n' <"$tmp/out" | sed 's/.*"counts":\[\[\[//; s/\].*//' | tr ',' '\n' >"$tmp/counts"
[ "$(wc -l <"$tmp/counts")" -eq 1199 ] && ! grep -qv '^[23]$' "$tmp/counts"
report $? 'every neuron of the chain fires once a volley, but for the last volley'
expect 0 'build' "$DYN" build synfire_chain.dyn -t dynapse2 -o "$image" -v
contains "$tmp/err" 'on a second chip' 'chip 1 core [0-3]: [0-9]+ neurons'
expect 0 'no more cores than needed' "$DYN" fit "$image"
contains "$tmp/out" 'five' '^cores +5 '
expect 0 'virtual chips' "$DYN" run "$image" --input start="$tmp/sim.npz:input.start" -o "$tmp/chip.npz" --json
same "$tmp/out" "$tmp/sim.json" 'the same counts as in the simulator'
expect 0 'quantized network' "$DYN" print synfire_chain.dyn -t dynapse2 --after bias -o "$tmp/quantized.dyn"
expect 0 'it runs' "$DYN" run "$tmp/quantized.dyn" --input start="$tmp/sim.npz:input.start" -o "$tmp/quantized.npz" -q
same "$tmp/quantized.npz" "$tmp/chip.npz" 'quantized network and virtual chips: every spike'
expect 0 'diff' "$DYN" diff synfire_chain.dyn "$image" --stimulus volleys
expect 0 'dump' "$DYN" dump "$image" -o "$tmp/a.dyn"
expect 0 'build of the dump' "$DYN" build "$tmp/a.dyn" -t dynapse2 -o "$tmp/b.dynb"
expect 0 'dump again' "$DYN" dump "$tmp/b.dynb" -o "$tmp/b.dyn"
same "$tmp/a.dyn" "$tmp/b.dyn" 'dump, build, dump gives the same text'
finish
