# The motifs of stdlib/: each does what its literature says (motifs.py has the numbers), in the
# simulation and, where it is made of the chip's neurons, on the virtual chip; the pictures in its
# documentation are those of the runs.
. "$(dirname "$0")/lib.sh"
pictures=$top/stdlib/pictures
cd "$tmp" || exit 1
shows() { # NAME RUN.npz WHERE
    /usr/bin/python3 "$top/tests/e2e/motifs.py" "$1" "$2" >"$tmp/measured" 2>&1
    status=$?
    report $status "$1 $3"
    [ $status -eq 0 ] || sed 's/^/# /' "$tmp/measured"
}
for source in "$pictures"/*.dyn; do
    motif=$(basename "$source" .dyn)
    expect 0 "$motif: check" "$DYN" check "$source"
    [ ! -s "$tmp/err" ]
    report $? "$motif: nothing that is hardly meant"
    expect 0 "$motif: run" "$DYN" run -q "$source" -o "$motif.npz"
    # shellcheck disable=SC2046
    expect 0 "$motif: plot" "$DYN" plot "$motif.npz" -o "$motif.svg" $(sed -n 's|^// plot: |--record |p' "$source")
    same "$motif.svg" "$pictures/$motif.svg" "$motif: the picture is the run's"
    expect 0 "$motif: print" "$DYN" print "$source" -o "$motif.dyn"
    expect 0 "$motif: print what was printed" "$DYN" print "$motif.dyn" -o "$motif.again.dyn"
    same "$motif.dyn" "$motif.again.dyn" "$motif: reads back as it prints"
done
for motif in winner_take_all ring_attractor synfire_chain balanced half_centers disinhibition delay_line dpi4; do
    shows $motif $motif.npz 'in the simulation'
done
# On the chip: the same stimulus, the configuration's own currents and weights.
for motif in winner_take_all ring_attractor synfire_chain half_centers disinhibition dpi4; do
    inputs=$(sed -n "s|^ *input \([a-z_]*\)\[.*|--input \1=$motif.npz:input.\1|p" "$pictures/$motif.dyn")
    expect 0 "$motif: build" "$DYN" build "$pictures/$motif.dyn" -t dynapse2 -o $motif.dynb
    # shellcheck disable=SC2086
    expect 0 "$motif: virtual chip" "$DYN" run -q $motif.dynb $inputs -o $motif.chip.npz
    shows $motif $motif.chip.npz 'on the virtual chip'
    expect 0 "$motif: quantized network" "$DYN" print "$pictures/$motif.dyn" -t dynapse2 --after bias -o $motif.bias.dyn
    # shellcheck disable=SC2086
    expect 0 "$motif: it runs" "$DYN" run -q $motif.bias.dyn $inputs -o $motif.bias.npz
    same $motif.bias.npz $motif.chip.npz "$motif: every bit of quantized network and chip"
    expect 0 "$motif: dump" "$DYN" dump $motif.dynb -o $motif.a.dyn
    expect 0 "$motif: build of the dump" "$DYN" build $motif.a.dyn -t dynapse2 -o $motif.b.dynb
    expect 0 "$motif: dump again" "$DYN" dump $motif.b.dynb -o $motif.b.dyn
    same $motif.a.dyn $motif.b.dyn "$motif: dump, build, dump"
done

# Adaptation hangs on its latch.
[ "$(grep -c '^ *latch so_adaptation;' dpi4.a.dyn)" -eq 1 ]
report $? 'the adapting neuron has the latch, and no other one'
sed '/^ *latch so_adaptation;$/d' dpi4.a.dyn >off.dyn
expect 0 'without it: build' "$DYN" build off.dyn -t dynapse2 -o off.dynb
contains err 'a warning says so' 'W0658.*Iw_ahp|Iw_ahp.*W0658|by hand'
contains err 'and what to do' 'latch so_adaptation'
expect 0 'run' "$DYN" run -q off.dynb --input excitation=dpi4.npz:input.excitation --input other=dpi4.npz:input.other -o off.npz
/usr/bin/python3 -c '
import numpy, sys
off, on = numpy.load("off.npz"), numpy.load("dpi4.chip.npz")
sys.exit(not off["tired.spikes"].sum() > 1.5 * on["tired.spikes"].sum())'
report $? 'it fires as often as one that never tires'

# With AMPA alone `dpi4` is `dpi`.
cat >same.dyn <<'DYN'
use dynapse2;
use dynapse2_dpi4;
network same {
    dt = 1 ms;
    input in[20];
    layer a[20]: dpi;
    layer b[20]: dpi4;
    in -> a: dense(uniform(0, 6) seed 1);
    in -> b: dense(uniform(0, 6) seed 1);
    a -> a: dense(uniform(0, 1) seed 2);
    b -> b: dense(uniform(0, 1) seed 2);
    record a.spikes, a.imem, b.spikes, b.imem;
}
stimulus noise for same { duration = 1 s; in = poisson(20 Hz); }
DYN
expect 0 'dpi and dpi4' "$DYN" run -q same.dyn -o same.npz
/usr/bin/python3 -c '
import numpy, sys
x = numpy.load("same.npz")
same = all((x["a." + v] == x["b." + v]).all() for v in ("spikes", "imem"))
sys.exit(not (same and x["a.spikes"].sum() > 1000))'
report $? 'the same membrane to the bit'

# Random numbers in a step don't depend on how a run is done.
cat >random.dyn <<'DYN'
use neurons;
network random {
    dt = 1 ms;
    layer p[37]: poisson { rate = 60 Hz; }
    layer q[5]: lif;
    p -> q: all_to_all(0.1);
    record p.spikes, q.v;
}
stimulus nothing for random { duration = 300 ms; trials = 9; }
DYN
expect 0 'random numbers' "$DYN" run -q random.dyn -o one.npz
for how in '--backend interp' '--jobs 1' '--jobs 3'; do
    # shellcheck disable=SC2086
    expect 0 "with $how" "$DYN" run -q random.dyn $how -o other.npz
    same one.npz other.npz "the same $how"
done
finish
