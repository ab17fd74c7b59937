#include "targets/dynapse2/spread.h"
#include <string.h>

void d2_spread_init(struct arena *a, const struct d2_problem *p, uint32_t n_units,
                    struct d2_spread *out)
{
    *out = (struct d2_spread){.n_units = n_units};
    out->first = ARENA_ARRAY(a, uint64_t, (size_t)p->n_sources + 1);
    out->n = ARENA_ARRAY(a, uint16_t, p->n_sources);
    for (uint32_t s = 0; s < p->n_sources; s++) {
        uint64_t n = p->first_cell[s + 1] - p->first_cell[s];
        out->first[s + 1] = out->first[s] + (n < n_units ? n : n_units);
    }
    out->heard = ARENA_ARRAY(a, struct d2_heard, out->first[p->n_sources]);
}

void d2_spread_copy(struct arena *a, const struct d2_problem *p, const struct d2_spread *from,
                    struct d2_spread *to)
{
    *to = *from;
    to->n = ARENA_ARRAY(a, uint16_t, p->n_sources);
    to->heard = ARENA_ARRAY(a, struct d2_heard, from->first[p->n_sources]);
    memcpy(to->n, from->n, p->n_sources * sizeof *to->n);
    memcpy(to->heard, from->heard, from->first[p->n_sources] * sizeof *to->heard);
}

void d2_spread_add(struct d2_spread *s, uint32_t source, uint32_t unit)
{
    struct d2_heard *h = &s->heard[s->first[source]];
    if (d2_spread_is_dense(s, source)) {
        s->n[source] = (uint16_t)(s->n[source] + (h[unit].cells == 0));
        h[unit].cells++;
        return;
    }
    uint32_t i = 0;
    while (i < s->n[source] && h[i].unit != unit)
        i++;
    if (i == s->n[source])
        h[s->n[source]++] = (struct d2_heard){(uint16_t)unit, 0};
    h[i].cells++;
}

void d2_spread_remove(struct d2_spread *s, uint32_t source, uint32_t unit)
{
    struct d2_heard *h = &s->heard[s->first[source]];
    if (d2_spread_is_dense(s, source)) {
        h[unit].cells--;
        s->n[source] = (uint16_t)(s->n[source] - (h[unit].cells == 0));
        return;
    }
    uint32_t i = 0;
    while (h[i].unit != unit)
        i++;
    if (--h[i].cells == 0)
        h[i] = h[--s->n[source]];
}
