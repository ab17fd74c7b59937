#!/bin/sh
# libFuzzer on every reader, SECONDS_EACH each, under ASan and UBSan. What it finds stays in
# $BUILD/found; new corpus entries are merged into tests/fuzz/corpus by hand.
set -eu
cd "$(dirname "$0")/../.."
$MAKE --no-print-directory BUILD="$BUILD" CC=clang SAN=fuzzer-no-link,address,undefined \
    OPT='-O1 -g' "$BUILD/libdyn.a" "$BUILD/libdyn-run.a"
mkdir -p "$BUILD/found"
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c) name=${name#fuzz_}
    $MAKE --no-print-directory BUILD="$BUILD" CC=clang SAN=fuzzer-no-link,address,undefined \
        OPT='-O1 -g' "$BUILD/libfuzz_$name"
    mkdir -p "$BUILD/corpus/$name" "tests/fuzz/corpus/$name"
    # What a source computes is bounded, but may take a while under sanitizers.
    case $name in check | lsp) timeout=300 ;; *) timeout=10 ;; esac
    echo "== $name, $SECONDS_EACH s"
    "$BUILD/libfuzz_$name" -max_total_time="$SECONDS_EACH" -timeout=$timeout -rss_limit_mb=4096 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="$BUILD/found/$name-" \
        "$BUILD/corpus/$name" "tests/fuzz/corpus/$name"
done
