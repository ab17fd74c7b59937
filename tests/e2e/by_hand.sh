# Boards by hand, wholly and in part: what is given is kept, or refused with a reason.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1

# same_again NAME: what the image is dumped as makes it again
same_again() {
    expect 0 "$1: dump" "$DYN" dump one.dynb -o one.dyn
    expect 0 "$1: JSON" "$DYN" dump one.dynb --json -o one.json
    expect 0 "$1: build from the dump" "$DYN" build one.dyn -t dynapse2 -q -o two.dynb
    cp err again
    expect 0 "$1: dump again" "$DYN" dump two.dynb -o two.dyn
    expect 0 "$1: JSON again" "$DYN" dump two.dynb --json -o two.json
    same one.dyn two.dyn "$1: same dump"
    same one.json two.json "$1: same JSON"
}

# A chip whose every value is given: each parameter of each core, and 1024 neurons of which two are
# the network's, with all latches, dendrites, CAM and SRAM entries.
names=$(sed -n 's/^| `\([A-Z0-9_]*\)` .*/\1/p' "$top/targets/dynapse2/PARAMETERS.md")
awk -v names="$names" 'BEGIN {
    n = split(names, name, "\n")
    split("so_dc so_adaptation soif_kill coho_ca_mem ho_enable ho_so_de deam_ampa denm_nmda " \
        "de_conductance deam_alpha denm_alpha de_mux soif_type ho_active", latch, " ")
    split("none ampa gaba nmda shunt", dendrite, " ")
    print "use dynapse2; network whole { dt = 1 ms; input x[2]; layer a[2]: dpi; output a; }"
    print "board dynapse2 { grid = [1, 1]; chip 0 {"
    for (core = 0; core < 4; core++) {
        print "core " core " {"
        for (i = 1; i <= n; i++) {
            own = name[i] ~ /^(SO|DE|SY.*[NP]$)/ # others are shared by cores
            print "bias " name[i] " = " (i + own * core) % 6 ":" (37 * i + own * core) % 256 ";"
        }
        for (k = 0; k < 256; k++) {
            printf "neuron %d%s {", k, (core == 2 && k > 253 ? " = a[" (k - 254) "]" : "")
            on = 0
            for (l = 1; l <= 14; l++)
                if ((k + core) % 16 == l || k == 255) {
                    printf " latch %s;", latch[l]
                    on = 1
                }
            if (!on)
                printf " latch none;"
            for (c = 0; c < 64; c++)
                if (k < 4 || c % 32 == k % 32)
                    printf " cam %d = tag %d, weight %d, %s;", c, (c * 31 + k) % 2048, \
                        (c + k) % 16, dendrite[(c + k) % 5 + 1]
            for (s = 0; s < 4; s++)
                printf " sram %d = tag %d, cores %d, hop [%d, %d];", s, 1 + (k + 512 * s) % 2046, \
                    (k + s) % 16, s == 3 ? -7 : 0, s == 3 ? -7 : 0
            print " }"
        }
        print "}"
    }
    print "} input x[0] = tag 2047, cores 0b1111, hop [0, 0]; }"
}' >whole.dyn
[ "$(echo "$names" | wc -l)" -eq 60 ]
report $? 'parameters of the documentation'
expect 0 'a whole chip' "$DYN" build whole.dyn -t dynapse2 -q -W no-by-hand -o one.dynb
same_again 'a whole chip'
[ "$(grep -c '^ *bias [A-Z0-9_]* = [0-5]:' one.dyn)" -eq 240 ]
report $? '60 parameters in each core'
[ "$(grep -c '^ *neuron [0-9]' one.dyn)" -eq 1024 ]
report $? 'and all neurons'
contains one.dyn 'currents are shown' 'bias SOIF_LEAK_N = [0-5]:[0-9]+;  // [0-9.]+ [fpnu]A$'
contains one.dyn 'where they are known' 'bias REV_N = [0-5]:[0-9]+;$'
expect 0 'its table' "$DYN" fit one.dynb
contains out 'is full' '^neurons +1024 +1024 .*100.0 %$'

# ---- in part ----

# hand BODY: a network with this board section
hand() {
    cat >hand.dyn <<E
use dynapse2;
network hand { dt = 1 ms; input in[2]; layer l[2]: dpi; layer m[300]: dpi;
    in -> l: one_to_one(5); l -> l: all_to_all(-2); output l; }
board dynapse2 { $1 }
E
}
# kept NAME BODY [PATTERN]: builds and comes back; the message, none without a pattern
kept() {
    hand "$2"
    expect 0 "$1" "$DYN" build hand.dyn -t dynapse2 -q -o one.dynb
    if [ -n "${3:-}" ]; then contains err "$1: told" "$3"
    else
        [ ! -s err ]
        report $? "$1: nothing to tell"
    fi
    same_again "$1"
}
# refused STATUS NAME BODY PATTERN
refused() {
    hand "$3"
    expect "$1" "$2" "$DYN" build hand.dyn -t dynapse2 -q -o one.dynb
    contains err "$2: told" "$4"
}
bases='bias SYAM_W0_P = 4:20; bias SYAM_W1_P = 4:40; bias SYAM_W2_P = 4:80; bias SYAM_W3_P = 4:160;'
host='sram 0 = tag 7, cores 0b1111, hop [-7, -7]; sram 1 = tag 9, cores 0b0001, hop [0, 0];'

kept 'a latch' 'chip 0 { core 0 { neuron 3 = l[0] { latch so_dc; latch so_adaptation; } } }'
contains one.dyn 'it is there' 'latch so_adaptation;'
contains one.dyn 'and the rest computed' 'cam 2 = tag'
kept 'a latch that leaves one out' 'chip 0 { core 0 { neuron 3 = l[0] { latch ho_enable; } } }' \
    'W0658.*by hand, `Idc` of `l\[0\]` becomes 0 A, the network says 500 fA'
kept 'SRAM' "place l on chip 0 core 0; chip 0 { core 0 { neuron 3 = l[0] { $host } } }"
contains one.dyn 'its tag is heard' 'cam [0-9] = tag 9, .*, gaba;'
kept 'SRAM without the host' 'place l on chip 0 core 0; chip 0 { core 0 { neuron 3 = l[0] {
    sram 2 = tag 9, cores 0b0001, hop [0, 0]; } } }' 'W0658.*spikes of `l\[0\]` are wanted'
kept 'CAM' "place l on chip 0 core 0; chip 0 { core 0 { $bases neuron 3 = l[0] {
    cam 9 = tag 70, weight 0b0100, gaba; cam 2 = tag 71, weight 0b1011, ampa;
    cam 7 = tag 72, weight 0b0100, gaba; } } }"
contains one.dyn 'its tags are sent' 'input in\[0\] = tag 71,'
kept 'CAM that differs' "place l on chip 0 core 0; chip 0 { core 0 { $bases neuron 3 = l[0] {
    cam 9 = tag 70, weight 0b0100, gaba; cam 2 = tag 71, weight 0b0011, ampa;
    cam 7 = tag 72, weight 0b0100, gaba; } } }" \
    'W0658.*CAM entries by hand make 1 weight other.*in\[0\] -> l\[0\] \(5\) becomes 1\.511 \(-69\.8 %\)'
kept 'CAM without base currents' "place l on chip 0 core 0; chip 0 { core 0 { neuron 3 = l[0] {
    cam 9 = tag 70, weight 1, gaba; cam 2 = tag 71, weight 8, ampa; cam 7 = tag 72, weight 1, gaba;
    } } }" "base currents are computed: give them too"
kept 'an input' 'place l on chip 0 core 0; input in[0] = tag 3, cores 0b0001, hop [0, 0];'
contains one.dyn 'beside a computed one' 'input in\[1\] = tag'
kept 'a current' 'place l on chip 0 core 0; chip 0 { core 0 { bias SOIF_SPKTHR_P = 4:200; } }' \
    'W0658.*by hand, `Ispkthr` of `m?l?\[[0-9]*\]` becomes 81.15 nA, the network says 100 nA \(-18.9 %\)'
kept 'the current that the network wants' 'chip 0 { core 0 { bias SOIF_SPKTHR_P = 4:243; } }'
kept 'currents of a chip' 'chip 0 { bias SOCA_TAU_P = 1:2; bias R2R_BUFFER_AMPB = 5:255; }'
[ "$(grep -c 'bias SOCA_TAU_P = 1:2;' one.dyn)" -eq 4 ]
report $? 'are those of its cores'
kept 'tags of others' 'place l on chip 0 core 0; chip 0 { core 0 {
    neuron 200 { cam 0 = tag 0, weight 1, ampa; cam 1 = tag 1, weight 1, ampa; } } }'
[ "$(grep -c 'cam .* tag [01],' one.dyn)" -eq 2 ]
report $? 'are theirs'
kept 'a hop off the board' 'place l on chip 0 core 0; chip 0 { core 0 { neuron 200 {
    sram 0 = tag 1, cores 1, hop [0, 3]; } } }' 'W0658.*sram 0 .* leads off the board: hop \[0, 3\]'
kept 'one parameter of two cores' \
    'chip 0 { core 2 { bias LBWR_VB_P = 1:2; } core 3 { bias LBWR_VB_P = 1:3; } }' \
    'W0658.*cores 2 and 3 have one `LBWR_VB_P` together: 1:2 and 1:3'
sed 's/: dpi;/: dpi { Idc = 0; }/' hand.dyn >off.dyn
sed '/^board/,$d' off.dyn >hand.dyn
echo 'board dynapse2 { place l on chip 0 core 0; chip 0 { core 0 { bias SOIF_DC_P = 2:134; } } }' >>hand.dyn
expect 0 'a direct current that the network has not' "$DYN" build hand.dyn -t dynapse2 -q -o one.dynb
contains err 'is told' 'W0658.*`Idc` of .* becomes 842.2 pA, the network says 0 A'
expect 0 'and flows' "$DYN" dump one.dynb
contains out 'its latch is on' 'latch so_dc;'
same_again 'a direct current'

refused 1 'no CAM entries' 'chip 0 { core 0 { neuron 0 = l[0] { cam none; } } }' \
    'E0406.*`l\[0\]` on the board hears `l\[0\]` with weight 0, the network says -2'
refused 1 'CAM of another sign' "chip 0 { core 0 { $bases neuron 0 = l[0] { cam 0 = tag 3, weight 4, gaba;
    cam 1 = tag 4, weight 4, gaba; cam 2 = tag 5, weight 4, gaba; } } }" 'E0406.*hears `in\[0\]` with weight 0'
refused 1 'SRAM that does not lead there' 'chip 0 { core 0 { neuron 0 = l[0] { sram none; } } }' \
    "E0406.*doesn't reach chip 0 core 0, where it feeds"
refused 1 'an input that does not' 'place l on chip 0 core 0; input in[0] = tag 3, cores 0b0001, hop [3, 0];' "E0406.*doesn't reach"
contains err 'and what helps' 'hint: place `l\[0\]` where it goes, or leave its destinations out'
refused 1 'two inputs with one tag' 'place l on chip 0 core 0; input in[0] = tag 3, cores 1, hop [0, 0];
    input in[1] = tag 3, cores 1, hop [0, 0];' \
    'E0406.*`in\[0\]` and `in\[1\]` both send tag 3 to chip 0 core 0, where `l\[[01]\]` hears them differently'
contains err 'both lines' 'the same tag'
refused 3 'more than a core has' 'place m on chip 0 core 0;' 'E0601.*300 neurons are placed here, a core has 256'
refused 1 'two places' 'place l on chip 0 core 0; chip 0 { core 1 { neuron 3 = l[1]; } }' 'E0406.*is on chip 0 core 1 already'
refused 1 'an output elsewhere' 'place l on chip 0 core 0;
    output l = [chip 0 core 0 neuron 0, chip 2 core 0 neuron 1];' 'E0406.*`l\[1\]` is chip 0 core 0 neuron 1'
finish
