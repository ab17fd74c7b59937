#include "compiler/elab.h"
#include <math.h>

/* ---- record and output ---- */

static void add_record(struct build *b, const struct ast_ref *ref)
{
    struct diags *d = b->el->u->diags;
    if (ref->subs || ref->n < 2) {
        struct diag *g = diag_add(d, E0403, ref->span, "what is recorded is LAYER.VARIABLE");
        const struct def *layer =
            ref->n == 1 ? scope_find(b->root->scope, ref->path[0].text, SPACE_VALUE) : NULL;
        if (ref->subs)
            diag_hint(d, g, "without brackets: all of a layer is recorded");
        else if (layer && layer->kind == DEF_LAYER) {
            diag_hint(d, g, "its spikes are `%s.spikes`", ref->path[0].text);
            diag_edit(d, g, (struct span){ref->span.file, ref->span.end, ref->span.end}, ".spikes");
        }
        return;
    }
    struct piece *p = find_piece(b, b->root, ref, ref->n - 1);
    struct ast_name variable = ref->path[ref->n - 1];
    if (!p || (!p->is_input && !p->model))
        return;
    if (p->is_input) {
        diag_add(d, E0203, ref->span, "`%s` is an input: its events are always in the results",
                 p->name);
        return;
    }
    int state = variable.text == b->el->spikes ? -1 : model_find_state(p->model, variable.text);
    if (state < 0 && variable.text != b->el->spikes) {
        struct diag *g = diag_add(d, E0201, variable.span, "model `%s` has no state `%s`",
                                  p->model->name, variable.text);
        struct arena scratch = {0};
        const char **names = ARENA_ARRAY(&scratch, const char *, p->model->state.n + 1);
        for (uint32_t i = 0; i < p->model->state.n; i++)
            names[i] = p->model->state.data[i].name;
        names[p->model->state.n] = "spikes";
        struct buf list = {0};
        for (uint32_t i = 0; i < p->model->state.n; i++)
            buf_printf(&list, ", `%s`", names[i]);
        diag_hint(d, g, "what can be recorded is `spikes`%s", list.n ? list.data : "");
        buf_free(&list);
        hint_near(d, g, variable.text, names, p->model->state.n + 1);
        arena_free(&scratch);
        return;
    }
    struct net_record r = {p->index, state, ref->span};
    for (uint32_t i = 0; i < b->net->record.n; i++)
        if (b->net->record.data[i].layer == r.layer && b->net->record.data[i].state == state)
            return; /* said twice, recorded once */
    if (p->index != UINT32_MAX)
        VEC_PUSH(b->net->arena, &b->net->record, r);
}

static void add_output(struct build *b, const struct ast_ref *ref)
{
    struct diags *d = b->el->u->diags;
    if (ref->subs) {
        diag_add(d, E0403, ref->span, "an output is a whole layer");
        return;
    }
    struct piece *p = find_piece(b, b->root, ref, ref->n);
    if (p && p->is_input)
        diag_add(d, E0203, ref->span, "`%s` is an input, not a layer", p->name);
    if (!p || p->is_input || p->index == UINT32_MAX)
        return;
    for (uint32_t i = 0; i < b->net->output.n; i++)
        if (b->net->output.data[i] == p->index)
            return;
    VEC_PUSH(b->net->arena, &b->net->output, p->index);
}

/* ---- mismatch ---- */

static bool deviation(struct build *b, const struct ast_expr *e, const char *what, double *out)
{
    struct env env = env_in(b, b->root);
    if (!eval_scalar(&env, e, DIM_ONE, what, out))
        return false;
    if (*out >= 0 && isfinite(*out))
        return true;
    diag_add(b->el->u->diags, E0306, e->span, "%s is 0 or more: three standard deviations", what);
    return false;
}

static void seed(struct build *b, const struct ast_expr *e)
{
    struct env env = env_in(b, b->root);
    double x;
    if (e && eval_whole(&env, e, 0, UINT32_MAX, "a mismatch seed", &x))
        b->net->mismatch.seed = (uint32_t)x;
}

/* A bias or layout of some model of the network. */
static void check_name(struct build *b, struct ast_name name)
{
    struct diags *d = b->el->u->diags;
    struct arena scratch = {0};
    VEC(const char *) names = {0};
    bool plain = false, poisoned = false;
    for (uint32_t i = 0; i < b->piece.n; i++) {
        const struct piece *p = b->piece.data[i];
        poisoned |= !p->is_input && !p->model;
        for (uint32_t k = 0; p->model && k < p->model->param.n; k++) {
            const struct model_param *m = &p->model->param.data[k];
            bool same = strcmp(m->name, name.text) == 0;
            if (m->kind == MODEL_PARAM) {
                plain |= same;
                continue;
            }
            VEC_PUSH(&scratch, &names, m->name);
            if (same) {
                arena_free(&scratch);
                return;
            }
        }
        if (names.n > 4096)
            break;
    }
    if (!poisoned) {
        struct diag *g = diag_add(d, E0205, name.span,
                                  plain ? "`%s` is a param: only a bias or a layout varies"
                                        : "no model of this network has a bias or layout `%s`",
                                  name.text);
        hint_near(d, g, name.text, names.data, names.n);
    }
    arena_free(&scratch);
}

static void add_mismatch(struct build *b, const struct ast_net_item *item)
{
    struct diags *d = b->el->u->diags;
    struct net_mismatch *m = &b->net->mismatch;
    if (m->given) {
        struct diag *g = diag_add(d, E0202, item->span, "`mismatch` is given twice");
        diag_label(d, g, m->span, "given here");
        return;
    }
    m->given = true;
    m->span = item->span;
    if (item->value) {
        deviation(b, item->value, "mismatch", &m->all);
        seed(b, item->seed);
    }
    for (const struct ast_assign *as = item->assigns; as; as = as->next) {
        const char *name = as->name.text;
        double p;
        if (!name || !as->value)
            continue;
        for (const struct ast_assign *x = item->assigns; x != as; x = x->next) {
            if (x->name.text == name) {
                struct diag *g = diag_add(d, E0202, as->name.span, "`%s` is given twice", name);
                diag_label(d, g, x->name.span, "given here");
                return;
            }
        }
        if (strcmp(name, "seed") == 0) {
            seed(b, as->value);
        } else if (strcmp(name, "all") == 0) {
            deviation(b, as->value, "`all`", &m->all);
        } else {
            check_name(b, as->name);
            if (deviation(b, as->value, "a mismatch", &p)) {
                (void)VEC_ADD(b->net->arena, &m->by_name);
                m->by_name.data[m->by_name.n - 1].name = name;
                m->by_name.data[m->by_name.n - 1].p = p;
            }
        }
    }
}

/* Of a part only its layers, inputs and connections are taken: the rest is said by the whole. */
void build_settings(struct build *b)
{
    for (const struct ast_net_item *i = b->root->network->items; i; i = i->next) {
        switch (i->kind) {
        case AST_N_RECORD:
            b->net->has_record = true;
            for (const struct ast_ref *r = i->refs; r; r = r->next)
                add_record(b, r);
            break;
        case AST_N_OUTPUT:
            b->net->has_output = true;
            for (const struct ast_ref *r = i->refs; r; r = r->next)
                add_output(b, r);
            break;
        case AST_N_MISMATCH:
            add_mismatch(b, i);
            break;
        default:
            break;
        }
    }
    net_default_outputs(b->net);
}
