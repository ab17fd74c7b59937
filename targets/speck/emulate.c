#include "targets/speck/emulate.h"

#include "runtime/base/number.h"
#include "targets/speck/decode.h"
#include "targets/speck/export.h"

struct device {
    struct event_device base; /* the plan has this */
    const struct speck_config *c;
    const struct speck_maps *m;
    const struct plan *p;
    struct speck_choices choices;
    uint32_t group[SPECK_CORES]; /* the layer on each core, or EVENT_NO_GROUP */
};

struct instance {
    const struct device *of;
    struct speck_virtual *chip;
    uint64_t *tally;
};

/* ---- spikes ---- */

struct listener {
    const struct device *of;
    const struct event_ear *ear;
};

static uint32_t element_of(const struct speck_cnn_layer *l, uint32_t f, uint32_t y, uint32_t x)
{
    const struct speck_xy *size = &l->dimensions.output_shape.size;
    return (f * (uint32_t)size->y + y) * (uint32_t)size->x + x;
}

/* Layers answer whether they are monitored or not: what isn't can be looked at here all the same.
 */
static bool hears(void *arg, const struct speck_event *e, bool monitored)
{
    const struct listener *l = arg;
    (void)monitored;
    if (e->layer >= SPECK_CORES)
        return true;
    const uint32_t group = l->of->group[e->layer];
    const uint32_t neuron = element_of(&l->of->c->cnn_layers[e->layer], e->feature, e->y, e->x);
    return l->ear->fires(l->ear->arg, e->t, group, group == EVENT_NO_GROUP ? 0 : neuron);
}

/* ---- what comes in ---- */

static void map_of(const struct plan_shape *s, uint32_t map[3])
{
    map[0] = 1;
    map[1] = map[2] = 1;
    for (uint32_t i = 0; i < s->rank; i++)
        map[s->rank == 3 ? i : 0] = s->rank == 3 ? s->extent[i] : map[0] * s->extent[i];
}

/* The host sends an event to each core that its input goes to, in one go. */
static void post(struct instance *k, int64_t t, uint32_t input, uint32_t channel)
{
    const struct device *d = k->of;
    const struct plan_shape shape = plan_stimulus_shape(&d->p->input.data[input]);
    uint32_t map[3];
    map_of(&shape, map);
    const uint32_t x = channel % map[2], y = channel / map[2] % map[1],
                   f = channel / map[2] / map[1];
    for (uint32_t i = 0; i < d->m->input[input].n; i++) {
        const struct speck_entry *to = &d->m->input[input].to[i];
        const struct speck_event e = {t, to->layer, (uint16_t)(f + to->feature_shift),
                                      (uint16_t)(y / to->pool[0]), (uint16_t)(x / to->pool[1])};
        if ((e.y < map[1] / to->pool[0] && e.x < map[2] / to->pool[1]) || d->choices.border_kept)
            speck_virtual_post(k->chip, &e);
        else
            k->tally[speck_input_tally(input)]++;
    }
}

/* ---- as a device ---- */

static void *open_chip(const struct event_device *base, struct arena *a)
{
    const struct device *d = (const struct device *)base;
    struct instance *k = ARENA_NEW(a, struct instance);
    *k = (struct instance){d, speck_virtual_new(a, d->c, &d->choices),
                           ARENA_ARRAY(a, uint64_t, base->n_tallies)};
    return k->chip ? k : NULL;
}

static void begin(void *chip)
{
    struct instance *k = chip;
    speck_virtual_reset(k->chip);
}

static bool serve(void *chip, int64_t t, uint32_t input, uint32_t channel,
                  const struct event_ear *ear)
{
    struct instance *k = chip;
    struct listener l = {k->of, ear};
    const struct speck_ear mine = {hears, &l};
    if (!speck_virtual_pass(k->chip, t, &mine))
        return false;
    post(k, t, input, channel);
    return speck_virtual_serve(k->chip, &mine);
}

static bool end(void *chip, int64_t t, const struct event_ear *ear)
{
    struct instance *k = chip;
    struct listener l = {k->of, ear};
    const struct speck_ear mine = {hears, &l};
    return speck_virtual_pass(k->chip, t, &mine);
}

static void state(const void *chip, uint32_t group, float *to)
{
    const struct instance *k = chip;
    const uint32_t core = k->of->m->layer[group].core;
    const struct speck_shape *s = &k->of->c->cnn_layers[core].dimensions.output_shape;
    for (uint32_t f = 0; f < (uint32_t)s->feature_count; f++)
        for (uint32_t y = 0; y < (uint32_t)s->size.y; y++)
            for (uint32_t x = 0; x < (uint32_t)s->size.x; x++)
                *to++ = (float)speck_virtual_state(k->chip, core, f, y, x);
}

static const uint64_t *tallies(const void *chip)
{
    const struct instance *k = chip;
    memcpy(k->tally, speck_virtual_losses(k->chip), SPECK_LAYERS * SPECK_LOSSES * sizeof *k->tally);
    return k->tally;
}

/* ---- settings ---- */

/* Hz, without a sign or an exponent. */
static bool read_rate(const char *text, size_t n, double *out)
{
    size_t digits = 0, points = 0;
    for (size_t i = 0; i < n; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        points += text[i] == '.';
    }
    return digits > 0 && points <= 1 && digits + points == n && !number_read(text, n, 0, out) &&
           *out <= SPECK_MAX_CLOCK;
}

static bool choose_one(struct speck_choices *c, const char *text, size_t n)
{
    static const char clock[] = "slow-clock=";
    const size_t prefix = sizeof clock - 1;
    const struct {
        const char *name;
        bool *choice;
    } flag[] = {{"leak-fires", &c->leak_fires},
                {"border-kept", &c->border_kept},
                {"monitor-undecimated", &c->monitor_undecimated}};
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++) {
        if (strlen(flag[i].name) == n && memcmp(flag[i].name, text, n) == 0)
            return *flag[i].choice = true;
    }
    return n > prefix && memcmp(text, clock, prefix) == 0 &&
           read_rate(text + prefix, n - prefix, &c->slow_clock);
}

static bool choose(struct event_device *base, const char *text, struct diags *d)
{
    struct speck_choices *c = &((struct device *)base)->choices;
    for (;;) {
        const size_t n = strcspn(text, ",");
        if (!choose_one(c, text, n)) {
            struct diag *g = diag_add(d, E0903, (struct span){0},
                                      "`%.*s` is no setting of the virtual chip", (int)n, text);
            diag_hint(d, g,
                      "settings are slow-clock=HZ (up to %d), leak-fires, border-kept and "
                      "monitor-undecimated",
                      SPECK_MAX_CLOCK);
            return false;
        }
        if (!text[n])
            return true;
        text += n + 1;
    }
}

/* ---- the device ---- */

struct event_device *speck_device_new(struct arena *a, const struct speck_config *c,
                                      const struct speck_maps *m, const struct plan *p)
{
    struct device *d = ARENA_NEW(a, struct device);
    *d = (struct device){.base = {.n_tallies = speck_n_tallies(p),
                                  .open = open_chip,
                                  .begin = begin,
                                  .serve = serve,
                                  .end = end,
                                  .state = state,
                                  .tallies = tallies,
                                  .choose = choose},
                         .c = c,
                         .m = m,
                         .p = p};
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        const int layer = speck_layer_on(m, i);
        d->group[i] = layer < 0 ? EVENT_NO_GROUP : (uint32_t)layer;
    }
    return &d->base;
}

bool speck_emulate(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                   struct diags *d)
{
    struct speck_config *c = ARENA_NEW(a, struct speck_config);
    struct speck_maps *m = ARENA_NEW(a, struct speck_maps);
    if (!speck_decode(a, im, p, d) || !speck_read_for(a, im, p, c, m, d))
        return false;
    p->semantics = PLAN_EVENT;
    p->device = speck_device_new(a, c, m, p);
    speck_findings(c, m, p, found);
    return true;
}
