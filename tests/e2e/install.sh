# What `make install` puts down works from there: the program with its JIT, and a program of somebody
# else's against the public header and the shared library.
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1
prefix=$tmp/root/usr
expect 0 'install' make --no-print-directory install BUILD="${BUILD:-build}" LLVM="${LLVM:-yes}" SAN="${SAN:-}" DESTDIR="$tmp/root" PREFIX=/usr
for f in bash-completion/completions/dyn zsh/vendor-completions/_dyn fish/vendor_completions.d/dyn.fish \
    man/man1/dyn.1; do
    [ -s "$prefix/share/$f" ]
    report $? "share/$f is there"
done
cat >"$tmp/a.dyn" <<'DYN'
use dynapse2;
network a {
    dt = 1 ms;
    input in[1];
    layer out[1]: dpi;
    in -> out: all_to_all(30);
}
stimulus s for a { duration = 100 ms; in = regular(200 Hz); }
DYN
expect 0 'the installed program runs' "$prefix/bin/dyn" run "$tmp/a.dyn" --stimulus s --json
contains "$tmp/out" 'and its neuron fires' '[1-9]'
cat >"$tmp/use.c" <<'C'
#include <dyn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    dyn_context *c = dyn_new();
    dyn_image *im = dyn_compile(c, argv[argc - 1], NULL);
    uint8_t counts[100];
    for (int t = 0; t < 100; t++)
        counts[t] = t % 5 == 0;
    dyn_input in = {.name = "in", .counts = counts, .trials = 1, .steps = 100};
    dyn_run_options o = {.input = &in, .n_input = 1};
    dyn_result *r = im ? dyn_run(c, im, &o) : NULL;
    uint32_t n = 0;
    const uint64_t *spikes = r ? dyn_result_counts(r, "out", &n) : NULL;
    printf("%s %llu\n", dyn_version(), spikes ? (unsigned long long)spikes[0] : 0ULL);
    int fired = spikes && spikes[0] > 0;
    dyn_result_free(r);
    dyn_image_free(im);
    dyn_free(c);
    return fired ? 0 : 1;
}
C
expect 0 'a program against the header' cc -std=c99 -Wall -Werror ${SAN:+-fsanitize=$SAN} -I"$prefix/include" "$tmp/use.c" -L"$prefix/lib" -ldyn -o "$tmp/use"
expect 0 'and it runs' env LD_LIBRARY_PATH="$prefix/lib" "$tmp/use" "$tmp/a.dyn"
finish
