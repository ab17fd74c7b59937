# Recording: straight into a file it is what comes out of a pipe, whose recording is kept in memory
# until the end; and what is left of runs that don't end.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
cat >loop.dyn <<'DYN'
use dynapse2;
network loop {
    dt = 1 ms;
    input in[30];
    layer a[300]: dpi;
    layer b[20]: dpi;
    in -> a: all_to_all(20);
    a -> b: all_to_all(3);
    b -> a: all_to_all(-3), delay = 3 ms;
    mismatch 5 % seed 3;
}
stimulus noise for loop { duration = 2 s; trials = 3; in = poisson(90 Hz) seed 4; }
stimulus none for loop { duration = 1 ms; trials = 1; in = silence; }
DYN
both() { # WHAT ARGUMENTS...
    what=$1 && shift
    expect 0 "$what: into a file" "$DYN" run loop.dyn -q -o file.npz "$@"
    "$DYN" run loop.dyn -q -o /dev/stdout "$@" | cat >pipe.npz
    same file.npz pipe.npz "$what: the same bytes through a pipe"
}
both all --stimulus noise --record all
both interpreter --stimulus noise --record all --backend interp
both 'one thread' --stimulus noise --record all --jobs 1
both chips --stimulus noise --record all --chips 2 --jobs 3
both 'spikes of many trials' --stimulus noise --record a.spikes --trials 50
both 'one step' --stimulus none --record all
both nothing --stimulus none --record none

# 100 MB, in a window of memory.
expect 0 'a long recording' "$DYN" run loop.dyn --stimulus noise --trials 8 --record all -q -v -o file.npz
[ "$(wc -c <file.npz)" -gt 100000000 ]
report $? 'is long'
contains err 'and takes little memory' 'with 1[0-9]\.[0-9]+ MB of memory'
expect 0 'which a member is read from' "$DYN" run loop.dyn --input in=file.npz:input.in --trials 1 -q -o again.npz

# What fails or is killed leaves the old file, and nothing else.
touch before after
ls >before
cp again.npz old.npz
(
    trap '' XFSZ # the limit is an error then, like a disk that is full
    ulimit -f 4000
    exec "$DYN" run loop.dyn --stimulus noise --trials 8 --record all -q -o again.npz
) >out 2>err
[ $? -eq 5 ]
report $? 'no room for the recording (exit 5)'
contains err 'says so' "E0902.*can.t write again.npz: File too large"
expect 5 'no such folder' "$DYN" run loop.dyn --stimulus none -q -o nowhere/again.npz
"$DYN" run loop.dyn --stimulus noise --trials 5000 --record b.spikes --backend interp -q -o again.npz >out 2>err &
pid=$!
sleep 0.3
kill -KILL $pid
wait $pid 2>/dev/null
[ $? -gt 128 ]
report $? 'killed'
ls | grep -vx old.npz | grep -v '\.tmp$' >after # of the killed one, where files can't be without a name
same before after 'the files are as they were'
same again.npz old.npz 'and so is what they hold'
finish
