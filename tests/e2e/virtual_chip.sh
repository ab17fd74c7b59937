# Every network of the tests and examples that fits DYNAP-SE2: the quantized network, what its image
# decodes to and the virtual chip give the same spikes, and the virtual chip finds nothing odd.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1

# inputs SOURCE: --input options that give its inputs what the run in $tmp/source.npz had
inputs() {
    sed -n "s|^ *input \([a-z_]*\)[^=]*;.*|--input \1=$tmp/source.npz:input.\1|p" "$1"
}

ran=0
for source in tests/stages/*.dyn examples/*/*.dyn; do
    "$DYN" build "$source" -t dynapse2 -q -o "$tmp/image.dynb" 2>/dev/null || continue
    net=$(basename "$source" .dyn)
    with=$source
    if ! grep -q '^stimulus' "$source"; then # it gets one
        with=$tmp/with.dyn
        { cat "$source" && sed -n 's/^network \([a-z_]*\).*/stimulus drive for \1 { duration = 300 ms;/p' "$source" &&
            sed -n 's/^ *input \([a-z_]*\)[^=]*;.*/ \1 = poisson(150 Hz);/p' "$source" && echo '}'; } >"$with"
    fi
    stimulus=$(sed -n 's/^stimulus \([a-z_]*\).*/\1/p' "$with" | head -1)
    expect 0 "$net: as written" "$DYN" run "$with" --stimulus "$stimulus" --trials 2 -q -o "$tmp/source.npz"
    given=$(inputs "$source")
    # shellcheck disable=SC2086
    {
        "$DYN" print "$source" --after bias -t dynapse2 -o "$tmp/quantized.dyn" 2>/dev/null
        expect 0 "$net: quantized" "$DYN" run "$tmp/quantized.dyn" $given -q -o "$tmp/quantized.npz"
        "$DYN" dump "$tmp/image.dynb" -o "$tmp/decoded.dyn"
        expect 0 "$net: decoded" "$DYN" run "$tmp/decoded.dyn" $given -q -o "$tmp/decoded.npz"
        expect 0 "$net: virtual chip" "$DYN" run "$tmp/image.dynb" $given -o "$tmp/chip.npz"
    }
    if [ "$net" != lost ] && [ "$net" != partly ]; then # those send events to nobody
        [ ! -s "$tmp/err" ]
        report $? "$net: nothing odd"
        head -5 "$tmp/err" | sed 's/^/# /'
    fi
    contains "$tmp/out" "$net: it spikes" '^ +[0-9]+ [|] *[^ |]'
    same "$tmp/quantized.npz" "$tmp/decoded.npz" "$net: decoded as quantized"
    same "$tmp/quantized.npz" "$tmp/chip.npz" "$net: virtual chip as quantized"
    ran=$((ran + 1))
done
[ "$ran" -ge 7 ]
report $? 'networks that fit'

expect 0 'the virtual chip tells what it is' "$DYN" run "$tmp/image.dynb" $given -q -v
contains "$tmp/err" 'in a line' '^virtual chip: [0-9]+ synapses through [0-9]+ CAM entries; tags of several sources: 0$'

# Findings are warnings like others.
"$DYN" build tests/stages/lost.dyn -t dynapse2 -q -o "$tmp/lost.dynb"
"$DYN" run tests/stages/lost.dyn -q -o "$tmp/source.npz"
given=$(inputs tests/stages/lost.dyn)
# shellcheck disable=SC2086
{
    expect 0 'switched off' "$DYN" run "$tmp/lost.dynb" $given -q -W no-event-lost -W no-W0756
    grep -qE 'W0751|W0756' "$tmp/err"
    [ $? -eq 1 ]
    report $? 'they are not told'
    contains "$tmp/err" 'others are' 'W0752'
    expect 1 'made errors' "$DYN" run "$tmp/lost.dynb" $given -q -E event-lost -o "$tmp/all_the_same.npz"
    contains "$tmp/err" 'they are told as such' '^error\[W0751\]|error\[.*lead off the board'
    expect 0 'on four chips, three trials' "$DYN" run "$tmp/lost.dynb" $given -q --chips 4 --trials 3
    contains "$tmp/err" 'all of their events' 'hops \[0, 5\].*: 120 events'
}
[ -s "$tmp/all_the_same.npz" ]
report $? 'the run is done'
finish
