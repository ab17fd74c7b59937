/* What expressions are worth: numbers with a dimension, booleans, strings, arrays of the first two.
 *
 * A scalar needs no memory of its own. Numbers are float64 in SI units; booleans are 0 and 1, also
 * in arrays. Arrays are row-major, never changed once they are part of a value, and live in the
 * arena that their maker was given. */
#ifndef COMPILER_VALUE_H
#define COMPILER_VALUE_H

#include "lang/unit.h"
#include "runtime/base/arena.h"
#include "runtime/base/npy.h"

enum { VALUE_MAX_RANK = 8, VALUE_MAX_EXTENT = INT32_MAX, VALUE_MAX_ARGS = 3 };

struct shape {
    uint32_t rank;
    uint32_t extent[VALUE_MAX_RANK];
};

/* Large arrays of bytes from files stay bytes until somebody asks for numbers: a raster of them is
 * never asked. */
struct array_file {
    struct arena *arena; /* of the numbers */
    struct npy npy;
    double *v; /* NULL until wanted */
};

struct array {
    struct shape shape;
    uint32_t n;              /* product of the extents, at most VALUE_MAX_EXTENT */
    double *v;               /* row-major; through array_values() where the array isn't one's own */
    struct array_file *file; /* NULL for most; then v is NULL */
};

enum value_kind {
    V_POISON, /* an error was reported: swallow it */
    V_NUMBER,
    V_BOOL,
    V_STRING,
    V_RECORDS, /* a numpy array with fields, for events() */
    V_RANDOM,  /* random numbers that don't know their shape yet: compiler/random.c */
    V_MEMBERS, /* several values with names, of any of these kinds */
};

struct random;
struct members;

struct value {
    enum value_kind kind;
    struct dim dim;
    const struct array *array; /* NULL: a scalar */
    union {
        double number;
        const char *string;
        const struct npy *records;
        const struct random *random;
        const struct members *members;
    };
};

struct members {
    uint32_t n;
    const char **name; /* interned */
    struct value *value;
};

struct value value_number(double x);
struct value value_quantity(double x, struct dim dim);
struct value value_bool(bool x);
struct value value_of_array(enum value_kind kind, struct dim dim, const struct array *a);

/* The value's shape; rank 0 for a scalar. */
struct shape value_shape(const struct value *v);
/* Element i; any i of a scalar. */
double value_at(const struct value *v, uint32_t i);

bool shape_eq(const struct shape *a, const struct shape *b);
/* Product of the extents; 0 if it exceeds VALUE_MAX_EXTENT. */
uint32_t shape_count(const struct shape *s);
/* Joins b into a as numpy broadcasts. False: they don't match. */
bool shape_broadcast(struct shape *a, const struct shape *b);
void shape_text(struct buf *out, const struct shape *s); /* "[2, 60]" */

/* A zeroed array; NULL if it has too many elements or memory can't be had. */
struct array *array_new(struct arena *a, const struct shape *s);

const double *array_values(const struct array *a);

/* One element of a result from one element of each operand. */
typedef double value_fn(const double *x);

enum value_map { MAP_DONE, MAP_SHAPES, MAP_MEMORY };

/* fn for each element of n (1 to VALUE_MAX_ARGS) operands, broadcast; a scalar from scalars. Sets
 * number or array of *out; kind and dimension are the caller's. */
enum value_map value_map(struct arena *a, value_fn *fn, const struct value *arg, uint32_t n,
                         struct value *out);

/* "a boolean", "an array of numbers [2, 60]", ... for messages. */
void value_describe(struct buf *out, const struct value *v);

#endif
