# dyn export: programs and configurations for the vendor's library, against a stand-in for it
# (tests/standin).
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
PATH=/usr/bin:$PATH # the system's Python has numpy (tests/deps.sh)
export PYTHONPATH="$top/tests/standin" PYTHONDONTWRITEBYTECODE=1
check() { # NAME ARGUMENTS of check.py: its lines become ours
    name=$1
    shift
    python3 "$top/tests/standin/check.py" "$@" >lines 2>trace
    status=$?
    while IFS= read -r line; do
        case $line in
        'ok '*) report 0 "$name: ${line#* - }" ;;
        'not ok '*) report 1 "$name: ${line#* - }" ;;
        esac
    done <lines
    report $status "$name"
    [ $status -eq 0 ] || sed 's/^/# /' trace
}

cat >net.dyn <<'DYN'
use dynapse2;
network net {
    dt = 1 ms;
    input a[3];
    input b[2];
    layer near[2]: dpi { tau_mem = 50 ms; }
    layer far[2, 2]: dpi { tau_mem = 5 ms; Idc = 0 A; }
    a -> near: dense([[2, -1], [3, 0], [0, 0]]);
    b -> far: dense([[5, 0, 0, -3], [0, 1, 4, 0]]);
    near -> far: all_to_all(2);
    far -> near: dense([i: 4, j: 2 => if i == j then -4 else 0]);
}
stimulus s for net {
    duration = 60 ms;
    trials = 2;
    a = poisson(1500 Hz) seed 1;
    b = regular(150 Hz);
}
board dynapse2 {
    grid = [2, 1];
    place near on chip 0 core 1;
    place far on chip 1 core 2;
    chip 0 {
        bias R2R_BUFFER_CCB = 5:201;
        core 1 { bias SYPD_DLY0_P = 3:77; bias LBWR_VB_P = 2:33; }
    }
    chip 1 { core 3 { bias PG_BUF_N = 1:99; bias SYAM_STDWCCB = 4:44; } }
}
DYN
expect 0 'build' "$DYN" build net.dyn -t dynapse2 -q -o net.dynb
expect 0 'dump' "$DYN" dump net.dynb --json
sed 's/SYPD_DYL/SYPD_DLY/' out >dump.json

# ---- the program ----
expect 0 'a program and a stimulus' "$DYN" export net.dyn --samna net.py --stimulus s
contains err 'both are told' '^net.stimulus.npz: the stimulus'
expect 0 'the same from the image' "$DYN" export net.dynb --samna image.py -q
sed 's/^STIMULUS = .*/STIMULUS = None  # a file beside this program/; s/"net\.dynb"/"net.dyn"/' net.py >expected.py
same image.py expected.py 'only the stimulus differs'
awk 'length > 100' net.py >long
[ ! -s long ]
report $? 'lines of 100 columns'
expect 0 'python3 net.py --check' python3 net.py --check
contains out 'says what it built' '^6 neurons'
expect 2 'a run needs a bit file' python3 net.py
contains err 'and says so' 'needs --bitfile'
expect 1 'and a board' env SAMNA_BOARDS=0 python3 net.py --bitfile net.dyn
contains err 'says so too' 'no DYNAP-SE2 board'
expect 0 'with both it runs' python3 net.py --bitfile net.dyn -o answer.npz
contains out 'and counts' '^near: [1-9][0-9]* spikes'
expect 0 'a run of the virtual chip' "$DYN" run net.dynb --input a=net.stimulus.npz:input.a --input b=net.stimulus.npz:input.b -q -o run.npz
expect 0 'what a run recorded is a stimulus' python3 net.py --bitfile net.dyn --stimulus run.npz -o again.npz
SAMNA_CHIPS=2 SAMNA_NEURONS=5 check 'on the board' play net.py net.stimulus.npz

# ---- the configuration ----
export SAMNA_CHIPS=2 SAMNA_NEURONS=5
check 'the stand-in writes its default' default default.json
expect 0 'merged onto it' "$DYN" export net.dyn --config merged.json --default default.json
contains err 'without a warning' '^merged.json: a configuration for samna$'
check 'merged' build net.py merged.json dump.json
expect 0 'merging again changes nothing' "$DYN" export net.dyn --config twice.json --default merged.json -q
same merged.json twice.json 'same bytes'
expect 0 'onto nothing' "$DYN" export net.dynb --config zero.json
contains err 'that is told' 'W0951.*not for a chip'
check 'onto nothing' text zero.json dump.json
expect 0 'and again' "$DYN" export net.dynb --config zero2.json --default zero.json -q
expect 0 'told nothing' "$DYN" export net.dynb --config zero3.json -q -W no-default-missing
[ ! -s err ]
report $? 'where it is switched off by name'
expect 1 'or refused' "$DYN" export net.dynb --config zero3.json -q -E default-missing
same zero.json zero2.json 'same bytes'
cat >empty.dyn <<'DYN'
use dynapse2;
network e { dt = 1 ms; input a[1]; layer l[1]: dpi; a -> l: all_to_all(1); }
board dynapse2 { grid = [2, 1]; chip 1 { core 3 { neuron 255 = l[0]; } } }
DYN
expect 0 'another network' "$DYN" export empty.dyn --config empty.json -q
expect 5 'a default that is too small' "$DYN" export empty.dyn --config no.json --default default.json
contains err 'the neuron is named' 'E0904.*default.json:[0-9]+:[0-9]+: the list of neurons has no `value255`'
[ ! -e no.json ]
report $? 'nothing is written'
SAMNA_CHIPS=1 check 'one chip' default one.json
expect 5 'a default of one chip' "$DYN" export net.dyn --config no.json --default one.json
contains err 'chips are counted' 'chips up to 1, the default has 1'
wrong() { # NAME SED PATTERN: a default that isn't one
    sed "$2" default.json >wrong.json
    expect 5 "$1" "$DYN" export net.dyn --config no.json --default wrong.json
    contains err "$1: is told" "error\[E0904\]: wrong.json:[0-9]+:[0-9]+: $3"
}
wrong 'no JSON' '1s/{/(/' 'a value is expected'
wrong 'cut off' '4000,$d' 'the text ends too early'
wrong 'something behind it' '$s/$/ 1/' 'nothing may follow'
wrong 'another structure' 's/"chips"/"boards"/' 'the configuration has no `chips`'
wrong 'no list' 's/"chips": \[/"chips": 3, "were": [/' 'the list of chips should be an array, not a number'
wrong 'a parameter less' 's/"key": "SYAM_W3_P"/"key": "SYAM_W9_P"/' 'chip 0 core 1 has no parameter `SYAM_W3_P`'
wrong 'a shared parameter less' 's/"key": "PG_BUF_N"/"key": "PG_BUF_P"/' '`sharedParameters23` of chip 1 has no parameter `PG_BUF_N`'
wrong 'a map less' 's/"sharedParameters01"/"sharedParameters10"/' 'a chip has no `sharedParameters01`'
wrong 'a parameter twice' 's/"key": "SYAM_W2_P"/"key": "SYAM_W3_P"/' 'parameter `SYAM_W3_P` comes twice'
wrong 'a key twice' 's/"fineValue"/"coarseValue"/' '`coarseValue` of a parameter comes twice'
wrong 'a number that is none' 's/"dendrite": 0/"dendrite": "none"/' 'this should be a number, not a string'
wrong 'a bit that is none' 's/"stp": false/"stp": 0/' 'this should be true or false, not a number'
wrong 'a latch less' 's/"latchSoDc"/"latchSoAc"/' 'a neuron has no `latchSoDc`'
wrong 'a bit less' 's/"value3": false/"value4": false/' '(a weight|a core mask) has no `value3`'
wrong 'value before key' 's/"key": "SOIF_LEAK_N"/"key2": "SOIF_LEAK_N"/' "an entry's \`key\` should come before its \`value\`"

# ---- the command ----
expect 2 'nothing to do' "$DYN" export net.dyn
contains err 'says what could be' '--samna FILE.py'
expect 2 'a default alone' "$DYN" export net.dyn --samna x.py --default default.json
expect 2 'a stimulus without a program' "$DYN" export net.dyn --config x.json --stimulus s
expect 2 'no chip' "$DYN" export net.dyn -t sim --samna x.py
contains err 'names the target' 'target `sim` is no chip'
expect 5 'no such file' "$DYN" export net.dyn --config x.json --default nothere.json
expect 5 'no such folder' "$DYN" export net.dyn --samna nothere/x.py
sed 's/SYPD_DLY0_P/NCCF_HYS_P/' net.dyn >sadc.dyn
expect 3 'a parameter of converters' "$DYN" export sadc.dyn --samna x.py
contains err 'is told' 'E0602.*chip 0 core 1: samna has no parameter `NCCF_HYS_P` for a core, a pair or a chip'
sed 's/core 3 {/core 2 { bias PG_BUF_N = 1:98; } &/' net.dyn >differ.dyn
expect 3 'cores that share one and differ' "$DYN" export differ.dyn --config x.json
contains err 'are told' 'E0602.*chip 1: cores 2 and 3 have one `PG_BUF_N` together: 1:98 and 1:99 are given'
cat >heard.dyn <<'DYN'
use dynapse2;
network e { dt = 1 ms; layer l[3]: dpi; }
board dynapse2 { chip 0 { core 0 {
    neuron 0 = l[0] { sram 0 = tag 7, cores 0b1111, hop [-7, -7]; }
    neuron 1 = l[1] { sram 0 = tag 7, cores 0b1111, hop [-7, -7]; }
    neuron 2 = l[2] { sram 0 = tag 7, cores 0b1111, hop [1, 0]; }
} } }
DYN
expect 0 'monitors by hand' "$DYN" export heard.dyn --samna heard.py
contains err 'one is not heard' 'W0952.*layer `l`: spikes of 1 of 3 neurons don.t reach the host'
contains err 'one is taken for another' 'W0952.*layer `l`: spikes of 1 of 3 neurons reach the host as those of others'
expect 1 'which can be an error' "$DYN" export heard.dyn --samna heard.py -E unheard
expect 0 'a program of it' python3 heard.py --check
cat >dc.dyn <<'DYN'
use dynapse2;
network dc { dt = 1 ms; layer l[2]: dpi { Idc = 1 nA; } }
DYN
expect 0 'no inputs' "$DYN" export dc.dyn --samna dc.py
expect 2 'a length is needed then' python3 dc.py --bitfile dc.dyn
contains err 'and asked for' '--steps'
expect 0 'and given' python3 dc.py --bitfile dc.dyn --steps 50
finish
