#!/bin/sh
# The story of README.md, step by step. DYN names the program.
set -eu
cd "$(dirname "$0")"
DYN=${DYN:-dyn}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
say() { printf '\n== %s\n' "$*"; }

say 'The two training patterns, simulated with the weights as trained'
"$DYN" run frozen_noise.dyn --stimulus train

say 'Compiled for DYNAP-SE2: placed, 4-bit weights, coarse/fine bias currents'
"$DYN" build frozen_noise.dyn -t dynapse2 -o "$out/frozen_noise.dynb" -v
"$DYN" fit "$out/frozen_noise.dynb"

say 'The same patterns on what the image says'
"$DYN" run "$out/frozen_noise.dynb" --input noise=patterns.npz:train

say 'A hundred patterns that it never saw: both neurons should answer alike (FRR near 1)'
"$DYN" run frozen_noise.dyn --stimulus unseen

say 'Twenty chips with 5 % mismatch: FRR of at least 5 for both patterns'
"$DYN" run frozen_noise.dyn --stimulus train --mismatch 5% --chips 20 --satisfy 'frr>=5'

say 'Original against image: parameters, weights, behaviour'
"$DYN" diff frozen_noise.dyn "$out/frozen_noise.dynb" --stimulus train || [ $? = 4 ]
