#!/bin/sh
# Verifies the "may include" table of the folder READMEs: a room includes only what is below it.
#   room                may include (quoted includes, by folder; everything may include its own)
set -u
cd "$(dirname "$0")/.."
n=0
failed=0
rule() { # FILES (a find expression's path pattern), ALLOWED (regular expression)
    what=$1
    allowed=$2
    shift 2
    n=$((n + 1))
    bad=$(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$@" /dev/null 2>/dev/null |
        grep -vE "include[[:space:]]*\"($allowed)")
    if [ -z "$bad" ]; then echo "ok $n - $what"
    else
        echo "not ok $n - $what includes what it may not:"
        echo "$bad"
        failed=1
    fi
}
run_half() { for f in target limits fields grid config config_image meaning links decode biasgen flash dump_json emulate emulate_board emulate_findings emulate_chip emulate_readout export export_config export_merge export_samna; do ls targets/*/$f.[ch] 2>/dev/null; done; }
compile_half() { ls targets/dynapse2/*.[ch] targets/speck/*.[ch] targets/sim/*.[ch] 2>/dev/null | grep -vFx "$(run_half)"; }

rule 'runtime/base: itself' 'runtime/base/|diag_codes.def|arena.h|vec.h|buf.h|[a-z_0-9]+\.h"' runtime/base/*.[ch]
rule 'runtime: base, itself, targets through target.h' 'runtime/|targets/target\.h|kernel_ops.def|kernel_math' runtime/*.[ch]
rule 'lang: base' 'lang/|runtime/base/' lang/*.[chly]
rule 'compiler/net: base, dimensions and the formatter of lang' 'compiler/net/|runtime/base/|lang/(unit|fmt)\.h' compiler/net/*.[ch]
rule 'compiler: all but the insides of targets' 'compiler/|runtime/|lang/|targets/(target|compile)\.h|targets/sim/sim\.h' compiler/*.[ch]
rule 'compiler/usage: the table of options, base' 'compiler/(usage/|cli_table\.h)|runtime/base/' compiler/usage/*.[ch]
# shellcheck disable=SC2046
rule 'run half of targets: runtime, base, itself' 'runtime/|targets/target\.h|targets/[a-z0-9]+/(tables/|(limits|fields|grid|config|links|decode|biasgen|flash|emulate|export)[a-z_]*\.h)' $(run_half)
# shellcheck disable=SC2046
rule 'compile half of targets: also the network' 'runtime/|targets/|compiler/net/|lang/(source|unit)\.h' $(compile_half)
rule 'the JIT: runtime, base, LLVM' 'runtime/|targets/sim/jit/' targets/sim/jit/*.[ch]

# LLVM stands in the JIT's folder only.
n=$((n + 1))
bad=$(grep -rlE 'include[[:space:]]*[<"]llvm' --include='*.[ch]' . | grep -v '^\./targets/sim/jit/')
if [ -z "$bad" ]; then echo "ok $n - LLVM only in targets/sim/jit"
else echo "not ok $n - LLVM included in $bad" && failed=1; fi

# No neuron equation in C: no C file of the product names a state or current of the model.
n=$((n + 1))
bad=$(grep -rnwE 'imem|iahp|isyn|vmem|Itau_mem|Igain_mem' --include='*.[ch]' runtime lang compiler targets)
if [ -z "$bad" ]; then echo "ok $n - no neuron model in C"
else echo "not ok $n - neuron model in C: $bad" && failed=1; fi
echo "1..$n"
exit $failed
