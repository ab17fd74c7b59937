/* A Speck doing what its configuration says, event by event. It knows no network: events come in at
 * a core, the readout or the sensor's pre-processing, and spikes come out where the monitor sees
 * them. Nothing of it is shared with the engine or the passes but config.h and limits.h.
 *
 * All that wants to be served stands in one queue, first in, first out: a spike is put there once
 * for each destination of its core, in the order of the slots, behind a pool that shifts addresses.
 * A core serves an event by its outputs row-major, features innermost. Real cores work at the same
 * time, so that only the order of what causes what is certain [B].
 *
 * What no public document says [?]: a tick of a clock comes before the events of its microsecond;
 * the internal clock's tick comes before the event of the sensor that completes it; ticks of both
 * clocks go through the cores in ascending order; of the decimator's N spikes the last one leaves;
 * the readout tells its winner when that changes, the lowest of equal ones, 0 where no average is
 * above 0 and at the threshold; class n is feature 4 * (n - 1) at (0, 0). The rest is in struct
 * speck_choices. Left out are the congestion balancer (time stands still while a core works), the
 * filter of the sensor and the readout's other modes, whose workings aren't public. */
#ifndef SPECK_EMULATE_CHIP_H
#define SPECK_EMULATE_CHIP_H

#include "targets/speck/config.h"

enum {
    SPECK_RAW = 15,            /* in place of a layer: the sensor's events as they are */
    SPECK_LAYERS = 16,         /* ids of layers */
    SPECK_MAX_CLOCK = 1000000, /* Hz: of the external slow clock, as fast as events */
    SPECK_READOUT_TICKS = 32,  /* of the longest average */
};

struct speck_event {
    int64_t t; /* microseconds */
    uint8_t layer;
    uint16_t feature, y, x; /* of the sensor the feature is the polarity */
};

/* What is open [?] or not in the configuration. Zeros: the defaults. */
struct speck_choices {
    double slow_clock;        /* of the external slow clock, Hz; 0: it stands still */
    bool leak_fires;          /* a leak that reaches the threshold makes a neuron fire */
    bool border_kept;         /* pixels outside of whole areas of a pool reach its destination */
    bool monitor_undecimated; /* the monitor sees spikes that the decimator holds back */
};

/* What a real chip does without a word. */
enum speck_loss {
    SPECK_BORDER,     /* spikes of this layer that a pool drops, by destination */
    SPECK_NO_FEATURE, /* events that come to a feature that this layer doesn't have */
    SPECK_NO_NEURON,  /* events that meet no neuron of this layer */
    SPECK_SATURATED,  /* sums of this layer that were held at SPECK_MAX_STATE */
    SPECK_LOSSES
};

/* Takes what comes out: a spike as it leaves its core, before pool and shift; what comes out of
 * the pre-processing (layer SPECK_DVS), the sensor's own events (SPECK_RAW), winners of the
 * readout (SPECK_READOUT, the class in `feature`). `monitored`: a board's host sees it too. False:
 * no more is wanted, which is what ends cores that excite each other for ever. */
struct speck_ear {
    bool (*hears)(void *arg, const struct speck_event *e, bool monitored);
    void *arg;
};

struct speck_virtual;

/* NULL: there is no memory for it. It lives in the arena, and needs `c` and `o`. */
struct speck_virtual *speck_virtual_new(struct arena *a, const struct speck_config *c,
                                        const struct speck_choices *o);
/* Initial states, time 0, nothing lost yet that wasn't before. */
void speck_virtual_reset(struct speck_virtual *s);

/* Time goes on to t (microseconds, never back), with the ticks on the way and all that follows from
 * them. False, here and below: the ear wants no more. */
bool speck_virtual_pass(struct speck_virtual *s, int64_t t, const struct speck_ear *ear);
/* Something comes from outside; it has the time that it is. */
void speck_virtual_post(struct speck_virtual *s, const struct speck_event *e);
/* All that was posted, and what follows from it. */
bool speck_virtual_serve(struct speck_virtual *s, const struct speck_ear *ear);

int32_t speck_virtual_state(const struct speck_virtual *s, uint32_t core, uint32_t f, uint32_t y,
                            uint32_t x);
/* Losses since speck_virtual_new(), [layer][loss]. */
const uint64_t *speck_virtual_losses(const struct speck_virtual *s);

/* ---- emulate_readout.c ---- */

struct speck_readout { /* the readout block */
    const struct speck_readout_config *c;
    uint32_t now[SPECK_READOUT_CLASSES];                       /* events since the last tick */
    uint32_t past[SPECK_READOUT_TICKS][SPECK_READOUT_CLASSES]; /* of the ticks before */
    uint32_t at;                                               /* the oldest of them */
    uint32_t winner;
};

void speck_readout_reset(struct speck_readout *r, const struct speck_readout_config *c);
/* False: no class has that address. */
bool speck_readout_event(struct speck_readout *r, uint32_t f, uint32_t y, uint32_t x);
/* False: without events further ticks change nothing. */
bool speck_readout_tick(struct speck_readout *r);

#endif
