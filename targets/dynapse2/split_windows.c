#include "targets/dynapse2/split.h"
#include <math.h>
#include <stdlib.h>

static int by_weight(const void *x, const void *y)
{
    const struct d2_entry *p = x, *q = y;
    if (p->class != q->class)
        return p->class < q->class ? -1 : 1;
    if (p->weight != q->weight)
        return p->weight < q->weight ? -1 : 1;
    return (p->source > q->source) - (p->source < q->source);
}

/* Windows of `size` entries that the classes have room for. */
static uint32_t room_for(const struct d2_entry *entry, uint32_t n, uint32_t size)
{
    uint32_t room = 0;
    for (uint32_t i = 0, begin = 0; i <= n; i++) {
        if (i == n || entry[i].class != entry[begin].class) {
            room += (i - begin) / size;
            begin = i;
        }
    }
    return room;
}

/* Sums of weights, of their squares and of sources before each entry. */
struct sums {
    double *first, *second, *sources;
};

struct cost { /* of windows: those that many sources share are the dearest to merge */
    double sources, error;
};

static struct sums add_up(struct arena *a, const struct d2_entry *entry, uint32_t n)
{
    struct sums s = {ARENA_ARRAY(a, double, n + 1), ARENA_ARRAY(a, double, n + 1),
                     ARENA_ARRAY(a, double, n + 1)};
    for (uint32_t i = 0; i < n; i++) {
        double w = (double)entry[i].weight;
        s.first[i + 1] = s.first[i] + w;
        s.second[i + 1] = s.second[i] + w * w;
        s.sources[i + 1] = s.sources[i] + entry[i].together;
    }
    return s;
}

static bool is_less(struct cost x, struct cost y)
{
    return x.sources != y.sources ? x.sources < y.sources : x.error < y.error;
}

/* With one more window, of the entries [begin, end) at their mean. */
static struct cost add_window(struct cost x, const struct sums *s, uint32_t begin, uint32_t end)
{
    double sum = s->first[end] - s->first[begin];
    double error = s->second[end] - s->second[begin] - sum * sum / (end - begin);
    return (struct cost){x.sources + s->sources[end] - s->sources[begin], x.error + fmax(error, 0)};
}

uint32_t d2_choose_windows(struct arena *a, struct d2_entry *entry, uint32_t n, uint32_t have,
                           uint32_t most, struct d2_window **out)
{
    qsort(entry, n, sizeof *entry, by_weight);
    uint32_t save = n - have, m = (save + most - 2) / (most - 1), size = 0;
    for (; m <= have; m++) {
        size = 1 + (save + m - 1) / m;
        if (room_for(entry, n, size) >= m)
            break;
    }
    if (m > have)
        return 0;
    /* least[k][i]: of k windows among the first i entries; taken[k][i]: the last of them ends at i.
     */
    static const struct cost none = {INFINITY, INFINITY};
    struct sums s = add_up(a, entry, n);
    struct cost *least = ARENA_ARRAY(a, struct cost, (size_t)2 * (n + 1)), *before = least + n + 1;
    bool *taken = ARENA_ARRAY(a, bool, (size_t)(m + 1) * (n + 1));
    for (uint32_t k = 1; k <= m; k++) {
        struct cost *swap = before;
        before = least;
        least = swap;
        least[0] = none;
        for (uint32_t i = 1; i <= n; i++) {
            bool fits = i >= size && entry[i - size].class == entry[i - 1].class;
            struct cost with = fits ? add_window(before[i - size], &s, i - size, i) : none;
            bool better = is_less(with, least[i - 1]);
            taken[(size_t)k * (n + 1) + i] = better;
            least[i] = better ? with : least[i - 1];
        }
    }
    *out = ARENA_ARRAY(a, struct d2_window, m);
    for (uint32_t k = m, i = n; k > 0; i--) {
        if (!taken[(size_t)k * (n + 1) + i])
            continue;
        uint32_t first = i - size;
        double sum = s.first[i] - s.first[first];
        (*out)[--k] = (struct d2_window){first, size, (float)(sum / size)};
        i = first + 1;
    }
    return m;
}
