/* dyn.h: events in and out. */
#include "runtime/context.h"

static const struct span NOWHERE = {0, 0, 0};

static bool channel_of(const struct plan_shape *s, const dyn_event *e, uint32_t *out)
{
    if (s->rank > 1)
        return stimulus_place(s, e->channel, e->y, e->x, out);
    *out = e->channel;
    return e->channel < stimulus_channels(s) && e->y == 0 && e->x == 0;
}

static bool no_memory(struct dyn_context *c, const char *name)
{
    diag_add(&c->diags, E0308, NOWHERE, "no memory for the events of `%s`", name);
    return false;
}

/* The list in the order of trials; those of a trial keep theirs. offset[trial + 1] are counted
 * already. */
static bool fill(struct dyn_context *c, const dyn_input *in, const struct plan_shape *shape,
                 uint64_t *next, struct stimulus_list *out)
{
    for (size_t i = 0; i < in->n_events; i++) {
        const dyn_event *e = &in->events[i];
        const uint64_t at = next[e->trial]++;
        out->time[at] = (double)e->t;
        if (!channel_of(shape, e, &out->channel[at])) {
            diag_add(&c->diags, E0801, NOWHERE,
                     "event %zu of `%s` is at (%u, %u, %u), outside of the input", i, in->name,
                     e->channel, e->y, e->x);
            return false;
        }
    }
    return true;
}

bool context_take_events(struct dyn_context *c, struct dyn_result *r, uint32_t input,
                         const dyn_input *in)
{
    const struct plan_shape shape = plan_stimulus_shape(&r->plan.input.data[input]);
    uint32_t trials = in->trials ? in->trials : 1;
    for (size_t i = 0; i < in->n_events; i++) {
        const uint32_t trial = in->events[i].trial;
        if (trial == UINT32_MAX || (in->trials && trial >= in->trials)) {
            diag_add(&c->diags, E0801, NOWHERE, "event %zu of `%s` is in trial %u of %u", i,
                     in->name, trial, in->trials);
            return false;
        }
        trials = trial >= trials ? trial + 1 : trials;
    }
    struct stimulus_list list;
    uint64_t *offset = arena_try(&r->arena, (size_t)trials + 1, sizeof *offset);
    uint64_t *next = arena_try(&r->arena, (size_t)trials + 1, sizeof *next);
    if (!offset || !next || !stimulus_list_new(&r->arena, in->n_events, &list))
        return no_memory(c, in->name);
    for (size_t i = 0; i < in->n_events; i++)
        offset[in->events[i].trial + 1]++;
    for (uint32_t t = 0; t < trials; t++)
        offset[t + 1] += offset[t];
    memcpy(next, offset, ((size_t)trials + 1) * sizeof *next);
    return fill(c, in, &shape, next, &list) &&
           stimulus_take(&r->arena, &r->stimulus.source[input], &list, offset, trials + 1,
                         stimulus_channels(&shape), r->plan.dt, in->steps, &c->diags, in->name,
                         NOWHERE);
}

bool context_give_events(struct dyn_context *c, struct dyn_result *r)
{
    if (!r->run.event)
        return true;
    r->events = ARENA_ARRAY(&r->arena, dyn_event *, r->run.n_record + 1);
    for (uint32_t i = 0; i < r->run.n_record; i++) {
        if (r->run.record[i].what.state >= 0)
            continue;
        const uint64_t n = r->run.record[i].n;
        r->events[i] = arena_try(&r->arena, (size_t)n + 1, sizeof **r->events);
        if (!r->events[i])
            return no_memory(c, r->plan.group.data[r->run.record[i].what.group].name);
        const uint8_t *from = r->run.record[i].data;
        for (uint64_t k = 0; k < n; k++, from += EVENT_BYTES) {
            const struct event_record e = event_record_get(from);
            r->events[i][k] = (dyn_event){.trial = e.trial,
                                          .t = e.t,
                                          .channel = (uint16_t)e.channel,
                                          .y = (uint16_t)e.y,
                                          .x = (uint16_t)e.x};
        }
    }
    return true;
}
