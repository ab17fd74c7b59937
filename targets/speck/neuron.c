/* Which models are a core's neuron: those whose `on event` does the same, whatever they call it. */
#include "targets/speck/passes.h"
#include <ctype.h>

/* As net_print_model() writes it. Names stand for any. */
static const char event_text[] = "on event(w) {"
                                 " v = max(v + w, v_min);"
                                 " if v >= threshold {"
                                 " emit 1;"
                                 " v = if reset_to_zero then 0 else v - threshold;"
                                 " }"
                                 " }";

enum { WEIGHT, STATE, BOUND, THRESHOLD, RESET, ROLES };
static const char *const role[ROLES] = {"w", "v", "v_min", "threshold", "reset_to_zero"};

struct word {
    const char *text;
    size_t n; /* 0: the end */
};

static bool is(const struct word *w, const char *text)
{
    return w->n == strlen(text) && memcmp(w->text, text, w->n) == 0;
}

/* A name, a number or a sign. */
static struct word next_word(const char **at)
{
    *at += strspn(*at, " \n");
    struct word w = {*at, **at != 0};
    for (size_t n = 0; isalnum((unsigned char)w.text[n]) || w.text[n] == '_'; n++)
        w.n = n + 1;
    *at += w.n;
    return w;
}

/* The names that the model has for the roles; false: its event does something else. */
static bool find_roles(const char *text, struct word name[ROLES])
{
    const char *want = event_text;
    memset(name, 0, ROLES * sizeof *name);
    for (;;) {
        const struct word x = next_word(&want);
        const struct word y = x.n ? next_word(&text) : x;
        uint32_t r = 0;
        while (r < ROLES && !is(&x, role[r]))
            r++;
        if (x.n == 0)
            return true;
        if (r < ROLES && name[r].n == 0)
            name[r] = y;
        const struct word *same = r < ROLES ? &name[r] : &x;
        if (y.n != same->n || memcmp(y.text, same->text, y.n) != 0)
            return false;
    }
}

static int param_called(const struct model *m, const struct word *name)
{
    for (uint32_t i = 0; i < m->param.n; i++)
        if (m->param.data[i].kind == MODEL_PARAM && is(name, m->param.data[i].name))
            return (int)i;
    return -1;
}

/* What keeps a model from being the chip's; NULL: it is, and param[] are those of the roles. */
static const char *model_wrong(const struct model *m, const char *text, uint32_t param[ROLES])
{
    struct word name[ROLES];
    const char *event = strstr(text, "    on event(");
    if (!event)
        return "it has no `on event`";
    if (m->state.n != 1 || m->receptor.n != 1)
        return "it has more than a state and one receptor";
    if (m->receptor.data[0].scale != MODEL_NONE)
        return "its receptor has a scale";
    if (!find_roles(event, name))
        return "its `on event` does something else";
    for (uint32_t r = BOUND; r < ROLES; r++) {
        const int p = param_called(m, &name[r]);
        if (p < 0)
            return "threshold, lower bound and kind of reset aren't parameters";
        param[r] = (uint32_t)p;
        for (uint32_t k = BOUND; k < r; k++)
            if (param[k] == param[r])
                return "one parameter stands for two things";
    }
    for (uint32_t r = BOUND; r < ROLES; r++) {
        const int p = model_find_param(m, role[r]);
        if (p >= 0 && (uint32_t)p != param[BOUND] && (uint32_t)p != param[THRESHOLD] &&
            (uint32_t)p != param[RESET])
            return "a parameter has the name that the chip has for another";
    }
    return NULL;
}

/* The same model with the chip's names for its parameters; itself if it has them. */
static struct model *renamed(struct arena *a, struct model *m, const uint32_t param[ROLES])
{
    bool same = true;
    for (uint32_t r = BOUND; r < ROLES; r++)
        same = same && strcmp(m->param.data[param[r]].name, role[r]) == 0;
    if (same)
        return m;
    struct model *x = ARENA_NEW(a, struct model);
    *x = *m;
    x->param.data = ARENA_ARRAY(a, struct model_param, m->param.n);
    memcpy(x->param.data, m->param.data, m->param.n * sizeof *x->param.data);
    for (uint32_t r = BOUND; r < ROLES; r++)
        x->param.data[param[r]].name = role[r];
    return x;
}

static void replace(struct net *n, uint32_t model, struct model *x)
{
    for (uint32_t i = 0; i < n->layer.n; i++)
        if (n->layer.data[i].model == n->model.data[model])
            n->layer.data[i].model = x;
    n->model.data[model] = x;
}

bool speck_adopt_models(struct net *n, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < n->model.n; i++) {
        struct model *m = n->model.data[i];
        struct buf text = {0};
        uint32_t param[ROLES];
        net_print_model(&text, m);
        const char *why = model_wrong(m, text.data, param);
        buf_free(&text);
        if (!why) {
            replace(n, i, renamed(n->arena, m, param));
            continue;
        }
        struct diag *g =
            diag_add(d, E0602, m->span, "model `%s` isn't a Speck's neuron: %s", m->name, why);
        diag_hint(d, g, "the chip has one neuron: `use speck;` and `iaf`");
        ok = false;
    }
    return ok;
}

struct speck_params speck_params_of(const struct model *m)
{
    return (struct speck_params){
        .threshold = (uint32_t)model_find_param(m, role[THRESHOLD]),
        .v_min = (uint32_t)model_find_param(m, role[BOUND]),
        .reset_to_zero = (uint32_t)model_find_param(m, role[RESET]),
    };
}
