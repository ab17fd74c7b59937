/* Event files; the first byte says of which kind. */
#include "runtime/event_file.h"
#include "runtime/plan.h"
#include "runtime/stimulus.h"
#include "tests/fuzz/fuzz_npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool (*const reader[])(struct arena *, struct bytes, struct npy *, struct diags *,
                                  const char *, struct span) = {event_file_aedat4, event_file_bin,
                                                                event_file_csv};
    const struct plan_shape shape = {3, {2, 128, 128}};
    struct arena a = {0};
    struct diags d = {0};
    struct npy x;
    struct stimulus_source s;
    const struct span nowhere = {0};
    if (n == 0)
        return 0;
    const bool ok =
        reader[data[0] % 3](&a, (struct bytes){data + 1, n - 1}, &x, &d, "input", nowhere);
    if (ok != (d.n_errors == 0))
        abort();
    if (ok) {
        touch_array(&x);
        stimulus_event_records(&a, &s, &x, NULL, 0, &shape, 0, 0, &d, "input", nowhere);
    }
    diags_free(&d);
    arena_free(&a);
    return 0;
}
