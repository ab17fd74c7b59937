#!/bin/sh
# The story of README.md, step by step. DYN names the program.
set -eu
cd "$(dirname "$0")"
DYN=${DYN:-dyn}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
say() { printf '\n== %s\n' "$*"; }

say 'Three volleys in the simulator'
"$DYN" run synfire_chain.dyn -o "$out/sim.npz"

say 'Compiled for DYNAP-SE2: five cores of two chips'
"$DYN" build synfire_chain.dyn -t dynapse2 -o "$out/chain.dynb"
"$DYN" fit "$out/chain.dynb"

say 'The same volleys on the virtual chips'
"$DYN" run "$out/chain.dynb" --input start="$out/sim.npz:input.start"

say 'Original against image'
"$DYN" diff synfire_chain.dyn "$out/chain.dynb" --stimulus volleys -q && echo 'no difference'
