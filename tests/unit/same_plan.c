#include "tests/unit/unit.h"

#include "tests/unit/same_plan.h"

static void same_projection(const struct plan_projection *x, const struct plan_projection *y)
{
    assert_int_equal(x->from_input, y->from_input);
    assert_int_equal(x->src, y->src);
    assert_int_equal(x->dst, y->dst);
    assert_int_equal(x->receptor, y->receptor);
    assert_int_equal(x->delay, y->delay);
    assert_int_equal(x->n_pre, y->n_pre);
    assert_memory_equal(x->row, y->row, (x->n_pre + 1) * sizeof *x->row);
    const uint64_t n = x->row[x->n_pre];
    if (n) {
        assert_memory_equal(x->post, y->post, n * sizeof *x->post);
        assert_memory_equal(x->weight, y->weight, n * sizeof *x->weight);
    }
}

static void same_column(const struct column *x, const struct column *y, uint32_t n)
{
    assert_int_equal(x->uniform, y->uniform);
    assert_memory_equal(x->v, y->v, (x->uniform ? 1 : n) * sizeof *x->v);
}

void same_plan(const struct plan *x, const struct plan *y)
{
    assert_int_equal(x->projection.n, y->projection.n);
    for (uint32_t i = 0; i < x->projection.n; i++)
        same_projection(&x->projection.data[i], &y->projection.data[i]);
    assert_int_equal(x->group.n, y->group.n);
    for (uint32_t g = 0; g < x->group.n; g++) {
        const struct plan_group *p = &x->group.data[g], *q = &y->group.data[g];
        for (uint32_t i = 0; i < x->kernel.data[p->kernel]->n_params; i++)
            same_column(&p->param[i], &q->param[i], p->n);
    }
}
