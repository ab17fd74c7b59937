/* What is recorded, on its way into the result or to a sink.
 *
 * A team has a window on each recorded variable: the trials of its item, some whole spans of steps.
 * With a sink the window is the team's own memory and goes to the sink when it is full; without,
 * it is the item's part of the result and as long as the run. */
#include "runtime/engine.h"

uint32_t record_first(const struct engine *e, uint32_t record)
{
    const struct run_record r = e->options->record[record];
    const struct group_plan *g = &e->schedule.group[r.group];
    return g->record[r.state < 0 ? g->n_states : (uint32_t)r.state];
}

size_t record_row(const struct engine *e, uint32_t record)
{
    const struct run_record r = e->options->record[record];
    const size_t size = r.state < 0 ? sizeof(uint8_t) : sizeof(float);
    return e->plan->group.data[r.group].n * size;
}

/* Of all variables. */
static double step_bytes(const struct engine *e)
{
    double bytes = 0;
    for (uint32_t i = 0; i < e->options->n_record; i++)
        bytes += record_first(e, i) == i ? (double)record_row(e, i) : 0;
    return bytes;
}

void record_choose_window(struct engine *e, uint32_t teams)
{
    const struct run_sink *sink = e->options->sink;
    e->window = e->steps;
    if (!sink)
        return;
    const double bytes = sink->window ? (double)sink->window : RUN_WINDOW;
    const double span = step_bytes(e) * e->block * teams * e->schedule.span;
    const double spans = span > 0 ? bytes / span : 0;
    const double steps = (spans < 1 ? 1 : spans) * e->schedule.span;
    if (steps < (double)e->steps)
        e->window = (uint64_t)steps / e->schedule.span * e->schedule.span;
}

double record_bytes(const struct engine *e, uint32_t teams)
{
    enum { OF_SINK = 16 }; /* what a sink may keep for a trial */
    const double trials = (double)e->result->trials * e->result->chips;
    if (e->options->sink)
        return step_bytes(e) * e->block * teams * (double)e->window +
               OF_SINK * trials * e->options->n_record;
    return step_bytes(e) * trials * (double)e->steps;
}

bool record_make(struct engine *e, struct arena *a)
{
    struct run_result *r = e->result;
    r->n_record = e->options->n_record;
    r->record = arena_alloc(a, r->n_record * sizeof *r->record);
    for (uint32_t i = 0; i < r->n_record; i++) {
        const uint32_t first = record_first(e, i);
        r->record[i].what = e->options->record[i];
        if (e->options->sink)
            continue;
        r->record[i].data = r->record[first].data;
        /* check_memory() has seen to it that the products don't overflow */
        if (first == i)
            r->record[i].data =
                arena_try(a, (size_t)r->chips * r->trials * (size_t)e->steps, record_row(e, i));
        if (!r->record[i].data)
            return false;
    }
    return true;
}

void record_build(const struct engine *e, struct block *b)
{
    const uint32_t n = e->options->n_record;
    b->record = ARENA_ARRAY(&b->arena, void *, n);
    for (uint32_t i = 0; e->options->sink && i < n; i++) {
        const uint32_t first = record_first(e, i);
        b->record[i] = b->record[first];
        if (first == i)
            b->record[i] =
                ARENA_ARRAY(&b->arena, char, e->block *(size_t)e->window *record_row(e, i));
    }
}

/* Of the result, or of what a sink gets. */
static uint64_t first_trial(const struct engine *e, const struct item *it)
{
    return (uint64_t)it->chip * e->result->trials + it->first;
}

void record_enter(const struct engine *e, struct team *t)
{
    for (uint32_t i = 0; !e->options->sink && i < e->options->n_record; i++)
        t->block.record[i] = (char *)e->result->record[i].data +
                             first_trial(e, &t->item) * (size_t)e->steps * record_row(e, i);
}

static bool put(const struct engine *e, const struct team *t, uint32_t record, uint64_t steps)
{
    const struct run_sink *sink = e->options->sink;
    const size_t row = record_row(e, record), n = (size_t)steps * row;
    const uint64_t first = first_trial(e, &t->item);
    const char *from = t->block.record[record];
    if (steps == e->steps) /* trials side by side, as they are in the whole */
        return sink->put(sink->arg, record, first, from, t->item.trials * n);
    bool ok = true;
    for (uint32_t i = 0; ok && i < t->item.trials; i++)
        ok = sink->put(sink->arg, record, first + i, from + i * (size_t)e->window * row, n);
    return ok;
}

void record_leave(struct engine *e, struct team *t, uint32_t part, uint64_t end)
{
    const uint64_t rest = end % e->window, steps = rest ? rest : e->window;
    if (!e->options->sink || (rest && end < e->steps))
        return;
    team_meet(e, t);
    for (uint32_t i = 0; i < e->options->n_record; i++) {
        if (record_first(e, i) % e->parts == part && !put(e, t, i, steps))
            atomic_store(&e->refused, true);
    }
    for (uint32_t i = 0; i < e->options->n_record;
         i++) { /* only spikes that there are are written */
        if (record_first(e, i) == i && i % e->parts == part && e->options->record[i].state < 0)
            memset(t->block.record[i], 0, t->item.trials * (size_t)e->window * record_row(e, i));
    }
}
