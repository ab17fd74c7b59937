# The benchmark's forms of output and what it says of Python; its numbers are nobody's business here.
. "$(dirname "$0")/lib.sh"
bench=${BUILD:-$top/build}/tests/run_bench
cd "$top" || exit 1
run() { "$bench" --quick "$@"; }

expect 0 'JSON and a picture' run --part kernels --neurons 16 --json --plot "$tmp/rates.svg"
is_json "$tmp/out" 'is JSON'
contains "$tmp/out" 'names the processor' '"cpu": "'
contains "$tmp/out" 'has rates' '"rate": [1-9]'
contains "$tmp/rates.svg" 'the picture begins' '^<svg '
contains "$tmp/rates.svg" 'it has a curve' '<polyline .*points=.[0-9]'
contains "$tmp/rates.svg" 'and ends' '^</svg>$'
expect 0 'tables' run --part kernels --neurons 16
contains "$tmp/out" 'they have a head' '^kernel: one step'
if [ "${LLVM:-yes}" != no ]; then # most goals are the JIT's
    contains "$tmp/out" 'goals come first' '^goals: [0-9]+ of [0-9]+ met'
fi
expect 2 'unknown part' run --part kernel
contains "$tmp/err" 'lists those there are' 'parts: latency'

# A stand-in for Python that knows one simulator, and one that isn't there.
printf '#!/bin/sh\nprintf "0\\tslowsim\\t1.2\\t0.5\\t77\\n"\n' >"$tmp/python"
chmod +x "$tmp/python"
PYTHON=$tmp/python
export PYTHON
expect 0 'another simulator' run --part python --neurons 256
contains "$tmp/out" 'is compared' 'slowsim 1\.2, 256 x 1: 77 spikes'
PYTHON=$tmp/no-python
expect 0 'no Python' run --part python --neurons 256
contains "$tmp/out" 'says so' '^python: not measured'
finish
