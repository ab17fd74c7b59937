/* All targets, compile half. */
#include "targets/compile.h"

/* The simulator runs the network as it is: its image is the shared sections. */
static const struct target_pass no_pass[] = {{NULL, NULL}};
static const struct target_compiler compiler_sim = {.name = "sim", .pass = no_pass};

const struct target_compiler *const target_compilers[] = {
    &compiler_sim, &compiler_dynapse2, &compiler_speck2e, &compiler_speck2f, NULL};

const struct target_compiler *target_compiler_find(const char *name)
{
    for (uint32_t i = 0; target_compilers[i]; i++) {
        if (strcmp(target_compilers[i]->name, name) == 0)
            return target_compilers[i];
    }
    return NULL;
}

void target_report_free(struct target_report *r)
{
    buf_free(&r->text);
    buf_free(&r->result);
}
