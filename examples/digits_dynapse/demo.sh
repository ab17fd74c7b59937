#!/bin/sh
# The story of README.md, step by step. DYN names the program.
set -eu
cd "$(dirname "$0")"
DYN=${DYN:-dyn}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
say() { printf '\n== %s\n' "$*"; }

say '200 test images, weights as trained'
"$DYN" run digits.dyn --labels test.npz:label

say 'Compiled for DYNAP-SE2, three cores'
"$DYN" build digits.dyn -t dynapse2 -o "$out/digits.dynb"
"$DYN" fit "$out/digits.dynb"

say 'The same images on the virtual chip'
"$DYN" run "$out/digits.dynb" --input pixel=test.npz:raster --labels test.npz:label

say 'Original against image'
"$DYN" diff digits.dyn "$out/digits.dynb" --stimulus test || [ $? = 4 ]
