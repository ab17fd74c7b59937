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

/* Sums of weights and of their squares before each entry. */
struct sums {
    double *first, *second;
};

static struct sums add_up(struct arena *a, const struct d2_entry *entry, uint32_t n)
{
    struct sums s = {ARENA_ARRAY(a, double, n + 1), ARENA_ARRAY(a, double, n + 1)};
    for (uint32_t i = 0; i < n; i++) {
        double w = (double)entry[i].weight;
        s.first[i + 1] = s.first[i] + w;
        s.second[i + 1] = s.second[i] + w * w;
    }
    return s;
}

/* Squared errors of the entries [begin, end) at their mean. */
static double error_of(const struct sums *s, uint32_t begin, uint32_t end)
{
    double sum = s->first[end] - s->first[begin];
    return fmax(s->second[end] - s->second[begin] - sum * sum / (end - begin), 0);
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
    struct sums s = add_up(a, entry, n);
    double *least = ARENA_ARRAY(a, double, (size_t)2 * (n + 1)), *before = least + n + 1;
    bool *taken = ARENA_ARRAY(a, bool, (size_t)(m + 1) * (n + 1));
    for (uint32_t k = 1; k <= m; k++) {
        double *swap = before;
        before = least;
        least = swap;
        least[0] = INFINITY;
        for (uint32_t i = 1; i <= n; i++) {
            bool fits = i >= size && entry[i - size].class == entry[i - 1].class;
            double with = fits ? before[i - size] + error_of(&s, i - size, i) : INFINITY;
            taken[(size_t)k * (n + 1) + i] = with < least[i - 1];
            least[i] = fmin(with, least[i - 1]);
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
