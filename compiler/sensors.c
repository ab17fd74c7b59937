/* Inputs that are sensors: `input cam[2, 128, 128] from dvs { ... }`. The shape that is declared is
 * the sensor's own; what its settings leave of it is the input's. */
#include "compiler/connect.h"

struct setting {
    struct build *b;
    struct env env;
    struct sensor *s;
    const struct ast_assign *as;
};

static bool set_bool(const struct setting *x, const struct ast_expr *e, bool *out)
{
    struct value v = eval_known(&x->env, e);
    if (v.kind == V_POISON)
        return false;
    if (v.kind != V_BOOL || v.array) {
        diag_add(x->b->el->u->diags, E0302, e->span, "`%s` is true or false", x->as->name.text);
        return false;
    }
    *out = v.number != 0;
    return true;
}

static bool set_merge(const struct setting *x)
{
    return set_bool(x, x->as->value, &x->s->merge);
}

static bool set_on(const struct setting *x)
{
    return set_bool(x, x->as->value, &x->s->on);
}

static bool set_off(const struct setting *x)
{
    return set_bool(x, x->as->value, &x->s->off);
}

static bool set_swap(const struct setting *x)
{
    return set_bool(x, x->as->value, &x->s->swap);
}

static bool set_mirror(const struct setting *x)
{
    struct value v = eval_known(&x->env, x->as->value);
    if (v.kind == V_POISON)
        return false;
    if (v.kind != V_BOOL || !v.array || v.array->shape.rank != 1 || v.array->n != 2) {
        struct diags *d = x->b->el->u->diags;
        struct diag *g = diag_add(d, E0302, x->as->value->span,
                                  "`mirror` is two booleans, whether rows and whether columns are");
        diag_hint(d, g, "as in `mirror = [false, true]`");
        return false;
    }
    x->s->mirror[0] = value_at(&v, 0) != 0;
    x->s->mirror[1] = value_at(&v, 1) != 0;
    return true;
}

static bool set_pool(const struct setting *x)
{
    return eval_pair(&x->env, x->as->value, 1, MAPS_MOST, "`pool`", x->s->pool);
}

/* After the pool is known. */
static bool set_crop(const struct setting *x)
{
    struct diags *d = x->b->el->u->diags;
    const struct ast_expr *e = x->as->value;
    uint32_t n = 0, map[3];
    for (const struct ast_sub *r = e->kind == AST_RANGES ? e->subs : NULL; r; r = r->next)
        n++;
    if (n != 2) {
        struct diag *g = diag_add(d, E0302, e->span, "`crop` is two ranges, of rows and columns");
        diag_hint(d, g, "as in `crop = [10:40, 0:64]`");
        return false;
    }
    if (!pooled_map(x->s->raw, x->s->pool, map))
        return true; /* told of the pool */
    struct shape s = {2, {map[1], map[2]}};
    struct selection kept;
    if (!select_elements(&x->env, e->subs, &s, x->as->name.span, &kept))
        return false;
    for (int i = 0; i < 2; i++) {
        x->s->crop[i][0] = kept.axis[i].from;
        x->s->crop[i][1] = kept.axis[i].from + kept.axis[i].n;
    }
    return true;
}

static const struct {
    const char *name;
    bool (*set)(const struct setting *x);
} settings[] = {
    {"merge", set_merge},   {"on", set_on},     {"off", set_off},   {"pool", set_pool},
    {"mirror", set_mirror}, {"swap", set_swap}, {"crop", set_crop}, /* the last, see there */
};

enum { N_SETTINGS = sizeof settings / sizeof *settings };

static bool known_settings(const struct setting *x, const struct piece *p)
{
    struct diags *d = x->b->el->u->diags;
    const char *names[N_SETTINGS];
    bool good = true;
    for (int i = 0; i < N_SETTINGS; i++)
        names[i] = settings[i].name;
    for (const struct ast_assign *as = p->item->assigns; as; as = as->next) {
        int i = 0;
        while (as->name.text && i < N_SETTINGS && strcmp(as->name.text, names[i]) != 0)
            i++;
        if (!as->name.text || i < N_SETTINGS)
            continue;
        struct diag *g =
            diag_add(d, E0205, as->name.span, "a sensor has no setting `%s`", as->name.text);
        diag_hint(d, g, "settings are pool, crop, mirror, swap, merge, on and off");
        hint_near(d, g, as->name.text, names, N_SETTINGS);
        good = false;
    }
    return good;
}

static bool read_settings(struct setting *x, const struct piece *p)
{
    struct diags *d = x->b->el->u->diags;
    bool good = known_settings(x, p);
    for (int i = 0; i < N_SETTINGS; i++) {
        const struct ast_assign *first = NULL;
        if (settings[i].set == set_crop) {
            x->s->crop[0][1] = x->s->raw[1] / x->s->pool[0];
            x->s->crop[1][1] = x->s->raw[2] / x->s->pool[1];
        }
        for (const struct ast_assign *as = p->item->assigns; as; as = as->next) {
            if (!as->name.text || !as->value || strcmp(as->name.text, settings[i].name) != 0)
                continue;
            if (first) {
                struct diag *g =
                    diag_add(d, E0202, as->name.span, "`%s` is given twice", as->name.text);
                diag_label(d, g, first->name.span, "given here");
                good = false;
                continue;
            }
            first = x->as = as;
            good &= settings[i].set(x);
        }
    }
    return good;
}

bool is_sensor(const struct piece *p)
{
    return p->item->from.text || p->item->assigns;
}

bool build_sensor(struct build *b, struct piece *p, const struct shape *raw)
{
    struct diags *d = b->el->u->diags;
    struct sensor *s = ARENA_NEW(b->el->u->arena, struct sensor);
    const struct ast_net_item *item = p->item;
    *s = (struct sensor){.from = item->from.text, .on = true, .off = true, .pool = {1, 1}};
    if (!s->from) {
        struct diag *g = diag_add(d, E0403, item->assigns->span,
                                  "`%s` is no sensor: it has no settings", p->name);
        diag_hint(d, g, "a sensor is `input %s[2, 128, 128] from dvs { ... }`", item->name.text);
        return false;
    }
    if (strcmp(s->from, "dvs") != 0) {
        struct diag *g =
            diag_add(d, E0403, item->from.span, "there is no sensor called `%s`", s->from);
        diag_hint(d, g, "`dvs` is one");
        return false;
    }
    if (raw->rank != 3 || raw->extent[0] != 2) {
        struct diag *g = diag_add(d, E0403, item->name.span,
                                  "the shape of a `dvs` is [2, height, width]: off and on events");
        diag_hint(d, g, "`merge = true` makes one feature of both");
        return false;
    }
    memcpy(s->raw, raw->extent, sizeof s->raw);
    struct setting x = {.b = b, .env = env_in(b, p->home), .s = s};
    if (!read_settings(&x, p))
        return false;
    const char *wrong = sensor_wrong(s);
    if (wrong) {
        diag_add(d, E0403, item->name.span, "`%s`: %s", p->name, wrong);
        return false;
    }
    p->sensor = s;
    return true;
}
