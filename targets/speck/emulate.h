/* The virtual chip: an image for a Speck, run by what its configuration says alone. emulate_chip.h
 * is the chip; here it becomes the device of a plan (runtime/event_device.h), whose kernels and
 * weights are then for showing only. */
#ifndef SPECK_EMULATE_H
#define SPECK_EMULATE_H

#include "runtime/event_device.h"
#include "targets/speck/emulate_chip.h"
#include "targets/target.h"

/* As struct target documents it. */
bool speck_emulate(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                   struct diags *d);

/* The device of a configuration for a plan whose layers and inputs are where `m` says: its layers
 * are the maps of their cores. Everything stays as long as the device. */
struct event_device *speck_device_new(struct arena *a, const struct speck_config *c,
                                      const struct speck_maps *m, const struct plan *p);

/* ---- emulate_findings.c ---- */

/* Tallies of a device: speck_virtual_losses(), then what each input loses at its pools. */
uint32_t speck_n_tallies(const struct plan *p);
uint32_t speck_loss_tally(uint32_t layer, enum speck_loss loss);
uint32_t speck_input_tally(uint32_t input);

void speck_findings(const struct speck_config *c, const struct speck_maps *m, const struct plan *p,
                    struct findings *out);

#endif
