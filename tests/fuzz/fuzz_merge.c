/* The vendor's text that a configuration of one neuron, with parameters that its core shares, is
 * merged onto. */
#include "targets/dynapse2/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct d2_cam cam = {.tag = 3, .slot = 1, .mask = 5, .dendrite = D2_GABA};
    struct d2_sram sram = {1, {7, 15, D2_HOST_HOP, D2_HOST_HOP}};
    struct d2_neuron neuron = {.latches = 1, .n_cam = 1, .n_sram = 1, .cam = &cam, .sram = &sram};
    struct d2_core core = {.core = 1, .n_neurons = 1, .neuron = &neuron};
    core.given[d2_find_param("PG_BUF_N")] = core.given[d2_find_param("R2R_BUFFER_CCB")] = true;
    struct d2_config c = {.grid = {1, 1}, .n_cores = 1, .core = &core};
    struct diags d = {0};
    struct file_out *out = file_create("/dev/null", &d);
    if (d2_merge(&c, (struct bytes){data, n}, "default", out, &d))
        file_commit(out);
    else
        file_abort(out);
    diags_free(&d);
    return 0;
}
