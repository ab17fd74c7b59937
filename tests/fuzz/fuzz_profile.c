/* The profile of a DYNAP-SE2 chip. What is read without a mistake can be told about. */
#include "targets/dynapse2/profile.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    const struct d2_profile *p = d2_profile_read(&a, (const char *)data, n, 1, &d);
    if (!p != (d.n_errors > 0))
        abort();
    for (uint32_t i = 0; p && i < p->measured.n; i++) {
        uint32_t measured = 0;
        for (uint32_t k = 0; k < D2_CORES * D2_NEURONS; k++)
            measured += p->measured.data[i].factor[k] != 0;
        if (measured != p->measured.data[i].n)
            abort();
    }
    if (p) {
        struct buf out = {0};
        struct json j;
        json_init(&j, &out, 0);
        d2_profiles.text(&out, p);
        d2_profiles.json(&j, p);
        buf_free(&out);
    }
    diags_free(&d);
    arena_free(&a);
    return 0;
}
