/* Random event-driven networks of integrate-and-fire neurons, with events to run them on: maps and
 * layers of odd sizes, convolutions of any kernel, stride, padding and pool, rows of synapses,
 * sensors, layers with several connections; whole numbers, also near the ends of 16 bits, and
 * others. */
#ifndef TESTS_RANDOM_EVENTS_H
#define TESTS_RANDOM_EVENTS_H

#include "tests/unit/run_fixture.h"

enum { RANDOM_TRIALS = 3, RANDOM_STEPS = 60 };

/* Fills f->p, f->s and the trials of f->o in. */
void random_events_make(struct run_fixture *f, uint64_t seed);

/* Fills f->s and the trials of f->o in for the inputs of f->p. */
void random_events_play(struct run_fixture *f, uint64_t seed);

#endif
