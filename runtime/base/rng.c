#include "rng.h"
#include "hash.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

static uint32_t rotl(uint32_t x, unsigned r)
{
    return x << r | x >> (32 - r);
}

void threefry(struct rng_key key, uint32_t c0, uint32_t c1, uint32_t out[2])
{
    static const unsigned rotation[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    const uint32_t schedule[3] = {key.k[0], key.k[1], key.k[0] ^ key.k[1] ^ 0x1bd11bda};
    uint32_t x0 = c0 + schedule[0], x1 = c1 + schedule[1];
    for (uint32_t group = 1; group <= 5; group++) {
        for (unsigned i = 0; i < 4; i++) {
            x0 += x1;
            x1 = rotl(x1, rotation[(group - 1) & 1][i]) ^ x0;
        }
        x0 += schedule[group % 3];
        x1 += schedule[(group + 1) % 3] + group;
    }
    out[0] = x0;
    out[1] = x1;
}

/* Natural logarithm of a positive normal number (fdlibm's method). A C library's log may differ in
 * the last bit from machine to machine; this one consists of operations that IEEE 754 defines
 * exactly. */
static double portable_log(double x)
{
    const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    int e;
    double m = frexp(x, &e); /* [0.5, 1) */
    if (m < 0.70710678118654752440) {
        m *= 2;
        e--;
    }
    double f = m - 1, s = f / (2 + f), z = s * s, w = z * z;
    double odd =
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01);
    double even = 6.666666666666735130e-01 +
                  w * (2.857142874366239149e-01 +
                       w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01));
    double r = w * odd + z * even, half = 0.5 * f * f;
    return e * ln2_high - ((half - (s * (half + r) + e * ln2_low)) - f);
}

/* ---- as jax 0.4 does it ------------------------------------------------------------------------
 */

/* Word i of the n that jax_bits() makes. */
static uint32_t jax_word(struct rng_key key, size_t n, size_t i)
{
    size_t half = (n + 1) / 2;
    size_t first = i < half ? i : i - half;
    size_t second = first + half < n ? first + half : 0; /* the padding of an odd n */
    uint32_t out[2];
    threefry(key, (uint32_t)first, (uint32_t)second, out);
    return out[i >= half];
}

void jax_bits(struct rng_key key, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = jax_word(key, n, i);
}

void jax_split(struct rng_key key, size_t m, struct rng_key *out)
{
    for (size_t i = 0; i < 2 * m; i++)
        out[i / 2].k[i % 2] = jax_word(key, 2 * m, i);
}

/* Inverse error function in float32 (M. Giles, "Approximating the erfinv function", 2010): the
 * polynomials and the order of operations of XLA, which contracts them to fma. */
static float erfinv32(float x)
{
    static const float central[9] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                                     -4.39150654e-06f, 0.00021858087f,  -0.00125372503f,
                                     -0.00417768164f,  0.246640727f,    1.50140941f};
    static const float tail[9] = {-0.000200214257f, 0.000100950558f, 0.00134934322f,
                                  -0.00367342844f,  0.00573950773f,  -0.0076224613f,
                                  0.00943887047f,   1.00167406f,     2.83297682f};
    float w = -(float)portable_log(1 + (double)(-x * x));
    bool near = w < 5;
    w = near ? w - 2.5f : sqrtf(w) - 3;
    const float *c = near ? central : tail;
    float p = c[0];
    for (unsigned i = 1; i < 9; i++)
        p = fmaf(p, w, c[i]);
    return p * x;
}

void jax_normal(struct rng_key key, size_t n, float *out)
{
    const float lo = nextafterf(-1, 0);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = jax_word(key, n, i) >> 9 | 0x3f800000;
        float f;
        memcpy(&f, &bits, sizeof f);
        f -= 1; /* [0, 1) */
        float v = f * (1 - lo) + lo;
        out[i] = 1.41421356f * erfinv32(v > lo ? v : lo);
    }
}

/* ---- the language's own draws ------------------------------------------------------------------
 */

static uint64_t bits64(uint64_t seed, uint64_t index)
{
    struct rng_key key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    uint32_t out[2];
    threefry(key, (uint32_t)index, (uint32_t)(index >> 32), out);
    return (uint64_t)out[1] << 32 | out[0];
}

double rng_uniform(uint64_t seed, uint64_t index)
{
    return (double)(bits64(seed, index) >> 11) * 0x1p-53;
}

static double polynomial(const double c[8], double x)
{
    double p = c[7];
    for (unsigned i = 7; i-- > 0;)
        p = p * x + c[i];
    return p;
}

/* The quantile function of the normal distribution for 0 < p < 1, relative error about 1e-16
 * (Wichura 1988, algorithm AS 241, PPND16). */
static double normal_quantile(double p)
{
    static const double a[2][8] = {
        {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
         1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
         3.3430575583588128105e4, 2.5090809287301226727e3},
        {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
         2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
         5.2264952788528545610e3}};
    static const double c[2][8] = {
        {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
         3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
         2.27238449892691845833e-2, 7.74545014278341407640e-4},
        {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
         1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
         1.05075007164441684324e-9}};
    static const double e[2][8] = {
        {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
         2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
         2.71155556874348757815e-5, 2.01033439929228813265e-7},
        {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
         7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
         2.04426310338993978564e-15}};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a[0], r) / polynomial(a[1], r);
    }
    double r = sqrt(-portable_log(q < 0 ? p : 1 - p)), x;
    if (r <= 5)
        x = polynomial(c[0], r - 1.6) / polynomial(c[1], r - 1.6);
    else
        x = polynomial(e[0], r - 5) / polynomial(e[1], r - 5);
    return q < 0 ? -x : x;
}

double rng_normal(uint64_t seed, uint64_t index)
{
    /* Another stream than rng_uniform() of the same seed. 52 bits and a half keep off 0 and 1. */
    uint64_t bits = bits64(hash_u64(seed), index) >> 12;
    return normal_quantile(((double)bits + 0.5) * 0x1p-52);
}
