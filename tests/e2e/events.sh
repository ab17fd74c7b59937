#!/bin/sh
# Event-driven runs as a user makes them: stimuli, event files, what is recorded, back into a run.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
python() { /usr/bin/python3 -c "import numpy as np
$1"; }
cat >count.dyn <<'DYN'
use speck;
network count {
    input dvs[1, 16, 16];
    layer out[2, 1, 1]: iaf { threshold = 1; }
    dvs -> out: conv2d([o: 2, c: 1, y: 16, x: 16 => if (y < 8) == (o == 0) then 1 else 0]);
    record out.spikes, out.v;
}
stimulus noise for count { duration = 2 s; trials = 5; dvs = poisson(500 Hz) seed 3; }
stimulus some for count { duration = 1 ms; dvs = events(load("some.csv")); }
DYN
printf 't,x,y,p\n900,3,12,0\n0,1,1,0\n100,3,4,0\n' >some.csv
expect 0 'an event file in a source' "$DYN" run count.dyn --stimulus some -o some.npz
contains "$tmp/out" 'each event makes a neuron fire' '0 +2 +2000.0 Hz +1 +1000.0 Hz'
contains "$tmp/out" 'and the summary says how it ran' '1 trial of 1 ms, event by event'
expect 0 'what was recorded' python "
z = np.load('some.npz')
assert sorted(z.files) == ['input.dvs', 'out.events', 'out.v'], z.files
assert z['out.events'].tolist() == [(0, 0, 0, 0, 0), (0, 100, 0, 0, 0), (0, 900, 1, 0, 0)]
assert z['input.dvs'].tolist() == [(0, 0, 0, 1, 1), (0, 100, 0, 4, 3), (0, 900, 0, 12, 3)]
assert z['out.v'].shape == (1, 2, 1, 1) and not z['out.v'].any()"
expect 0 'the vendor'"'"'s records, and a structured array' python "
np.array([[1, 1, 0, 0], [3, 4, 0, 100], [3, 12, 0, 900]], '<u4').tofile('some.bin')
np.save('some.npy', np.array([(900, 12, 3), (0, 1, 1), (100, 4, 3)], [('t', '<u8'), ('y', 'u1'), ('x', 'u1')]))"
for kind in bin npy; do
    expect 0 ".$kind" "$DYN" run count.dyn --stimulus some --input dvs=some.$kind -q -o $kind.npz
    same some.npz $kind.npz "gives the same as .csv"
done
head -c 40 some.bin >cut.bin
expect 1 'a file that ends within an event' "$DYN" run count.dyn --input dvs=cut.bin
contains "$tmp/err" 'is told' 'E0505.*40 bytes: events have 16 each'

# Over a million events in five trials: more than stays in memory before it is written.
expect 0 'many events on one thread' "$DYN" run count.dyn --stimulus noise -q --jobs 1 -o one.npz
expect 0 'and on three' "$DYN" run count.dyn --stimulus noise -q --jobs 3 -o three.npz
same one.npz three.npz 'are the same'
expect 0 'trial by trial, by time' python "
e = np.load('one.npz')['out.events']
assert len(e) > 1200000 and e['trial'].max() == 4
assert (np.diff(e['trial'].astype(int) * 10**8 + e['t']) >= 0).all()"
expect 0 'recorded input' "$DYN" run count.dyn --input dvs=one.npz:input.dvs -q -o again.npz
expect 0 'gives the same events' python "
a, b = np.load('one.npz'), np.load('again.npz')
assert all((a[k] == b[k]).all() for k in a.files)"
expect 0 'in steps' "$DYN" run count.dyn --input dvs=one.npz:input.dvs --semantics clocked --dt 1ms -q -o steps.npz
expect 0 'as many spikes' python "
assert np.load('steps.npz')['out.spikes'].sum() == len(np.load('one.npz')['out.events'])"
expect 0 'to a pipe' sh -c "'$DYN' run count.dyn --stimulus some -q -o /dev/stdout | cat >piped.npz"
same some.npz piped.npz 'gives the same file'

# A raster as the vendor's converter makes events of it.
expect 0 'a raster' python "
r = np.zeros((3, 1, 16, 16), 'u1'); r[0, 0, 1, 2] = 2; r[2, 0, 12, 0] = 1
np.save('raster.npy', r)"
expect 0 'with a delay' "$DYN" run count.dyn --input dvs=raster.npy --dt 1ms --delay 2.5ms -o late.npz
contains "$tmp/out" 'lasts longer' '1 trial of 6 ms'
expect 0 'as events' python "
z = np.load('late.npz')
assert z['input.dvs'].tolist() == [(0, 2500, 0, 1, 2)] * 2 + [(0, 4500, 0, 12, 0)], z['input.dvs']
assert z['out.events']['t'].tolist() == [2500, 2500, 4500]"
expect 2 'a delay that is none' "$DYN" run count.dyn --stimulus some --delay -1ms
expect 2 'a delay in steps' "$DYN" run count.dyn --stimulus some --delay 1ms --semantics clocked --dt 1ms
contains "$tmp/err" 'is told' 'E0903.*--delay is for runs event by event'

# Both sides event by event, and one in steps.
sed 's/threshold = 1;/threshold = 2;/' count.dyn >slow.dyn
expect 4 'diff of event-driven runs' "$DYN" diff count.dyn slow.dyn --stimulus some --tolerance rate=0.1
contains "$tmp/out" 'names the first spike that differs' 'spike 0 of trial 0: out\[0, 0, 0\] at 0 us in A, out\[0, 0, 0\] at 100 us in B'
expect 0 'of the same' "$DYN" diff count.dyn count.dyn --stimulus some
contains "$tmp/out" 'finds none' 'every spike is the same'
expect 4 'as JSON' "$DYN" diff slow.dyn count.dyn --stimulus some --tolerance rate=0.1 --json
is_json "$tmp/out" 'which is JSON'
printf 't,x,y\n0,1,1\n' >single.csv
expect 4 'one spike and none' "$DYN" diff count.dyn slow.dyn --input dvs=single.csv
contains "$tmp/out" 'are told' 'spike 0 of trial 0: out\[0, 0, 0\] at 0 us in A, none in B'
contains "$tmp/out" 'with their distance' 'van Rossum distance \(20 ms\): mean 0.3536, most 0.7071'
expect 0 'event by event and in steps' "$DYN" diff count.dyn count.dyn --semantics event,clocked --dt 1us --stimulus some
contains "$tmp/out" 'are the same where steps are as fine' 'every spike is the same'

cat >storm.dyn <<'DYN'
use speck;
network storm {
    input in[1];
    layer a[2]: iaf;
    in -> a: all_to_all(1);
    a -> a: all_to_all(1);
}
stimulus one for storm { in = times([[5 us]]); }
DYN
expect 1 'a storm ends' "$DYN" run storm.dyn
contains "$tmp/err" 'with an error' 'E0809.*the input event at 5 microseconds of trial 0 sets off more than 4194304 events'
finish
