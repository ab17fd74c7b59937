#include "targets/dynapse2/tags.h"
#include <string.h>

enum { WORDS = D2_TAGS / 64 };

void d2_tags_init(struct d2_tags *t)
{
    *t = (struct d2_tags){0};
    memset(t->word[D2_ALL_CORES], 0xff, sizeof t->word[D2_ALL_CORES]);
}

void d2_tags_take(struct d2_tags *t, uint32_t tag, uint32_t cores)
{
    uint64_t bit = (uint64_t)1 << tag % 64;
    for (uint32_t f = 0; f <= D2_ALL_CORES; f++) {
        if (!(t->word[f][tag / 64] & bit))
            continue;
        t->word[f][tag / 64] &= ~bit;
        t->word[f & ~cores][tag / 64] |= bit;
        return;
    }
}

bool d2_tags_are_free(const struct d2_tags *t, uint32_t tag, uint32_t cores)
{
    for (uint32_t f = 0; f <= D2_ALL_CORES; f++) {
        if (t->word[f][tag / 64] >> tag % 64 & 1)
            return (f & cores) == cores;
    }
    return false;
}

/* The lowest tag of a set; D2_TAGS: it is empty. */
static uint32_t lowest(const uint64_t word[WORDS])
{
    for (uint32_t w = 0; w < WORDS; w++) {
        if (!word[w])
            continue;
        uint32_t bit = 0;
        while (!(word[w] >> bit & 1))
            bit++;
        return w * 64 + bit;
    }
    return D2_TAGS;
}

uint32_t d2_tags_find(const struct d2_tags *t, uint32_t cores)
{
    uint32_t best = D2_TAGS;
    for (uint32_t n = d2_count_cores(cores); n <= D2_CORES && best == D2_TAGS; n++) {
        for (uint32_t f = cores; f <= D2_ALL_CORES; f++) {
            if ((f & cores) != cores || d2_count_cores(f) != n)
                continue;
            uint32_t tag = lowest(t->word[f]);
            best = tag < best ? tag : best;
        }
    }
    return best;
}

uint32_t d2_tags_find_some(const struct d2_tags *t, uint32_t *cores)
{
    for (uint32_t n = d2_count_cores(*cores); n > 0; n--) {
        for (uint32_t some = 1; some <= D2_ALL_CORES; some++) {
            if ((some & *cores) != some || d2_count_cores(some) != n)
                continue;
            uint32_t tag = d2_tags_find(t, some);
            if (tag < D2_TAGS) {
                *cores = some;
                return tag;
            }
        }
    }
    *cores = 0;
    return D2_TAGS;
}
