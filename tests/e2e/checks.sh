# Rules of dyn check about what is no error: options, the list, and no false alarms.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
cat >odd.dyn <<'DYN'
use neurons;
network odd {
    dt = 1 ms;
    input in[2];
    input spare[2];
    layer out[2]: lif { threshold = 300; }
    in -> out: one_to_one(0.5);
}
stimulus beat for odd { duration = 20 ms; in = regular(100 Hz); }
DYN
expect 0 'warnings' "$DYN" check odd.dyn
contains err 'of one rule' 'odd.dyn:5:11: warning\[W0451\].*\[-W unused-input\]$'
contains err 'and another' 'odd.dyn:6:11: warning\[W0457\].*\[-W never-fires\]$'
[ "$(grep -c warning err)" -eq 2 ]
report $? 'and no more'
expect 0 'one switched off' "$DYN" check odd.dyn -W no-unused-input
[ "$(grep -c warning err)" -eq 1 ]
report $? 'leaves the other'
expect 1 'one an error' "$DYN" check odd.dyn -E never-fires -W no-W0451
contains err 'is told as such' 'error\[W0457\].*\[-E never-fires\]$'
expect 0 'a run' "$DYN" run odd.dyn
[ ! -s err ]
report $? 'warns of none of it'
expect 0 'the list' "$DYN" check --list
contains out 'of rules' '^never-fires +W0457  check   on +neurons'
contains out 'and of what other commands tell' '^event-lost +W0751  run +on'
expect 0 'as JSON' "$DYN" check --list --json
is_json out 'is JSON'
expect 2 'a list of a file' "$DYN" check --list odd.dyn

cat >quiet.dyn <<'DYN'
use neurons;
network quiet {
    dt = 1 ms;
    input in[1];
    layer rebounds[2]: izhikevich { a = 0.03; b = 0.25; c = -52; d = 0; }
    layer readout[2]: lif { threshold = inf; }
    layer never[2]: lif { threshold = inf; }
    layer held[2]: lif;
    in -> rebounds: all_to_all(-15);
    in -> readout: all_to_all(0.5);
    in -> never: all_to_all(0.5);
    in -> held: all_to_all(-0.5);
    record rebounds.spikes, readout.v, never.spikes, held.spikes;
}
DYN
expect 0 'layers that are inhibited, or meant to be silent' "$DYN" check quiet.dyn
contains err 'silent, and nothing of it is recorded but spikes' 'W0457.*`never`'
contains err 'inhibited, without a rebound' 'W0457.*`held`'
[ "$(grep -c warning err)" -eq 2 ]
report $? 'but neither one that rebounds nor one whose state is recorded'

cd "$top" || exit 1
for source in stdlib/*.dyn examples/*/*.dyn; do
    expect 0 "$source" "$DYN" check "$source"
    [ ! -s "$tmp/err" ]
    report $? "$source: nothing to warn of"
    head -5 "$tmp/err" | sed 's/^/# /'
done
finish
