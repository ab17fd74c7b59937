/* threefry() for many counters: one loop over lanes, compiled for each instruction set. */
#include "cpu.h"
#include "rng.h"

#define ROUND(r) a += b, b = (b << (r) | b >> (32 - (r))) ^ a
#define INJECT(group)                                                                              \
    a += schedule[(group) % 3], b += schedule[((group) + 1) % 3] + (uint32_t)(group)

/* Rounds are written out so that what is left is a loop without inner loops: vector code. */
static inline __attribute__((always_inline)) void
lanes(struct rng_key key, uint32_t c0, uint32_t c1, uint32_t *restrict x0, uint32_t *restrict x1)
{
    const uint32_t schedule[3] = {key.k[0], key.k[1], key.k[0] ^ key.k[1] ^ 0x1bd11bda};
    for (uint32_t i = 0; i < RNG_LANES; i++) {
        uint32_t a = c0 + i + schedule[0], b = c1 + schedule[1];
        ROUND(13), ROUND(15), ROUND(26), ROUND(6), INJECT(1);
        ROUND(17), ROUND(29), ROUND(16), ROUND(24), INJECT(2);
        ROUND(13), ROUND(15), ROUND(26), ROUND(6), INJECT(3);
        ROUND(17), ROUND(29), ROUND(16), ROUND(24), INJECT(4);
        ROUND(13), ROUND(15), ROUND(26), ROUND(6), INJECT(5);
        x0[i] = a;
        x1[i] = b;
    }
}

#if defined __x86_64__
__attribute__((target("avx512f,avx512vl"))) static void
lanes_avx512(struct rng_key key, uint32_t c0, uint32_t c1, uint32_t *x0, uint32_t *x1)
{
    lanes(key, c0, c1, x0, x1);
}

__attribute__((target("avx2"))) static void lanes_avx2(struct rng_key key, uint32_t c0, uint32_t c1,
                                                       uint32_t *x0, uint32_t *x1)
{
    lanes(key, c0, c1, x0, x1);
}
#endif

void threefry_lanes(struct rng_key key, uint32_t c0, uint32_t c1, uint32_t x0[RNG_LANES],
                    uint32_t x1[RNG_LANES])
{
#if defined __x86_64__
    const enum cpu_level level = cpu_level();
    if (level == CPU_AVX512) {
        lanes_avx512(key, c0, c1, x0, x1);
        return;
    }
    if (level == CPU_AVX2) {
        lanes_avx2(key, c0, c1, x0, x1);
        return;
    }
#endif
    lanes(key, c0, c1, x0, x1);
}
