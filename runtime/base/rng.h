/* Counter-based random numbers: Threefry-2x32, 20 rounds (Salmon et al. 2011, Random123).
 *
 * Nothing has a state: a number is a function of its key and counter, so results don't depend on
 * order, threads or machine. Keys derive from (seed, trial) and counters from (channel, step) or an
 * element's index. The jax_* functions reproduce jax 0.4's default generator
 * (jax_threefry_partitionable = False), which frozen mismatch needs bit for bit. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng_key {
    uint32_t k[2];
};

/* out = threefry2x32(key, counter). */
void threefry(struct rng_key key, uint32_t c0, uint32_t c1, uint32_t out[2]);

enum { RNG_LANES = 32 };

/* threefry() of RNG_LANES counters side by side, as fast as the processor can: outputs of counter
 * (c0 + i, c1) are x0[i] and x1[i]. */
void threefry_lanes(struct rng_key key, uint32_t c0, uint32_t c1, uint32_t x0[RNG_LANES],
                    uint32_t x1[RNG_LANES]);

/* n words: counters 0..n-1 (padded to even), first half x0, second half x1, outputs x0 | x1. */
void jax_bits(struct rng_key key, size_t n, uint32_t *out);
/* jax.random.split(key, m): out[0..m). */
void jax_split(struct rng_key key, size_t m, struct rng_key *out);
/* jax.random.normal(key, (n,), float32), to the bit (XLA's erfinv with its fused operations). XLA
 * fuses what follows too: a deviated parameter is fmaf(sigma * g, old, old). */
void jax_normal(struct rng_key key, size_t n, float *out);

/* The language's own draws, element `index` of a stream; float64. */
double rng_uniform(uint64_t seed, uint64_t index); /* [0, 1), 53 bits */
double rng_normal(uint64_t seed, uint64_t index);  /* mean 0, sd 1 */

#endif
