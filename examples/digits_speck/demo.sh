#!/bin/sh
# The story of README.md, step by step. DYN names the program.
set -eu
cd "$(dirname "$0")"
DYN=${DYN:-dyn}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
say() { printf '\n== %s\n' "$*"; }

say '200 test digits as they were trained: float weights, steps of 1 ms'
"$DYN" run digits.dyn --semantics clocked --dt 1ms --labels test.npz:label

say 'The same with the weights of the chip'
"$DYN" run digits.dyn -t speck2e --semantics clocked --dt 1ms --labels test.npz:label |
    grep decides

say 'Compiled for a Speck 2e'
"$DYN" build digits.dyn -t speck2e -o "$out/digits.dynb" -v
"$DYN" fit "$out/digits.dynb"

say 'The virtual chip, event by event'
"$DYN" run "$out/digits.dynb" --input pixel=test.npz:events --labels test.npz:label

say 'What time steps hide: both semantics of the same network'
"$DYN" diff digits.dyn digits.dyn --semantics event,clocked --dt 1ms --stimulus test || [ $? = 4 ]

say 'Original against image'
"$DYN" diff digits.dyn "$out/digits.dynb" --stimulus test || [ $? = 4 ]
