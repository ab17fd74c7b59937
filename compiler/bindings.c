#include "compiler/bindings.h"
#include "compiler/elab.h"
#include "targets/compile.h"

enum { MOST_NAMES = 256 };

static void unknown_target(struct ast_name name, struct diags *d)
{
    const char *names[MOST_NAMES];
    uint32_t n = 0;
    for (; target_compilers[n] && n < MOST_NAMES; n++)
        names[n] = target_compilers[n]->name;
    struct diag *g = diag_add(d, E0201, name.span, "there is no target `%s`", name.text);
    hint_near(d, g, name.text, names, n);
}

static bool is_known(const char *name, const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void check_dendrites(const struct target_compiler *t, const struct ast_neuron_item *x,
                            struct diags *d)
{
    for (uint32_t i = 0; i < x->n_on; i++) {
        const struct ast_name name = x->on[i];
        if (!name.text || is_known(name.text, t->words.dendrite, t->words.n_dendrite))
            continue;
        struct diag *g =
            diag_add(d, E0205, name.span, "%s has no dendrite `%s`", t->name, name.text);
        hint_near(d, g, name.text, t->words.dendrite, t->words.n_dendrite);
    }
}

static void check_currents(const struct target_compiler *t, const struct ast_neuron_item *x,
                           struct diags *d)
{
    const char *names[MOST_NAMES];
    uint32_t n = 0;
    while (t->current && n < MOST_NAMES && t->current(n)) {
        names[n] = t->current(n);
        n++;
    }
    for (uint32_t i = 0; i < x->n_on; i++) {
        const struct ast_name name = x->on[i];
        double min, max;
        if (!name.text || (t->reach && t->reach(name.text, &min, &max)))
            continue;
        struct diag *g =
            diag_add(d, E0205, name.span, "%s makes no current `%s`", t->name, name.text);
        hint_near(d, g, name.text, names, n);
    }
}

void bindings_check(const struct ast_neuron *neuron, struct diags *d)
{
    for (const struct ast_neuron_item *x = neuron->items; x; x = x->next) {
        const struct target_compiler *t =
            x->target.text ? target_compiler_find(x->target.text) : NULL;
        if (x->target.text && !t)
            unknown_target(x->target, d);
        else if (t && x->kind == AST_R_RECEIVE)
            check_dendrites(t, x, d);
        else if (t)
            check_currents(t, x, d);
    }
}
