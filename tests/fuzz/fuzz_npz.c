#include "tests/fuzz/fuzz_npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct npy x;
    bool ok = npz_parse(&a, (struct bytes){data, n}, NULL, &x, &d, "input", (struct span){0});
    if (ok != (d.n_errors == 0))
        abort();
    if (ok)
        touch_array(&x);
    diags_free(&d);
    arena_free(&a);
    return 0;
}
