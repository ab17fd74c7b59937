/* What a group's steps gave: spikes into the lists that projections read, totals and recorded
 * variables into the result. */
#include "runtime/base/bits.h"
#include "runtime/engine.h"

bool failure_before(const struct run_failure *a, const struct run_failure *b)
{
    const uint64_t x[] = {a->item, a->trial, a->step, a->group, a->neuron},
                   y[] = {b->item, b->trial, b->step, b->group, b->neuron};
    size_t i = 0;
    while (i < 4 && x[i] == y[i])
        i++;
    return x[i] < y[i];
}

struct collector {
    const struct engine *e;
    const struct item *it;
    const struct kernel_args *args;
    struct run_failure *failure;
    uint32_t group, n; /* neurons */
    struct range lanes;
    void *const *record; /* as in the block */
    size_t used;         /* lanes, without padding */
    size_t trial;        /* of the result: the item's first */
    uint64_t first;      /* step of the span */
    size_t row;          /* the same step of the window */
};

/* ---- spikes ------------------------------------------------------------------------------------
 */

/* The first 64 of n bits, a multiple of 16. Bytes that the kernel has just written are had sooner
 * if no more are read at a time than were written. */
static uint64_t bits_at(const uint8_t *fired, size_t n)
{
    uint64_t bits = 0;
    if (n >= 64) {
        memcpy(&bits, fired, sizeof bits);
        return bits;
    }
    for (size_t i = 0; i < n; i += 16) {
        uint16_t some;
        memcpy(&some, fired + i / 8, sizeof some);
        bits |= (uint64_t)some << i;
    }
    return bits;
}

/* The spikes among bits [begin, end) of all rows, as events whose channel is the bit. How many a
 * word has is not to be foreseen: some are always written, and counted if they are there. */
static void find_spikes(const uint8_t *fired, size_t begin, size_t end, struct event_list *l)
{
    enum { ALWAYS = 4 };
    for (size_t at = begin; at < end; at += 64) {
        uint64_t bits = bits_at(fired + at / 8, end - at);
        if (l->cap - l->n < 64)
            event_list_reserve(l, 64);
        const uint32_t some = bits_count(bits);
        struct event *to = l->event + l->n;
        for (uint32_t i = 0; i < ALWAYS; i++, bits &= bits - 1)
            to[i].channel = (uint32_t)at + bits_lowest(bits);
        for (uint32_t i = ALWAYS; i < some; i++, bits &= bits - 1)
            to[i].channel = (uint32_t)at + bits_lowest(bits);
        l->n += some;
    }
}

static bool is_count(float count)
{
    /* The comparison with itself rounded fails for NaN; the limit is far below 2^32. */
    return count > 0 && count < 0x1p24f && count == (float)(uint32_t)count;
}

static void fail(const struct collector *c, const struct event *e, uint64_t step)
{
    const struct run_failure f = {.kind =
                                      is_count(e->count) ? RUN_COUNT_TOO_LARGE : RUN_NOT_A_COUNT,
                                  .item = c->it->index,
                                  .step = step,
                                  .trial = c->it->first + e->trial,
                                  .group = c->group,
                                  .neuron = e->channel,
                                  .count = e->count};
    if (c->failure->kind == RUN_OK || failure_before(&f, c->failure))
        *c->failure = f;
}

/* Completes the events that begin at `before`, leaves out those of padding, and counts them. */
static void count_spikes(const struct collector *c, struct event_list *l, size_t before)
{
    const struct run_result *r = c->e->result;
    const float *count = c->args->spikes + c->args->stride;
    const uint32_t stride = (uint32_t)c->args->stride, n = c->n;
    uint64_t *total = r->count[c->group] + c->trial * n;
    const struct group_plan *g = &c->e->schedule.group[c->group];
    uint8_t *spikes = g->keeps_spikes ? c->record[g->record[g->n_states]] : NULL;
    const float most = spikes ? UINT8_MAX : 0x1p24f;
    const bool one_trial = c->it->trials == 1;
    const size_t window = (size_t)c->e->window;
    const size_t end = l->n;
    l->n = before;
    for (size_t i = before; i < end; i++) {
        const uint32_t bit = l->event[i].channel, row = bit / stride, lane = bit % stride;
        const uint64_t step = c->first + row;
        if (lane >= c->used)
            continue;
        const uint32_t trial = one_trial ? 0 : lane / n; /* divisions take their time */
        struct event *e = &l->event[l->n++];
        *e = (struct event){row, trial, lane - trial * n, count[bit]};
        l->begin[e->step + 1] = l->n;
        if (!is_count(e->count) || e->count > most) {
            fail(c, e, step);
            continue;
        }
        const uint32_t whole = (uint32_t)e->count;
        total[lane] += whole;
        if (spikes)
            spikes[(e->trial * window + c->row + row) * n + e->channel] = (uint8_t)whole;
    }
}

/* Who fired in the result's first trial, whose neurons are the first lanes. */
static void keep_raster(const struct collector *c, const struct stretch *x)
{
    uint8_t *raster = c->trial == 0 ? c->e->result->raster[c->group] : NULL;
    const size_t width = run_raster_row(c->n), stride = c->args->stride / 8;
    const size_t begin = c->lanes.begin / 8, last = c->lanes.end / 8;
    const size_t end = last < width ? last : width;
    if (!raster || begin >= end)
        return;
    uint8_t *to = raster + x->first * width + begin;
    const uint8_t *from = c->args->fired + x->begin * stride + begin;
    if (end - begin == stride) {
        memcpy(to, from, x->steps * stride);
        return;
    }
    for (uint32_t i = 0; i < x->steps; i++)
        memcpy(to + i * width, from + i * stride, end - begin);
}

static struct collector new_collector(const struct engine *e, struct team *t, uint32_t part,
                                      uint32_t group, const struct stretch *x)
{
    const uint32_t n = e->plan->group.data[group].n;
    const uint64_t first = x->first - x->begin;
    return (struct collector){.e = e,
                              .it = &t->item,
                              .args = &t->block.group[group].args,
                              .record = t->block.record,
                              .failure = &t->failure[part],
                              .group = group,
                              .n = n,
                              .lanes = t->block.range[part * e->plan->group.n + group],
                              .used = (size_t)n * t->item.trials,
                              .trial = (size_t)t->item.chip * e->result->trials + t->item.first,
                              .first = first,
                              .row = (size_t)(first % e->window)};
}

/* Rows lie side by side, and so do their bits where a part has all lanes. */
void collect_spikes(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                    const struct stretch *x)
{
    const struct kernel_args *args = &t->block.group[group].args;
    const struct range lanes = t->block.range[part * e->plan->group.n + group];
    struct event_list *l = event_list_of(e, &t->block.of_group[group], x->span, part);
    const size_t stride = args->stride, end = x->begin + x->steps;
    if (x->begin == 0)
        l->n = l->begin[0] = 0;
    const size_t before = l->n;
    if (lanes.end - lanes.begin == stride)
        find_spikes(args->fired, x->begin * stride, end * stride, l);
    else
        for (size_t row = x->begin; row < end; row++)
            find_spikes(args->fired, row * stride + lanes.begin, row * stride + lanes.end, l);
    for (size_t row = x->begin; row < end; row++)
        l->begin[row + 1] = before;
    if (l->n == before)
        return;
    const struct collector c = new_collector(e, t, part, group, x);
    count_spikes(&c, l, before);
    keep_raster(&c, x);
    for (size_t row = x->begin; row < end; row++) { /* steps without spikes */
        size_t *begin = &l->begin[row];
        begin[1] = begin[1] > begin[0] ? begin[1] : begin[0];
    }
}

/* ---- states ------------------------------------------------------------------------------------
 */

/* A row of a recorded state, trial by trial; `to` is the item's first trial in this step. */
static void keep_row(const struct collector *c, const float *row, float *to)
{
    const size_t trial_floats = (size_t)c->e->window * c->n;
    size_t neuron = c->lanes.begin % c->n;
    to += c->lanes.begin / c->n * trial_floats;
    const size_t end = c->lanes.end < c->used ? c->lanes.end : c->used;
    for (size_t lane = c->lanes.begin; lane < end; to += trial_floats) {
        const size_t left = c->n - neuron, stop = lane + left < end ? lane + left : end;
        memcpy(to + neuron, row + lane, (stop - lane) * sizeof *row);
        lane = stop;
        neuron = 0;
    }
}

void collect_states(const struct engine *e, struct team *t, uint32_t part, uint32_t group,
                    const struct stretch *x)
{
    const struct collector c = new_collector(e, t, part, group, x);
    const struct group_plan *g = &e->schedule.group[group];
    for (uint32_t s = 0; s < g->n_states; s++) {
        if (!g->traced[s])
            continue;
        float *to = (float *)c.record[g->record[s]] + (c.row + x->begin) * c.n;
        for (uint32_t i = 0; i < x->steps; i++)
            keep_row(&c, c.args->trace[s] + i * c.args->stride, to + (size_t)i * c.n);
    }
}
