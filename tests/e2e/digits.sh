# Digits on three cores: float weights, quantized network and virtual chip side by side.
. "$(dirname "$0")/lib.sh"
cd "$top/examples/digits_dynapse" || exit 1
image=$tmp/digits.dynb
labels='--labels test.npz:label'

expect 0 'float weights' "$DYN" run digits.dyn $labels
contains "$tmp/out" '94 % right' 'accuracy 94\.00 % \(188 of 200\), 13 ties, 0 silent'
contains "$tmp/out" 'a matrix of decisions' 'rows: label, columns: decision'
expect 0 'as JSON' "$DYN" run digits.dyn $labels --json
contains "$tmp/out" 'accuracy in it' '"accuracy": *\['

expect 0 'build on three cores' "$DYN" build digits.dyn -t dynapse2 -o "$image" -v
contains "$tmp/err" 'the outputs have a core of their own' 'chip 0 core 2: 10 neurons'
expect 0 'virtual chip' "$DYN" run "$image" --input pixel=test.npz:raster $labels --json
tr -d ' \n' <"$tmp/out" >"$tmp/chip"
contains "$tmp/chip" 'at least 92 % right' '"accuracy":\[0\.9[2-9]'
expect 0 'quantized network' "$DYN" print digits.dyn -t dynapse2 --after bias -o "$tmp/quantized.dyn"
expect 0 'it runs' "$DYN" run "$tmp/quantized.dyn" --input pixel=test.npz:raster $labels --json
tr -d ' \n' <"$tmp/out" >"$tmp/quantized"
same "$tmp/quantized" "$tmp/chip" 'quantized network and virtual chip decide alike'

sed '/^board/,$d' digits.dyn >"$tmp/free.dyn"
cp w_in.npy w_out.npy test.npz "$tmp"
expect 0 'the mapper by itself' "$DYN" build "$tmp/free.dyn" -t dynapse2 -o "$tmp/free.dynb" --json
expect 0 'fits' "$DYN" fit "$tmp/free.dyn" -t dynapse2
contains "$tmp/out" 'on three cores or fewer' '^cores +[1-3] '
expect 0 'and runs' "$DYN" run "$tmp/free.dynb" --input pixel=test.npz:raster $labels
contains "$tmp/out" 'at least 91 % right' 'accuracy 9[1-9]'

expect 1 'labels that are none' "$DYN" run digits.dyn --labels test.npz:pixels
contains "$tmp/err" 'says so' 'E0808'
expect 5 'labels of no file' "$DYN" run digits.dyn --labels none.npy
finish
