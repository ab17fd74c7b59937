#include "compiler/decision.h"
#include "runtime/base/npy.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_MATRIX = 16 }; /* more classes are told without the matrix */

static const struct span NOWHERE = {0};

bool labels_load(struct arena *a, const struct plan *p, const char *file, const char *member,
                 uint32_t trials, struct labels *out, struct diags *d)
{
    struct npy x;
    if (p->output.n != 1) {
        struct diag *g =
            diag_add(d, E0808, NOWHERE, "--labels: network `%s` has %u output layers, one decides",
                     p->network, p->output.n);
        diag_hint(d, g, "`output LAYER;` in the network says which");
        return false;
    }
    if (!npy_load(a, file, member, &x, d, E0901, NOWHERE))
        return false;
    *out = (struct labels){.n = (uint32_t)x.count, .group = p->output.data[0]};
    const struct plan_group *g = &p->group.data[out->group];
    if (x.n_fields || x.rank != 1 || x.count != trials) {
        diag_add(d, E0808, NOWHERE,
                 "`%s` isn't one label for each of the %u trials of the stimulus", file, trials);
        return false;
    }
    double *v = ARENA_ARRAY(a, double, x.count);
    npy_to_f64(&x, v);
    out->v = ARENA_ARRAY(a, uint32_t, x.count);
    for (uint32_t i = 0; i < out->n; i++) {
        if (!(v[i] >= 0 && v[i] < g->n) || v[i] != floor(v[i])) {
            diag_add(d, E0808, NOWHERE, "label %u of `%s` is %g; `%s` has neurons 0 to %u", i, file,
                     v[i], g->name, g->n - 1);
            return false;
        }
        out->v[i] = (uint32_t)v[i];
    }
    return true;
}

/* ---- what was decided ---- */

struct decision {
    uint32_t neuron;
    bool tie, silent; /* others have as many spikes; there are none */
};

static struct decision decide(const uint64_t *count, uint32_t n)
{
    struct decision x = {0};
    for (uint32_t i = 1; i < n; i++) {
        if (count[i] > count[x.neuron])
            x = (struct decision){.neuron = i};
        else
            x.tie = x.tie || count[i] == count[x.neuron];
    }
    x.silent = count[x.neuron] == 0;
    x.tie = x.tie && !x.silent;
    return x;
}

struct score {
    uint32_t right, ties, silent;
    uint32_t *matrix; /* [label][decision]; NULL: not wanted */
};

static void score_chip(const struct plan *p, const struct run_result *r, const struct labels *l,
                       uint32_t chip, struct score *s)
{
    uint32_t n = p->group.data[l->group].n;
    for (uint32_t t = 0; t < r->trials; t++) {
        struct decision x = decide(r->count[l->group] + ((size_t)chip * r->trials + t) * n, n);
        uint32_t label = l->v[t % l->n];
        s->right += !x.silent && x.neuron == label;
        s->ties += x.tie;
        s->silent += x.silent;
        if (s->matrix && !x.silent)
            s->matrix[label * n + x.neuron]++;
    }
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static void put_matrix(struct buf *out, const uint32_t *matrix, uint32_t n)
{
    buf_puts(out, "  rows: label, columns: decision\n       ");
    for (uint32_t i = 0; i < n; i++)
        buf_printf(out, " %4u", i);
    buf_putc(out, '\n');
    for (uint32_t i = 0; i < n; i++) {
        buf_printf(out, "  %4u ", i);
        for (uint32_t k = 0; k < n; k++) {
            if (matrix[i * n + k])
                buf_printf(out, " %4u", matrix[i * n + k]);
            else
                buf_puts(out, "    .");
        }
        buf_putc(out, '\n');
    }
}

void decision_text(struct buf *out, const struct plan *p, const struct run_result *r,
                   const struct labels *l)
{
    const struct plan_group *g = &p->group.data[l->group];
    struct score all = {0};
    struct arena a = {0};
    double *accuracy = ARENA_ARRAY(&a, double, r->chips);
    if (g->n <= MAX_MATRIX)
        all.matrix = ARENA_ARRAY(&a, uint32_t, (size_t)g->n * g->n);
    for (uint32_t chip = 0; chip < r->chips; chip++) {
        uint32_t before = all.right;
        score_chip(p, r, l, chip, &all);
        accuracy[chip] = 100.0 * (all.right - before) / r->trials;
    }
    uint64_t runs = (uint64_t)r->trials * r->chips;
    buf_printf(out, "\n%s decides: accuracy %.2f %% (%u of %llu), %u tie%s, %u silent\n", g->name,
               100.0 * all.right / (double)runs, all.right, (unsigned long long)runs, all.ties,
               all.ties == 1 ? "" : "s", all.silent);
    if (r->chips > 1) {
        qsort(accuracy, r->chips, sizeof *accuracy, by_value);
        buf_printf(out, "  by chip: least %.2f %%, median %.2f %%, most %.2f %%\n", accuracy[0],
                   (accuracy[(r->chips - 1) / 2] + accuracy[r->chips / 2]) / 2,
                   accuracy[r->chips - 1]);
    }
    if (all.matrix)
        put_matrix(out, all.matrix, g->n);
    arena_free(&a);
}

void decision_json(struct json *j, const struct plan *p, const struct run_result *r,
                   const struct labels *l)
{
    uint32_t n = p->group.data[l->group].n;
    json_key(j, "accuracy");
    json_array(j);
    for (uint32_t chip = 0; chip < r->chips; chip++) {
        struct score s = {0};
        score_chip(p, r, l, chip, &s);
        json_f64(j, (double)s.right / r->trials);
    }
    json_end_array(j);
    json_key(j, "decisions"); /* null: silent */
    json_array(j);
    for (uint32_t chip = 0; chip < r->chips; chip++) {
        json_array(j);
        for (uint32_t t = 0; t < r->trials; t++) {
            struct decision x = decide(r->count[l->group] + ((size_t)chip * r->trials + t) * n, n);
            if (x.silent)
                json_null(j);
            else
                json_int(j, x.neuron);
        }
        json_end_array(j);
    }
    json_end_array(j);
}
