# Instruction sets and native code that is kept: every --cpu gives the same run; a second run compiles
# nothing; what is in the cache folder is never believed unless it is exactly what was put there.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1
XDG_CACHE_HOME=$tmp/cache
export XDG_CACHE_HOME
unset DYN_CACHE
cat >a.dyn <<'DYN'
use dynapse2;
network a {
    dt = 1 ms;
    input in[4];
    layer x[9]: dpi;
    layer y[5]: lif_exact { tau = 12 ms; }
    in -> x: dense(uniform(0, 25) seed 1);
    x -> y: dense(uniform(0, 1) seed 2);
    mismatch 10 % seed 3;
    record x.spikes, x.vmem, y.v;
}
neuron lif_exact {
    param tau = 20 ms;
    receive drive;
    state v = 0;
    step {
        v = fma(v, exp(-dt / tau), drive);
        emit if v > 1 then floor(v) else 0;
        v = if v > 1 then tanh(v) else v;
    }
}
stimulus s for a { duration = 400 ms; trials = 3; in = poisson(150 Hz) seed 5; }
DYN

# ---- every instruction set gives the same bits ----

backends=interp
[ "${LLVM:-yes}" = no ] || backends='interp jit'
for backend in $backends; do
    expect 0 "$backend" "$DYN" run a.dyn --backend $backend -o host.npz --json
    [ -f first.npz ] || { cp host.npz first.npz && cp out first.json; }
    same host.npz first.npz "$backend: the same bits"
    for cpu in sse2 neon avx2 avx512 host; do
        "$DYN" run a.dyn --backend $backend --cpu $cpu -o $cpu.npz --json >out 2>err
        status=$?
        if [ $status -eq 5 ]; then
            contains err "$cpu: this processor hasn't got it" 'E0804.*'"$cpu"
            contains err 'it says what there is' 'hint.*it has'
            continue
        fi
        report $status "$backend, $cpu: runs"
        same $cpu.npz first.npz "$backend, $cpu: the same bits"
        same out first.json "$backend, $cpu: the same summary"
    done
done
# A C library that believes the processor to be without fused multiply-add.
base=$("$DYN" run a.dyn --cpu none 2>&1 | sed -n 's/.*it has \([a-z0-9]*\).*/\1/p')
GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2 "$DYN" run a.dyn --cpu "$base" -o slow.npz -q
report $? 'fused multiply-add in software: runs'
same slow.npz first.npz 'fused multiply-add in software: the same bits'
expect 2 'no instruction set' "$DYN" run a.dyn --cpu mmx
contains err 'lists them' 'hint: it has'

if [ "${LLVM:-yes}" = no ]; then
    finish
fi

# ---- the cache ----

run() { "$DYN" run a.dyn -v -o "$tmp/run.npz" "$@" >"$tmp/out" 2>"$tmp/err" && cmp -s "$tmp/run.npz" first.npz; }
compiles() { # NAME OPTION...
    name=$1
    shift
    run "$@"
    report $? "$name: runs, with the same bits"
    contains "$tmp/err" "$name: compiles" '^kernels compiled in [0-9.]+ ms'
}
finds() { # NAME OPTION...
    name=$1
    shift
    run "$@"
    report $? "$name: runs, with the same bits"
    contains "$tmp/err" "$name: compiles nothing" '^kernels from cache$'
}
rm -rf cache
compiles 'first run'
finds 'second run'
finds 'with other threads' --jobs 1
[ "$(stat -c %a cache/dyn)" = 700 ] && [ "$(stat -c %a cache/dyn/*)" = 600 ]
report $? 'modes'
[ "$(find cache -type f | wc -l)" -eq 1 ]
report $? 'one file, nothing left beside it'
file=$(echo cache/dyn/*)
cp "$file" good

compiles 'without the cache' --no-cache
contains err 'says nothing else' '^kernels compiled in [0-9.]+ ms$'
DYN_CACHE=off compiles 'DYN_CACHE=off'
unset DYN_CACHE
contains err 'says why' 'no cache: DYN_CACHE=off'
finds 'it is still there'

"$DYN" run a.dyn -v --mismatch 11% -o other.npz >out 2>err
contains err 'other lanes, the same code' '^kernels from cache$'
sed 's/tau = 12 ms/tau = 13 ms/' a.dyn >b.dyn
"$DYN" run b.dyn -v -o other.npz >out 2>err
contains err 'another constant, other code' '^kernels compiled'
[ "$(find cache -type f | wc -l)" -eq 2 ]
report $? 'in another file'
if [ "$(uname -m)" = x86_64 ] && grep -q avx2 /proc/cpuinfo; then
    compiles 'another processor' --cpu sse2
    finds 'another processor again' --cpu sse2
    [ "$(find cache -type f | wc -l)" -eq 3 ]
    report $? 'has a file of its own'
    # 512-bit operations stay whole, and there are none where there may be none.
    if command -v objdump >/dev/null && grep -q avx512bw /proc/cpuinfo; then
        for cpu in sse2 avx2 avx512; do
            rm -rf wide && XDG_CACHE_HOME=$tmp/wide "$DYN" run a.dyn --cpu $cpu -q
            tail -c "+$(($(grep -abo 'ELF' wide/dyn/* | head -1 | cut -d: -f1)))" wide/dyn/* >wide.o
            objdump -d wide.o >wide.$cpu
        done
        ! grep -q '%[yz]mm' wide.sse2 && grep -q '%ymm' wide.avx2 && ! grep -q '%zmm' wide.avx2 &&
            grep -q 'vfmadd.*%zmm' wide.avx512 && ! grep -q 'v[a-z0-9]*ps .*%ymm' wide.avx512
        report $? 'vectors are as wide as they are said to be'
    fi
fi

# ---- files that are not what was put there ----

: >"$file"
compiles 'empty file'
same "$file" good 'it is whole again'
head -c 5000 good >"$file"
compiles 'cut file'
same "$file" good 'it is whole again'
{ head -c 9000 good; printf 'X'; tail -c +9002 good; } >"$file"
compiles 'one wrong byte'
same "$file" good 'it is whole again'
head -c "$(wc -c <good)" /dev/urandom >"$file"
compiles 'noise'
finds 'after noise'
chmod 666 "$file"
compiles 'others may have written it'
finds 'it is ours again'
[ "$(stat -c %a "$file")" = 600 ]
report $? 'with its mode'
ln -sf "$tmp/good" "$file"
compiles 'a link'
[ ! -L "$file" ]
report $? 'is replaced'
chmod 777 cache/dyn
compiles 'a folder that others may write to'
contains err 'says why' 'no cache: others'
chmod 700 cache/dyn
if [ "$(id -u)" -eq 0 ]; then
    chown 1234 cache/dyn
    compiles 'a folder of somebody else'
    contains err 'says why' 'no cache: others'
    chown 0 cache/dyn
fi
mv cache/dyn there && ln -s "$tmp/there" cache/dyn
compiles 'a folder that is a link'
rm cache/dyn && echo >cache/dyn
compiles 'a folder that is none'
rm -rf cache
XDG_CACHE_HOME=/proc/nowhere compiles 'a folder that cannot be made'
XDG_CACHE_HOME=$tmp/cache

# ---- many at once ----

for i in 1 2 3 4 5 6; do "$DYN" run a.dyn -o "$i.npz" -q & done
wait
good=0
for i in 1 2 3 4 5 6; do cmp -s $i.npz first.npz && good=$((good + 1)); done
[ $good -eq 6 ] && [ "$(find cache -type f | wc -l)" -eq 1 ]
report $? 'six at once'
finds 'after them'

# ---- images hold none of it ----

expect 0 'an image' "$DYN" build a.dyn -o a.dynb
! grep -q 'ELF' a.dynb
report $? 'has no native code'
finish
