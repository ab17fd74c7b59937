#include "compiler/stimuli.h"
#include <math.h>

bool stimulus_setting(const char *name)
{
    return name && (strcmp(name, "duration") == 0 || strcmp(name, "trials") == 0);
}

/* ---- agreement ---- */

/* `steps` of one trial as `at` says it. */
bool agree_steps(struct making *m, uint64_t steps, struct span at)
{
    struct diags *d = m->el->u->diags;
    if (m->steps_from.file == 0) {
        m->out->steps = steps;
        m->steps_from = at;
    }
    if (m->out->steps == steps)
        return true;
    struct diag *g = diag_add(d, E0801, at, "this lasts %llu steps, the stimulus %llu",
                              (unsigned long long)steps, (unsigned long long)m->out->steps);
    diag_label(d, g, m->steps_from, "%llu steps here", (unsigned long long)m->out->steps);
    return false;
}

/* A table of one trial goes with any number. */
bool agree_trials(struct making *m, uint32_t trials, struct span at)
{
    struct diags *d = m->el->u->diags;
    if (trials == 1)
        return true;
    if (m->trials_from.file == 0) {
        m->out->trials = trials;
        m->trials_from = at;
    }
    if (m->out->trials == trials)
        return true;
    struct diag *g =
        diag_add(d, E0801, at, "this has %u trials, the stimulus %u", trials, m->out->trials);
    diag_label(d, g, m->trials_from, "%u trial%s here", m->out->trials,
               m->out->trials == 1 ? "" : "s");
    return false;
}

static bool set_duration(struct making *m, const struct ast_assign *as)
{
    struct diags *d = m->el->u->diags;
    double x;
    if (!eval_scalar(&m->env, as->value, DIM_TIME, "`duration`", &x))
        return false;
    double steps = x / m->net->dt, whole = round(steps);
    if (!(whole >= 1 && whole <= 9007199254740992.0)) {
        diag_add(d, E0306, as->value->span, "a duration is at least one time step");
        return false;
    }
    if (fabs(steps - whole) > 1e-6) {
        struct buf text = {0};
        unit_f64_text(&text, m->net->dt, DIM_TIME);
        struct diag *g =
            diag_add(d, E0801, as->value->span, "the duration isn't a whole number of time steps");
        diag_hint(d, g, "a time step is %s: %.0f of them fit", text.data, floor(steps));
        buf_free(&text);
        return false;
    }
    return agree_steps(m, (uint64_t)whole, as->span);
}

static bool set_trials(struct making *m, const struct ast_assign *as)
{
    double x;
    if (!eval_whole(&m->env, as->value, 1, INT32_MAX, "`trials`", &x))
        return false;
    m->out->trials = (uint32_t)x;
    m->trials_from = as->span;
    return true;
}

/* ---- the whole ---- */

static void unknown_input(struct making *m, struct ast_name name)
{
    struct diags *d = m->el->u->diags;
    const struct def *network = scope_find(m->env.scope, m->ast->network.text, SPACE_NETWORK);
    if (scope_excuses(m->env.scope, name.text) || (network && network->network->nameless))
        return;
    struct diag *g =
        diag_add(d, E0201, name.span, "network `%s` has no input `%s`", m->net->name, name.text);
    diag_label(d, g, m->ast->network.span, "the network of this stimulus");
    const char *names[256] = {"duration", "trials"};
    uint32_t n = 2;
    for (uint32_t i = 0; i < m->net->input.n && n < 256; i++)
        names[n++] = m->net->input.data[i].name;
    diag_hint(d, g, "a stimulus gives `duration`, `trials`, and a source for each input");
    hint_near(d, g, name.text, names, n);
    const char *inner = name_in_part(name.text, names + 2, n - 2);
    if (inner)
        diag_hint(d, g, "the input of the part is `%s`", inner);
    const size_t whose = strlen(m->net->name); /* NETWORK.INPUT */
    if (strncmp(name.text, m->net->name, whose) == 0 && name.text[whose] == '.') {
        diag_hint(d, g, "the network is known here: `%s`", name.text + whose + 1);
        diag_edit(d, g, name.span, "%s", name.text + whose + 1);
    }
    if (net_find_layer(m->net, name.text) >= 0)
        diag_hint(d, g, "`%s` is a layer: a stimulus is played to inputs", name.text);
}

static bool read_items(struct making *m)
{
    struct diags *d = m->el->u->diags;
    const struct ast_assign *duration = NULL, *trials = NULL;
    struct net_names names;
    bool good = true;
    net_names_init(&names, m->env.arena, m->net);
    for (const struct ast_stim_item *i = m->ast->items; i; i = i->next) {
        const struct ast_assign *as = i->assign, **slot = NULL;
        if (!as || !as->name.text || !as->value)
            continue;
        int input = net_names_input(&names, as->name.text);
        if (stimulus_setting(as->name.text))
            slot = as->name.text[0] == 'd' ? &duration : &trials;
        else if (input >= 0)
            slot = &m->given[input];
        if (!slot) {
            unknown_input(m, as->name);
            good = false;
        } else if (*slot) {
            struct diag *g =
                diag_add(d, E0202, as->name.span, "`%s` is given twice", as->name.text);
            diag_label(d, g, (*slot)->name.span, "given here");
            good = false;
        } else {
            *slot = as;
        }
    }
    if (duration)
        good &= set_duration(m, duration);
    if (trials)
        good &= set_trials(m, trials);
    return good;
}

/* Tables whose length nothing fixed last as long as the longest of them. */
static bool settle_tables(struct making *m)
{
    if (m->steps_from.file)
        return true;
    for (uint32_t i = 0; i < m->net->input.n; i++) {
        const struct stimulus_source *s = &m->out->source[i];
        if ((s->kind == STIM_TABLE || s->kind == STIM_EVENTS) && s->steps > m->out->steps) {
            m->out->steps = s->steps;
            m->steps_from = m->given[i]->span;
        }
    }
    bool good = true;
    for (uint32_t i = 0; i < m->net->input.n; i++)
        if (m->given[i] && m->out->source[i].steps != m->out->steps)
            good &= make_source(m, i, true);
    if (m->steps_from.file)
        return good;
    if (m->ast->broken)
        return false;
    struct diags *d = m->el->u->diags;
    struct diag *g =
        diag_add(d, E0801, m->ast->name.span, "nothing says how long the stimulus lasts");
    diag_hint(d, g, "give it a length: `duration = 500 ms;`");
    return false;
}

bool build_stimulus(struct elab *el, const struct net *n, struct def *st, enum purpose purpose,
                    struct stimulus *out)
{
    struct unit *u = el->u;
    struct arena work = {0};
    struct making m = {.el = el, .net = n, .ast = st->stimulus, .purpose = purpose, .out = out};
    *out = (struct stimulus){.name = st->name.text, .trials = 1, .n_inputs = n->input.n};
    struct net events = *n;
    if (n->dt == 0 && net_is_event_driven(n)) {
        events.dt = STIMULUS_EVENT_STEP;
        m.net = &events;
        m.timeless = true;
    } else if (n->dt == 0) {
        struct diag *g = diag_add(u->diags, E0401, st->stimulus->network.span,
                                  "network `%s` has no time step to play a stimulus in", n->name);
        diag_hint(u->diags, g, "give it one: `dt = 1 ms;`");
        return false;
    }
    struct scope *s = scope_new(el, u->arena, st->scope);
    s->dt = &n->dt;
    declare_stimulus(u->arena, s, st->stimulus);
    m.env = env_of(s, &work);
    m.given = ARENA_ARRAY(&work, const struct ast_assign *, n->input.n);
    out->source = ARENA_ARRAY(u->arena, struct stimulus_source, n->input.n);
    for (uint32_t i = 0; i < n->input.n; i++)
        out->source[i].channels = net_shape_count(net_stimulus_shape(&n->input.data[i]));
    bool good = read_items(&m);
    for (int last = 0; last < 2; last++)
        for (uint32_t i = 0; i < n->input.n; i++)
            if (m.given[i])
                good &= make_source(&m, i, last);
    good = good && settle_tables(&m);
    uint32_t errors = u->diags->n_errors;
    eval_lets(s);
    arena_free(&work);
    return good && u->diags->n_errors == errors;
}
