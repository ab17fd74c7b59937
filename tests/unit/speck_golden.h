/* The recorded networks of Speck (tests/golden/speck/NAME.dyn with golden.npz beside it), run as
 * their stimulus says. */
#ifndef TESTS_UNIT_SPECK_GOLDEN_H
#define TESTS_UNIT_SPECK_GOLDEN_H

#include "compiler/driver.h"
#include "runtime/run.h"

struct speck_golden {
    const char *name;
    struct driver d;
    struct program p;
    struct plan plan;
    struct stimulus stim;
    struct run_result result;
};

/* With the variables that the source records; fails the test where anything is wrong. `semantics`
 * and `dt` as in struct build_options, `backend` as in driver_backend(). */
void speck_golden_run(struct speck_golden *g, const char *name, const char *semantics,
                      const char *dt, const char *backend);
/* The same of an image for the Speck 2e on its virtual chip; `flash`: of nothing but the flash
 * bytes that are made of it, and where its layers and inputs are. */
void speck_golden_emulate(struct speck_golden *g, const char *name, bool flash);
void speck_golden_free(struct speck_golden *g);
/* A member of golden.npz. */
struct npy speck_golden_load(struct speck_golden *g, const char *member);
/* Index among the result's records. */
uint32_t speck_golden_record(const struct speck_golden *g, uint32_t group, int32_t state);

#endif
