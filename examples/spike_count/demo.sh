#!/bin/sh
# The story of README.md, step by step. DYN names the program.
set -eu
cd "$(dirname "$0")"
DYN=${DYN:-dyn}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
say() { printf '\n== %s\n' "$*"; }

say '25001 events of a camera, simulated event by event'
"$DYN" run spike_count.dyn -o "$out/source.npz"

say 'Compiled for a Speck 2f: 8-bit weights, a core for the layer'
"$DYN" build spike_count.dyn -t speck2f -o "$out/spike_count.dynb"
"$DYN" fit "$out/spike_count.dynb"

say 'The same events on the virtual chip'
"$DYN" run "$out/spike_count.dynb" --input "dvs=$out/source.npz:input.dvs" -o "$out/chip.npz"
cmp "$out/source.npz" "$out/chip.npz" && echo 'every spike is the same'

say 'Spikes every 50 ms: the first and the last five intervals'
/usr/bin/python3 intervals.py "$out/chip.npz" out 50 >"$out/intervals"
sed -n '1,5p' "$out/intervals"
echo ...
tail -5 "$out/intervals"

say 'Original against image'
"$DYN" diff spike_count.dyn "$out/spike_count.dynb" --stimulus dot
