/* Relays: neurons of the chip that pass events on. What arrives in a step leaves in the same step,
 * so it reaches its targets one step later than without the relay.
 *
 * A relay is a neuron of the model that it helps, at currents of its own, and so on cores of its
 * own. Its synapse is charged and gone within a fraction of the time step, one event lifts the
 * membrane over a low threshold, the refractory period lasts for the rest of the pulse. All events
 * of one step together are one pulse of that many times the current: a relay doesn't count them.
 *
 * The currents follow from the time step and the silicon's capacitances; the weight is found by
 * running the model itself, so any model that is bound to the device parameters can relay if it
 * behaves like the neuron of the chip. */
#ifndef DYNAPSE2_RELAY_H
#define DYNAPSE2_RELAY_H

#include "compiler/net/net.h"

struct d2_relay {
    struct model *model;
    const struct net_column *column; /* one for each parameter: all uniform */
    uint32_t receptor;               /* that it hears with */
    float weight;                    /* of what it hears: one event makes one spike */
    double margin;   /* it still does with this many times as much or as little current */
    uint32_t period; /* steps after an event until it takes the next one; 1: in every step */
};

/* A relay for neurons of the layer. False: its model can't relay (E0602). */
bool d2_relay_find(struct arena *a, const struct net *n, uint32_t layer, struct d2_relay *out,
                   struct diags *d);

/* A layer of so many relays with the name that net_helper_name() gives. */
uint32_t d2_relay_layer(struct net *n, const struct d2_relay *r, const char *prefix,
                        uint32_t helped, uint32_t count);

/* Synapses of weight 0 are those that went to relays: takes them out, and connections that had no
 * others. */
void d2_drop_moved(struct net *n);

/* Whether the layer is of such relays, whether two are the same: then they can share cores. */
bool d2_is_relay(const struct d2_relay *r, const struct net_layer *l);
bool d2_same_relays(const struct d2_relay *r, const struct d2_relay *q);

#endif
