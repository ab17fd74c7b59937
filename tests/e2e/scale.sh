# Large sources of many kinds take time that is linear in them. The limit is on processor time, and
# several times what they need; with the square of their lines they would need much more than it.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
lines=${DYN_SCALE:-150000}
limit=12
[ -z "${SAN:-}" ] || limit=240
case ${BUILD:-} in *asan) limit=240 ;; esac

make() { # KIND: writes big.dyn, with so many lines
    awk -v kind="$1" -v n="$lines" 'BEGIN {
        net = "use neurons;\nnetwork n {\ndt = 1 ms;\ninput in[2];"
        if (kind == "layers") {
            print net "\nlayer l0[2]: lif;\nin -> l0: all_to_all(1);"
            for (i = 1; i < n / 2; i++)
                printf "layer l%d[2]: lif { tau = %d ms; }\nl%d -> l%d: all_to_all(0.5);\n", i, i % 50 + 1, i - 1, i
            print "}"
        } else if (kind == "shapes") { # which are told at one end, in no order
            print net
            for (i = 0; i < n / 2; i++) printf "layer l%d: lif;\n", i
            m = int(n / 2) - 1
            for (k = 0; k < m; k++) { i = (k * 7919) % m; printf "l%d -> l%d: one_to_one(1);\n", i, i + 1 }
            print "in -> l0: one_to_one(1);\n}"
        } else if (kind == "inputs") {
            print net "\nlayer l[4]: lif;"
            for (i = 0; i < n / 2; i++) printf "input i%d[2];\ni%d -> l: all_to_all(1);\n", i, i
            print "}\nstimulus s for n { duration = 10 ms;"
            for (i = 0; i < n / 20; i++) printf "i%d = regular(10 Hz);\n", i * 10
            print "}"
        } else if (kind == "networks") {
            print "use neurons;"
            for (i = 0; i < n / 6; i++)
                printf "network n%d {\ndt = 1 ms;\ninput in[1];\nlayer l[1]: lif;\nin -> l: all_to_all(1);\n}\n", i
        } else if (kind == "stimuli") {
            print net "\nlayer l[2]: lif; in -> l: one_to_one(1); }"
            for (i = 0; i < n / 4; i++)
                printf "stimulus s%d for n {\nduration = 10 ms;\nin = regular(10 Hz);\n}\n", i
        } else if (kind == "parts") {
            print "use neurons;\nnetwork p { input in[1]; layer l[1]: lif; in -> l: all_to_all(1); }"
            print "network n {\ndt = 1 ms;\ninput in[1];"
            for (i = 0; i < n / 2; i++) printf "part p%d = p();\nin -> p%d.l: all_to_all(1);\n", i, i
            print "}"
        } else if (kind == "places") {
            print "use dynapse2;\nnetwork n {\ndt = 1 ms;\ninput in[1];"
            for (i = 0; i < n / 2; i++) printf "layer l%d[1]: dpi;\n", i
            print "}\nboard dynapse2 {"
            for (i = 0; i < n / 2; i++) printf "place l%d on core %d;\n", i, i % 4
            print "}"
        } else if (kind == "lets") {
            print "let a0 = 1;"
            for (i = 1; i < n; i++) printf "let a%d = a%d + 1;\n", i, i / 2
        } else if (kind == "array") {
            print "let a = ["
            for (i = 0; i < n; i++) print "    " i ".5,"
            print "    0\n];"
        } else if (kind == "line") {
            printf "let a = ["
            for (i = 0; i < 5 * n; i++) printf "%d, ", i
            print "0];"
        } else if (kind == "brackets") {
            for (i = 0; i < n / 10; i++) printf "let a%d = ((((((((((((((((((((((((((((((1 + 1))))))))))))))))))))))))))))));\n", i
        } else if (kind == "unknown") {
            print net
            for (i = 0; i < n; i++) printf "x%d -> y%d: all_to_all(z%d);\n", i, i, i
            print "}"
        } else if (kind == "units") {
            for (i = 0; i < n; i++) printf "let a%d = 1 msec;\n", i
        } else if (kind == "nameless") {
            print "network n {"
            for (i = 0; i < n; i++) print "input [4];"
            print "}"
        } else if (kind == "open") {
            for (i = 0; i < n; i++) printf "let a%d = ((1;\n", i
        }
    }' >big.dyn
}

for kind in layers shapes inputs networks stimuli parts places lets array line brackets; do
    make $kind
    expect 0 "$kind" sh -c "ulimit -t $limit; exec '$DYN' check big.dyn"
done
for kind in unknown units nameless open; do
    make $kind
    expect 1 "$kind: errors" sh -c "ulimit -t $limit; exec '$DYN' check big.dyn"
    [ "$(grep -c 'error\[' err)" -eq 200 ]
    report $? "$kind: no more messages than one reads"
done
for kind in layers array line brackets; do
    make $kind
    expect 0 "$kind: in standard form" sh -c "ulimit -t $limit; '$DYN' fmt - <big.dyn >out.dyn"
    [ "$(wc -c <out.dyn)" -lt $((20 * $(wc -c <big.dyn))) ]
    report $? "$kind: which isn't much larger"
done
make layers
expect 0 'printed' sh -c "ulimit -t $limit; exec '$DYN' print big.dyn --after elaborate -q"
expect 0 'compiled' sh -c "ulimit -t $limit; exec '$DYN' build big.dyn -q"
finish
