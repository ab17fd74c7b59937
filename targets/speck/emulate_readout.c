/* The readout: a running average of each class, and the largest one. */
#include "targets/speck/emulate_chip.h"

void speck_readout_reset(struct speck_readout *r, const struct speck_readout_config *c)
{
    *r = (struct speck_readout){.c = c};
}

bool speck_readout_event(struct speck_readout *r, uint32_t f, uint32_t y, uint32_t x)
{
    if (!r->c->enable || f % 4 || f / 4 >= SPECK_READOUT_CLASSES || y || x)
        return false;
    r->now[f / 4]++;
    return true;
}

bool speck_readout_tick(struct speck_readout *r)
{
    const uint32_t n = r->c->low_pass_filter_disable ? 1 : r->c->low_pass_filter32_not16 ? 32 : 16;
    uint64_t best = 0, all = 0;
    uint32_t winner = 0;
    r->at = (r->at + SPECK_READOUT_TICKS - 1) % SPECK_READOUT_TICKS;
    for (uint32_t k = 0; k < SPECK_READOUT_CLASSES; k++) {
        uint64_t sum = 0;
        r->past[r->at][k] = r->now[k];
        r->now[k] = 0;
        for (uint32_t i = 0; i < SPECK_READOUT_TICKS; i++) {
            const uint32_t events = r->past[(r->at + i) % SPECK_READOUT_TICKS][k];
            sum += i < n ? events : 0;
            all += events;
        }
        if (sum > best && sum >= (uint64_t)r->c->threshold * n) {
            best = sum;
            winner = k + 1;
        }
    }
    r->winner = winner;
    return all > 0;
}
