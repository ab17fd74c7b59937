# 25001 events in, 25001 spikes out: simulation, virtual chip, and each interval of 50 ms.
. "$(dirname "$0")/lib.sh"
cd "$top/examples/spike_count" || exit 1
expect 0 'event by event' "$DYN" run spike_count.dyn -o "$tmp/source.npz"
contains "$tmp/out" '12475 and 12526 spikes' ' 0 +12475 .* 12526 '
for chip in speck2e speck2f; do
    expect 0 "build for $chip" "$DYN" build spike_count.dyn -t $chip -q -o "$tmp/$chip.dynb"
    expect 0 'virtual chip' "$DYN" run "$tmp/$chip.dynb" --input dvs="$tmp/source.npz:input.dvs" -q -o "$tmp/chip.npz"
    [ ! -s "$tmp/err" ]
    report $? 'loses nothing'
    same "$tmp/source.npz" "$tmp/chip.npz" 'every spike is the same'
done
expect 0 'intervals' /usr/bin/python3 intervals.py "$tmp/chip.npz" out 50
[ "$(wc -l <"$tmp/out")" -eq 101 ] && head -1 "$tmp/out" | grep -q '^0 ms 225 0 all 225$' &&
    tail -1 "$tmp/out" | grep -q '^5000 ms 0 26 all 26$' && [ "$(grep -c 'all 250$' "$tmp/out")" -eq 99 ]
report $? 'as the vendor counts them: 225, 99 times 250, 26'
expect 0 'steps of an interval' "$DYN" run spike_count.dyn --semantics clocked --dt 50ms -q -o "$tmp/steps.npz"
expect 0 'count the same' /usr/bin/python3 -c "
import numpy, sys
c = numpy.load('$tmp/steps.npz')['out.spikes'].reshape(-1, 2).sum(1)
assert c.tolist() == [225] + 99 * [250] + [26], c"
expect 0 'diff' "$DYN" diff spike_count.dyn "$tmp/speck2e.dynb" --stimulus dot
contains "$tmp/out" "finds no difference" "every spike is the same"
expect 0 'demo' env DYN="$DYN" sh demo.sh
finish
