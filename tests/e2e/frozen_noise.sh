# The main job on the example: compile, run, map, dump, read back, compare.
. "$(dirname "$0")/lib.sh"
cd "$top/examples/frozen_noise" || exit 1
image=$tmp/frozen_noise.dynb

expect 0 'check' "$DYN" check frozen_noise.dyn
expect 0 'run, training patterns' "$DYN" run frozen_noise.dyn --stimulus train --json
tr -d ' \n' <"$tmp/out" >"$tmp/flat"
contains "$tmp/flat" 'counts with float weights are [34,4] and [2,32]' '"counts":\[\[\[34,4\],\[2,32\]\]\]'
expect 0 'interpreter' "$DYN" run frozen_noise.dyn --stimulus train --json --backend interp
tr -d ' \n' <"$tmp/out" >"$tmp/flat2"
same "$tmp/flat" "$tmp/flat2" 'interpreter and default back end agree'
expect 0 'summary for people' "$DYN" run frozen_noise.dyn --stimulus train
contains "$tmp/out" 'FRR in the table' '8\.50'
contains "$tmp/out" 'raster in the terminal' 'raster of trial 0'
expect 0 'unseen patterns' "$DYN" run frozen_noise.dyn --stimulus unseen
contains "$tmp/out" 'histogram of the FRR' 'FRR of 100 trials'
contains "$tmp/out" 'median FRR is 1.12' 'FRR .*median 1\.12'
expect 0 'twenty chips' "$DYN" run frozen_noise.dyn --stimulus train --mismatch 5% --chips 20 --satisfy 'frr>=5'
contains "$tmp/out" 'all twenty meet FRR >= 5' '20 of 20 chips'

expect 0 'build' "$DYN" build frozen_noise.dyn -t dynapse2 -o "$image"
expect 0 'dump' "$DYN" dump "$image" -o "$tmp/a.dyn"
expect 0 'build of the dump' "$DYN" build "$tmp/a.dyn" -t dynapse2 -o "$tmp/b.dynb"
expect 0 'dump again' "$DYN" dump "$tmp/b.dynb" -o "$tmp/b.dyn"
same "$tmp/a.dyn" "$tmp/b.dyn" 'dump, build, dump gives the same text'
"$DYN" dump "$image" --json >"$tmp/a.json" 2>/dev/null
"$DYN" dump "$tmp/b.dynb" --json >"$tmp/b.json" 2>/dev/null
same "$tmp/a.json" "$tmp/b.json" 'and the same configuration'
contains "$tmp/a.json" 'bias names in the JSON' 'SOIF_LEAK_N'

expect 0 'image runs' "$DYN" run "$image" --input noise=patterns.npz:train --json
cp "$tmp/out" "$tmp/image.json"
expect 0 'its quantized network runs' "$DYN" run "$tmp/a.dyn" --input noise=patterns.npz:train --json
same "$tmp/out" "$tmp/image.json" 'image and quantized network: the same counts'
expect 0 'diff within a tolerance' "$DYN" diff frozen_noise.dyn "$image" --stimulus train --tolerance param=0.2,weight=0.2,rate=0.5
contains "$tmp/out" 'names the first difference' 'first difference: readout\['
contains "$tmp/out" 'van Rossum distance' 'van Rossum'
expect 4 'diff beyond a tolerance' "$DYN" diff frozen_noise.dyn "$image" --tolerance 0.0001
expect 0 'diff with itself' "$DYN" diff "$image" "$image" --tolerance 0
expect 0 'fit' "$DYN" fit frozen_noise.dyn -t dynapse2
contains "$tmp/out" 'CAM in the table' 'CAM'
expect 0 'refined' "$DYN" build frozen_noise.dyn -t dynapse2 --refine -o "$tmp/r.dynb"
expect 5 'no device' "$DYN" run "$image" --device board0
finish
