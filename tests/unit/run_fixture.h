/* A plan to be filled in, and a run of it with the interpreter on one thread. */
#ifndef TESTS_UNIT_RUN_FIXTURE_H
#define TESTS_UNIT_RUN_FIXTURE_H

#include "runtime/run.h"

struct run_fixture {
    struct arena a;
    struct diags d;
    struct backend interp;
    struct plan *p;
    struct stimulus s;
    struct run_options o;
};

int run_fixture_set_up(void **state);
int run_fixture_tear_down(void **state);

/* All states and spikes of all groups. */
void run_fixture_record_all(struct run_fixture *f);
/* What a result has of a variable, which must be recorded. */
const void *run_fixture_recorded(const struct run_result *r, uint32_t group, int32_t state);

#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, run_fixture_set_up, run_fixture_tear_down)

#endif
