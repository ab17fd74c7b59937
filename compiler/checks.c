#include "compiler/check_rules.h"
#include "compiler/elab.h"

#include "targets/sim/sim.h"

#include <stdarg.h>

enum check_of { SOURCE, INPUT, CONNECTION, LAYER, VALUES };
enum { OFF, ON };

/* Rules by their place in the table. */
enum check_rule {
#define CHECK(code, of, function, on, needs) RULE_##code,
#include "compiler/checks.def"
#undef CHECK
    N_RULES
};

#define NEEDS(code) ((uint64_t)1 << RULE_##code)

static const struct check {
    enum diag_code code;
    enum check_of of;
    check_fn *run;
    bool on;
    uint64_t needs;
} checks[N_RULES] = {
#define CHECK(code, of, function, on, needs) {code, of, function, on, needs},
#include "compiler/checks.def"
#undef CHECK
};

static const struct check *find(enum diag_code code)
{
    for (int i = 0; i < N_RULES; i++)
        if (checks[i].code == code)
            return &checks[i];
    return NULL;
}

bool checks_have(enum diag_code code)
{
    return find(code) != NULL;
}

bool checks_default(enum diag_code code)
{
    const struct check *k = find(code);
    return !k || k->on;
}

static bool applies(const struct check *k, const struct diags *d)
{
    const enum diag_level level = (enum diag_level)d->level[k->code];
    return level == DIAG_DEFAULT ? k->on : level != DIAG_OFF;
}

/* ---- what rules share ---- */

const char *check_neuron(struct checking *c, uint32_t layer, uint32_t neuron)
{
    const struct net_layer *l = &c->n->layer.data[layer];
    struct buf b = {0};
    net_element_name(&b, l->name, l->shape, neuron);
    const char *name = arena_strdup(&c->arena, b.data);
    buf_free(&b);
    return name;
}

struct diag *check_tell(struct checking *c, enum diag_code code, uint32_t layer, const char *fmt,
                        ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(&c->arena, fmt, ap);
    va_end(ap);
    return diag_add(c->d, code, c->n->layer.data[layer].span, "%s", text);
}

/* Which connections lead to and from each layer. */
static void index_connections(struct checking *c)
{
    const struct net *n = c->n;
    c->first_to = ARENA_ARRAY(&c->arena, uint32_t, n->layer.n + 1);
    c->first_from = ARENA_ARRAY(&c->arena, uint32_t, n->layer.n + 1);
    c->next_to = ARENA_ARRAY(&c->arena, uint32_t, n->connection.n + 1);
    c->next_from = ARENA_ARRAY(&c->arena, uint32_t, n->connection.n + 1);
    c->feeds = ARENA_ARRAY(&c->arena, bool, n->input.n + 1);
    for (uint32_t i = 0; i < n->layer.n; i++)
        c->first_to[i] = c->first_from[i] = CHECK_END;
    for (uint32_t i = n->connection.n; i-- > 0;) {
        const struct net_connection *x = &n->connection.data[i];
        c->next_to[i] = c->first_to[x->dst];
        c->first_to[x->dst] = i;
        if (x->from_input) {
            c->feeds[x->src] = true;
            continue;
        }
        c->next_from[i] = c->first_from[x->src];
        c->first_from[x->src] = i;
    }
}

/* ---- running them ---- */

void checks_of_source(struct unit *u)
{
    struct checking c = {.u = u, .d = u->diags};
    for (int i = 0; i < N_RULES; i++)
        if (checks[i].of == SOURCE && applies(&checks[i], u->diags))
            checks[i].run(&c, 0);
    arena_free(&c.arena);
}

static uint32_t count_of(const struct checking *c, enum check_of of)
{
    const struct net *n = c->n;
    return of == INPUT        ? n->input.n
           : of == CONNECTION ? n->connection.n
           : of == LAYER      ? n->layer.n
           : of == VALUES     ? c->layers
                              : 0;
}

static void run(struct checking *c, int rule)
{
    const struct check *k = &checks[rule];
    for (uint32_t i = 0; i < count_of(c, k->of); i++) {
        uint64_t *found = k->of == CONNECTION ? &c->found[c->n->connection.data[i].dst]
                          : k->of == INPUT    ? NULL
                                              : &c->found[i];
        if (found && (*found & k->needs))
            continue;
        if (k->run(c, i) && found)
            *found |= (uint64_t)1 << rule;
    }
}

void checks_of_network(struct unit *u, const struct net *n)
{
    struct elab *el = u->elab;
    const uint32_t left = CHECK_LAYERS - el->checked_layers;
    struct checking c = {.u = u,
                         .d = u->diags,
                         .n = n,
                         .tried = el->checked_steps,
                         .layers = n->layer.n < left ? n->layer.n : left};
    struct diags quiet = {0};
    if (sim_map(&c.arena, n, NULL, &c.plan, &quiet)) {
        c.plan.dt = n->dt > 0 ? n->dt : 1e-3; /* event-driven networks are tried in steps too */
        c.found = ARENA_ARRAY(&c.arena, uint64_t, n->layer.n + 1);
        index_connections(&c);
        for (int i = 0; i < N_RULES; i++)
            if (applies(&checks[i], u->diags))
                run(&c, i);
    }
    el->checked_layers += c.layers;
    el->checked_steps = c.tried;
    diags_free(&quiet);
    arena_free(&c.arena);
}
