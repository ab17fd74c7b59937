#include "tests/unit/dynapse2_net.h"
#include "runtime/base/file.h"
#include "targets/sim/sim.h"
#include <stdio.h>

void d2_test_init(struct d2_test *t)
{
    *t = (struct d2_test){0};
    neuron_text_init(&t->text);
    struct bytes b;
    if (!file_read(&t->text.arena, "stdlib/dynapse2.dyn", &b, &t->text.diags, E0501,
                   (struct span){0}))
        base_panic("the test must run in the project's folder");
    t->dpi = neuron_text_check(&t->text, (const char *)b.data);
    if (!t->dpi)
        base_panic("stdlib/dynapse2.dyn has errors");
    t->n = net_new(&t->text.arena, "net");
    t->n->dt = 1e-3;
}

void d2_test_free(struct d2_test *t)
{
    target_report_free(&t->report);
    neuron_text_free(&t->text);
}

static struct net_shape vector(uint32_t n)
{
    return (struct net_shape){1, {n}};
}

uint32_t d2_test_input(struct d2_test *t, const char *name, uint32_t n)
{
    return net_add_input(t->n, name, vector(n), (struct span){0});
}

uint32_t d2_test_layer(struct d2_test *t, const char *name, uint32_t n, struct model *model)
{
    uint32_t l = net_add_layer(t->n, name, vector(n), model ? model : t->dpi, (struct span){0});
    net_layer_defaults(t->n, l);
    return l;
}

void d2_test_set(struct d2_test *t, uint32_t layer, const char *param, double x)
{
    int p = model_find_param(t->n->layer.data[layer].model, param);
    if (p < 0)
        base_panic("no parameter %s", param);
    net_layer_set(t->n, layer, (uint32_t)p, &x, true);
    net_layer_defaults(t->n, layer);
}

void d2_test_connect(struct d2_test *t, bool from_input, uint32_t src, uint32_t dst,
                     const double *w)
{
    uint32_t n_pre = from_input ? t->n->input.data[src].n : t->n->layer.data[src].n;
    uint32_t n_post = t->n->layer.data[dst].n;
    double *ones = ARENA_ARRAY(&t->text.arena, double, (size_t)n_pre *n_post);
    for (size_t i = 0; i < (size_t)n_pre * n_post; i++)
        ones[i] = 1;
    net_add_dense(t->n, from_input, src, dst, 0, from_input ? 0 : 1, w ? w : ones, n_pre, n_post,
                  (struct span){0});
}

void d2_test_tell_apart(struct d2_test *t, uint32_t input)
{
    uint32_t n = t->n->input.data[input].n, apart = d2_test_layer(t, "apart", n, NULL);
    double *w = ARENA_ARRAY(&t->text.arena, double, (size_t)n *n);
    for (size_t i = 0; i < n; i++)
        w[i * n + i] = 1;
    d2_test_connect(t, true, input, apart, w);
}

struct board *d2_test_board(struct d2_test *t)
{
    if (!t->n->board) {
        t->n->board = ARENA_NEW(&t->text.arena, struct board);
        *t->n->board = (struct board){.target = "dynapse2", .gain = 1};
    }
    return t->n->board;
}

bool d2_test_passes(struct d2_test *t, const char *last)
{
    net_default_outputs(t->n);
    for (const struct target_pass *p = target_compiler_find("dynapse2")->pass; p->name; p++) {
        if (!p->run(t->n, &t->options, &t->report, &t->text.diags) ||
            !net_verify(t->n, &t->text.diags))
            return false;
        if (strcmp(p->name, last) == 0)
            return true;
    }
    base_panic("no pass %s", last);
}

bool d2_test_said(const struct d2_test *t, enum diag_code code, const char *text)
{
    for (uint32_t i = 0; i < t->text.diags.list.n; i++) {
        const struct diag *g = t->text.diags.list.data[i];
        if (g->code == code && (!text || strstr(g->message, text)))
            return true;
    }
    return false;
}

void d2_test_show(const struct d2_test *t)
{
    for (uint32_t i = 0; i < t->text.diags.list.n; i++) {
        const struct diag *g = t->text.diags.list.data[i];
        fprintf(stderr, "%s: %s\n", diag_code_text(g->code), g->message);
    }
}

void d2_test_image(struct d2_test *t, struct image_writer *w)
{
    struct plan p;
    struct diags *d = &t->text.diags;
    image_begin(w);
    if (!sim_map(&t->text.arena, t->n, NULL, &p, d))
        base_panic("the network has no plan");
    plan_write(w, &p, false);
    target_compiler_find("dynapse2")->encode(w, t->n, &p, d);
    image_end(w, "dynapse2");
}

struct board_neuron *d2_test_find(const struct d2_test *t, uint32_t layer, uint32_t element,
                                  struct board_core **core)
{
    for (uint32_t i = 0; i < t->n->board->core.n; i++) {
        struct board_core *c = &t->n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            struct board_neuron *x = &c->neuron.data[k];
            if (x->layer == (int32_t)layer && x->element == element) {
                *core = c;
                return x;
            }
        }
    }
    return NULL;
}
