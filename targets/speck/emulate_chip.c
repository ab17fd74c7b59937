#include "targets/speck/emulate_chip.h"

#include <math.h>
#include <string.h>

struct arrival {
    uint8_t layer;
    uint16_t f, y, x;
};

struct core {
    const struct speck_cnn_layer *l;
    int32_t in, out, kernel, size[2], stride[2], padding[2]; /* pairs are y, x */
    int16_t *weight;                                         /* [in][y][x][out] */
    int32_t *state;                                          /* [y][x][out] */
    int32_t held_back;                                       /* spikes, by the decimator */
    bool leaks; /* some bias isn't 0, and leaks are on */
};

struct speck_virtual {
    struct arena *arena;
    const struct speck_config *c;
    const struct speck_choices *o;
    struct core core[SPECK_CORES];
    struct speck_readout readout;
    struct {
        VEC(struct arrival) in;
        uint32_t first;
    } queue;
    uint64_t ticks;         /* of the external clock */
    uint64_t sensor_events; /* since the internal clock's last tick */
    int64_t t;
    const struct speck_ear *ear;
    uint64_t lost[SPECK_LAYERS][SPECK_LOSSES];
};

/* ---- the chip as it is made ---- */

static bool make_core(struct arena *a, struct core *k, const struct speck_cnn_layer *l)
{
    const struct speck_dimensions *d = &l->dimensions;
    *k = (struct core){.l = l,
                       .in = d->input_shape.feature_count,
                       .out = d->output_shape.feature_count,
                       .kernel = d->kernel_size,
                       .size = {d->output_shape.size.y, d->output_shape.size.x},
                       .stride = {d->stride.y, d->stride.x},
                       .padding = {d->padding.y, d->padding.x}};
    k->weight = arena_try(a, (size_t)speck_n_weights(d), sizeof *k->weight);
    k->state = arena_try(a, (size_t)speck_n_neurons(d), sizeof *k->state);
    if (!k->weight || !k->state)
        return false;
    int16_t *w = k->weight;
    for (int32_t c = 0; c < k->in; c++)
        for (int32_t y = 0; y < k->kernel; y++)
            for (int32_t x = 0; x < k->kernel; x++)
                for (int32_t f = 0; f < k->out; f++)
                    *w++ = l->weights[speck_weight_at(d, f, c, y, x)];
    for (int32_t f = 0; f < k->out; f++)
        k->leaks = k->leaks || (l->leak_enable && l->biases[f] != 0);
    return true;
}

struct speck_virtual *speck_virtual_new(struct arena *a, const struct speck_config *c,
                                        const struct speck_choices *o)
{
    struct speck_virtual *s = ARENA_NEW(a, struct speck_virtual);
    *s = (struct speck_virtual){.arena = a, .c = c, .o = o};
    for (uint32_t i = 0; i < SPECK_CORES; i++)
        if (!make_core(a, &s->core[i], &c->cnn_layers[i]))
            return NULL;
    speck_virtual_reset(s);
    return s;
}

void speck_virtual_reset(struct speck_virtual *s)
{
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        struct core *k = &s->core[i];
        int32_t *v = k->state;
        for (int32_t y = 0; y < k->size[0]; y++)
            for (int32_t x = 0; x < k->size[1]; x++)
                for (int32_t f = 0; f < k->out; f++)
                    *v++ = k->l->neurons_initial_value[speck_neuron_at(&k->l->dimensions, f, y, x)];
        k->held_back = 0;
    }
    speck_readout_reset(&s->readout, &s->c->readout);
    s->queue.in.n = s->queue.first = 0;
    s->ticks = s->sensor_events = 0;
    s->t = 0;
}

static size_t state_at(const struct core *k, int32_t f, int32_t y, int32_t x)
{
    return ((size_t)y * (size_t)k->size[1] + (size_t)x) * (size_t)k->out + (size_t)f;
}

int32_t speck_virtual_state(const struct speck_virtual *s, uint32_t core, uint32_t f, uint32_t y,
                            uint32_t x)
{
    const struct core *k = &s->core[core];
    return k->state[state_at(k, (int32_t)f, (int32_t)y, (int32_t)x)];
}

const uint64_t *speck_virtual_losses(const struct speck_virtual *s)
{
    return s->lost[0];
}

/* ---- out of a core ---- */

static void queue(struct speck_virtual *s, int32_t layer, int32_t f, int32_t y, int32_t x)
{
    VEC_PUSH(s->arena, &s->queue.in,
             ((struct arrival){(uint8_t)layer, (uint16_t)f, (uint16_t)y, (uint16_t)x}));
}

static bool tell(struct speck_virtual *s, uint32_t layer, int32_t f, int32_t y, int32_t x,
                 bool monitored)
{
    const struct speck_event e = {s->t, (uint8_t)layer, (uint16_t)f, (uint16_t)y, (uint16_t)x};
    return s->ear->hears(s->ear->arg, &e, monitored);
}

/* To one destination: of addresses the low bits go. */
static void leave(struct speck_virtual *s, uint32_t core, const struct speck_destination *to,
                  int32_t f, int32_t y, int32_t x)
{
    const struct core *k = &s->core[core];
    const int32_t shift = to->pooling == 4 ? 2 : to->pooling - 1;
    const bool whole = y >> shift < k->size[0] >> shift && x >> shift < k->size[1] >> shift;
    if (whole || s->o->border_kept)
        queue(s, to->layer, f + to->feature_shift, y >> shift, x >> shift);
    else
        s->lost[core][SPECK_BORDER]++;
}

/* False: nobody listens. */
static bool fire(struct speck_virtual *s, uint32_t core, int32_t f, int32_t y, int32_t x)
{
    struct core *k = &s->core[core];
    const struct speck_cnn_layer *l = k->l;
    if (l->output_decimator_enable) {
        k->held_back++;
        if ((uint32_t)k->held_back < speck_decimation((uint32_t)l->output_decimator_interval))
            return !s->o->monitor_undecimated || tell(s, core, f, y, x, l->monitor_enable);
        k->held_back = 0;
    }
    for (uint32_t i = 0; i < SPECK_DESTINATIONS; i++)
        if (l->destinations[i].enable)
            leave(s, core, &l->destinations[i], f, y, x);
    return tell(s, core, f, y, x, l->monitor_enable);
}

/* ---- into a core ---- */

/* A sum as its word holds it. */
static int32_t held(const struct speck_cnn_layer *l, int32_t sum)
{
    if (sum > SPECK_MAX_STATE)
        return SPECK_MAX_STATE;
    return sum < l->threshold_low ? l->threshold_low : sum;
}

/* Whether a state fires; it is left as it is afterwards. */
static bool reaches(const struct speck_cnn_layer *l, int32_t *v)
{
    if (*v < l->threshold_high)
        return false;
    *v = l->return_to_zero ? 0 : *v - l->threshold_high;
    return true;
}

/* The outputs [out[0], out[1]) along an axis whose kernel covers an input at `at`. */
static void covered(const struct core *k, int axis, int32_t at, int32_t out[2])
{
    const int32_t padded = at + k->padding[axis], stride = k->stride[axis];
    const int32_t behind = padded - k->kernel; /* the first kernel begins after it */
    out[0] = behind < 0 ? 0 : behind / stride + 1;
    out[1] = padded / stride + 1;
    if (out[1] > k->size[axis])
        out[1] = k->size[axis];
}

static bool into_core(struct speck_virtual *s, uint32_t core, const struct arrival *e)
{
    struct core *k = &s->core[core];
    int32_t oy[2], ox[2];
    if (e->f >= k->in) {
        s->lost[core][SPECK_NO_FEATURE]++;
        return true;
    }
    covered(k, 0, e->y, oy);
    covered(k, 1, e->x, ox);
    if (oy[0] >= oy[1] || ox[0] >= ox[1])
        s->lost[core][SPECK_NO_NEURON]++;
    for (int32_t y = oy[0]; y < oy[1]; y++) {
        const int32_t ky = e->y + k->padding[0] - y * k->stride[0];
        for (int32_t x = ox[0]; x < ox[1]; x++) {
            const int32_t kx = e->x + k->padding[1] - x * k->stride[1];
            const size_t tap =
                ((size_t)e->f * (size_t)k->kernel + (size_t)ky) * (size_t)k->kernel + (size_t)kx;
            const int16_t *w = k->weight + tap * (size_t)k->out;
            int32_t *v = k->state + state_at(k, 0, y, x);
            for (int32_t f = 0; f < k->out; f++) {
                const int32_t sum = v[f] + w[f];
                s->lost[core][SPECK_SATURATED] += sum > SPECK_MAX_STATE;
                v[f] = held(k->l, sum);
                if (reaches(k->l, &v[f]) && !fire(s, core, f, y, x))
                    return false;
            }
        }
    }
    return true;
}

/* ---- clocks ---- */

/* *alive is set where another tick could change something. */
static bool leak(struct speck_virtual *s, uint32_t core, bool *alive)
{
    struct core *k = &s->core[core];
    int32_t *v = k->state;
    for (int32_t y = 0; y < k->size[0]; y++) {
        for (int32_t x = 0; x < k->size[1]; x++) {
            for (int32_t f = 0; f < k->out; f++, v++) {
                const int32_t before = *v;
                *v = held(k->l, before + k->l->biases[f]);
                *alive = *alive || *v != before;
                if (s->o->leak_fires && reaches(k->l, v) && !fire(s, core, f, y, x))
                    return false;
            }
        }
    }
    return true;
}

static bool tick_readout(struct speck_virtual *s, bool *alive)
{
    const uint32_t before = s->readout.winner;
    *alive = speck_readout_tick(&s->readout) || *alive;
    return s->readout.winner == before ||
           tell(s, SPECK_READOUT, (int32_t)s->readout.winner, 0, 0, s->c->readout.monitor_enable);
}

static bool tick(struct speck_virtual *s, bool internal, bool *alive)
{
    for (uint32_t i = 0; i < SPECK_CORES; i++)
        if (s->core[i].leaks && s->core[i].l->leak_internal_slow_clk_enable == internal &&
            !leak(s, i, alive))
            return false;
    if (s->c->readout.enable && s->c->readout.internal_slow_clk == internal &&
        !tick_readout(s, alive))
        return false;
    return true;
}

/* ---- the sensor ---- */

/* Whether an axis keeps a pixel, which is then counted from the first one kept. */
static bool crop(int32_t *at, int32_t pool, int32_t origin, int32_t cut, bool mirror)
{
    const int32_t pooled = *at / pool;
    *at = mirror ? cut - pooled : pooled - origin;
    return pooled >= origin && pooled <= cut;
}

static bool into_sensor(struct speck_virtual *s, const struct arrival *e)
{
    const struct speck_dvs_layer *v = &s->c->dvs_layer;
    const bool only = !v->on_channel || !v->off_channel;
    const int32_t feature = v->merge || only ? 0 : e->f;
    int32_t y = e->y, x = e->x;
    bool alive = false;
    if (++s->sensor_events == UINT64_C(1) << s->c->factory_config.internal_slow_clk_divider) {
        s->sensor_events = 0;
        if (!tick(s, true, &alive))
            return false;
    }
    if (!tell(s, SPECK_RAW, e->f, e->y, e->x, v->raw_monitor_enable))
        return false;
    if (!(e->f ? v->on_channel : v->off_channel) ||
        !crop(&y, v->pooling.y, v->origin.y, v->cut.y, v->mirror.y) ||
        !crop(&x, v->pooling.x, v->origin.x, v->cut.x, v->mirror.x))
        return true;
    if (v->mirror_diagonal) {
        const int32_t other = y;
        y = x;
        x = other;
    }
    for (uint32_t i = 0; i < SPECK_DESTINATIONS; i++)
        if (v->destinations[i].enable)
            queue(s, v->destinations[i].layer, feature, y, x);
    return tell(s, SPECK_DVS, feature, y, x, v->monitor_enable);
}

/* ---- events ---- */

static bool serve(struct speck_virtual *s, const struct arrival *e)
{
    if (e->layer < SPECK_CORES)
        return into_core(s, e->layer, e);
    if (e->layer == SPECK_DVS)
        return into_sensor(s, e);
    if (!speck_readout_event(&s->readout, e->f, e->y, e->x))
        s->lost[SPECK_READOUT][SPECK_NO_FEATURE]++;
    return true;
}

static bool exhaust(struct speck_virtual *s)
{
    bool ok = true;
    while (ok && s->queue.first < s->queue.in.n) {
        const struct arrival e = s->queue.in.data[s->queue.first++];
        ok = serve(s, &e);
    }
    s->queue.first = s->queue.in.n = 0;
    return ok;
}

void speck_virtual_post(struct speck_virtual *s, const struct speck_event *e)
{
    queue(s, e->layer, e->feature, e->y, e->x);
}

bool speck_virtual_serve(struct speck_virtual *s, const struct speck_ear *ear)
{
    s->ear = ear;
    return exhaust(s);
}

/* Ticks that change nothing are skipped: what comes between two events may be long. */
bool speck_virtual_pass(struct speck_virtual *s, int64_t t, const struct speck_ear *ear)
{
    const double hz = s->o->slow_clock, last = floor((double)t * hz / 1e6);
    s->ear = ear;
    while (hz > 0 && (double)s->ticks < last) {
        bool alive = false;
        s->ticks++;
        s->t = (int64_t)((double)s->ticks * 1e6 / hz);
        if (!tick(s, false, &alive) || !exhaust(s))
            return false;
        if (!alive)
            s->ticks = (uint64_t)last;
    }
    s->t = t;
    return true;
}
